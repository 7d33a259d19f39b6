"""The ``smartspawn`` command: a thin client of the HTTP API. Nothing here imports Django."""
