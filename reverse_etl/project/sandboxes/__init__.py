"""Sandboxes that stand in for the destinations of a project."""
