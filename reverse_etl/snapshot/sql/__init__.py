"""Builds SQL that compares a model with its sync snapshot and commits a run. Runs nothing."""
