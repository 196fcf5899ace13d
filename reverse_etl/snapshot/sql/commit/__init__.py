"""SQL that writes what a run or a baseline did into the sync snapshot."""
