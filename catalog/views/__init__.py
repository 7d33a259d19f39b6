"""The catalog's pages, one module per subject; each view parses, asks, and renders."""
