"""Guards on where rows go: the dbt target, the relation they come from and the destination they go to."""
