"""Guards on what the rows of a run hold."""
