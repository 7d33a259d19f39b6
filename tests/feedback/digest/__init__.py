"""The week in short."""
