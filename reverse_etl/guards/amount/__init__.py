"""Guards on how many rows a run would send or remove."""
