"""One dbt project with its syncs, target, settings and connections, as a command or an orchestrator needs it."""
