"""What monitoring is told."""
