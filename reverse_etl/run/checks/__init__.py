"""Checks of a sync before it sends: guards, dbt's results, fields, an earlier name."""
