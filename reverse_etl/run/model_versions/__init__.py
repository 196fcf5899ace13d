"""Runs that do not compare, because the table of the model has not changed since the last comparison."""
