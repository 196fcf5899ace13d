"""The endpoints for lists and their members."""
