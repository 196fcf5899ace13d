"""The memory of one Iterable project, and the file that keeps it."""
