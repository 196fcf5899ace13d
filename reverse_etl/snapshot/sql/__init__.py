"""SQL that compares a model with its sync snapshot and commits a run. These files build SQL and run nothing."""
