"""Guards of the first run of a sync."""
