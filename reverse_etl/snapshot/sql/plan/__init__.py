"""SQL that writes the plan of a run."""
