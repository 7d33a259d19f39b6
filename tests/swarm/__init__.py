"""The port of Swarm's daemon."""
