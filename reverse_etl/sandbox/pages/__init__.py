"""The HTML pages of the sandbox. They change nothing."""
