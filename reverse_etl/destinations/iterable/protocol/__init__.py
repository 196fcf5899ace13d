"""Iterable's HTTP API: the client, and what its replies mean."""
