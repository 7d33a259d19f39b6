"""The port of Swarm's daemon: its addresses and shapes in front of this site, for programs on this machine."""
