"""Parts of the report of a plan."""
