"""Connecting other programs."""
