"""How other programs are connected to this site: configuration to copy, and a text that teaches agents."""
