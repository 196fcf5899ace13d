"""What a comparison counted: rows by kind, changes by field, and fields whose values drifted."""
