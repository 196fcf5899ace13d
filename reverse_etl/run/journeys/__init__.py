"""What a run may start at the destination by itself."""
