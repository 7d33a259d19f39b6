"""Runs in the words of Swarm's daemon."""
