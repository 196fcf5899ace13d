"""Iterable's endpoints, in groups. An endpoint checks a request, changes the project, and builds the reply."""
