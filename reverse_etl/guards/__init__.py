"""Guards: checks that can stop a run before it sends."""
