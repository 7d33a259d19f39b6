"""Chains: work in stages that a caller writes down, or that is put together for a task."""
