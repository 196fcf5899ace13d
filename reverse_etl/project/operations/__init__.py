"""What can be done with a project: one file for each kind of operation."""
