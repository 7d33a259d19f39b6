"""How the default bundle came to be: data, checks, training. Never needed to run."""
