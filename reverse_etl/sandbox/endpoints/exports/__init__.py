"""The endpoints that export users and events, at once or as jobs."""
