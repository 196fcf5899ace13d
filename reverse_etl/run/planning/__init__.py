"""Planning: what a run of a sync would do, found out by reading alone."""
