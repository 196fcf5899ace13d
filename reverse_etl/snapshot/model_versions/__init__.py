"""What shows that neither a model nor its sync snapshot changed since they were last compared."""
