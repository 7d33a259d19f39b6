"""Where calls can go, and what they cost there."""
