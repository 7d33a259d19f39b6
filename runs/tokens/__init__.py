"""How many tokens a request will take, on the safe side."""
