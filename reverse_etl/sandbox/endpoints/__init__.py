"""One file per group of Iterable endpoints: checks a request, changes the project, builds the reply."""
