"""Changes to stored state on request: accept a destination, migrate, reset. They send nothing."""
