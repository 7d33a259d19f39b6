"""The week in short: what was done, spent, saved and thought of it, beside the week before."""
