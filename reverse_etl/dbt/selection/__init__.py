"""dbt's selection language: `--select` and `--exclude`."""
