"""Tools that nodes use beside models: searching the web and fetching pages."""
