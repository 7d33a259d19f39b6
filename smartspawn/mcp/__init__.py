"""The face for agents that speak the Model Context Protocol: over HTTP at /mcp, and over stdio (``manage.py mcp``)."""
