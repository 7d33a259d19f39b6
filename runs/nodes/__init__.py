"""Doing one node, from what it needs to what it brought and cost."""
