"""The endpoints for static lists and their members."""
