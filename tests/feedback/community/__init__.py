"""The community: reports without names, robust scores, sharing, import and export."""
