"""Driving runs: who does it, in which order nodes start, how a run ends, what happens after a crash."""
