"""Reads what dbt wrote: manifest, run results, project and profile. Opens no connection and never imports dbt."""
