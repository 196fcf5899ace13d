"""The sandbox's HTML pages. They change nothing."""
