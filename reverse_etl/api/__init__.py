"""The Python API: everything a command or an orchestrator can do with a dbt project."""
