"""A run's nodes in memory: which may start, what they grow into, how many at once. All pure."""
