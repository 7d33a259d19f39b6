"""What people of other sites say: shared by who wants to, counted without names, and weighed with care."""
