"""Lists, catalogs, channels and message types: found by id or name, created if allowed."""
