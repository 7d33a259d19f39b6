"""Programs of other makers against this site, as they come from their registries."""
