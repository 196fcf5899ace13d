"""The state of one Iterable project, and the file that stores it."""
