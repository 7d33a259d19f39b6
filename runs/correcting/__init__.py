"""Charges that nobody is sure of: asked of providers, put right by admins."""
