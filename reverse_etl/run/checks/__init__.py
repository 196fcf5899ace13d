"""Checks: what is found out about a sync before it sends: guards, dbt's results, fields, an earlier name."""
