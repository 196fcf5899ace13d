"""A second destination, so that nothing but its own folder has to know a vendor."""
