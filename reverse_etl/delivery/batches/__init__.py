"""Changes that go in one request each."""
