"""The columns of the rows of one sync, in its model and in its sync snapshot."""
