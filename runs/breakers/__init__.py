"""Circuit breakers: places that keep failing are left alone for a while."""
