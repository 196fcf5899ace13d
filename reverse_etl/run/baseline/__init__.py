"""A baseline takes rows as already accepted. Each way to find these rows is an Adopter."""
