"""Plans: one pure function for each mode, from a request to nodes. What they need to know stands on the desk."""
