"""The endpoints for users: updates, changed identifiers, deletions, reads."""
