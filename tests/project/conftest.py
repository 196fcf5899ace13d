"""The dbt project, the DuckDB file and the sandbox of the command line's tests."""

from tests.cli.conftest import people, sandbox, shop

__all__ = ["people", "sandbox", "shop"]
