"""Which extra to install for a warehouse. Only knows whether modules are missing."""

from __future__ import annotations

from importlib.util import find_spec

from reverse_etl.errors import ConfigError


def missing_driver(warehouse: str, module: str | None) -> ConfigError:
    """Return the error of a missing extra, which has the name of its warehouse."""
    return ConfigError(
        "missing-extra",
        f"the dbt target is {warehouse}, but its driver is not installed",
        context={"missing": module},
        hint=f'Install it: pip install "reverse-etl[{warehouse.lower()}]"',
    )


def require(warehouse: str, *modules: str) -> None:
    """Check for modules that a run needs only later; imports nothing. Raises ConfigError."""
    missing = next((module for module in modules if find_spec(module) is None), None)
    if missing is not None:
        raise missing_driver(warehouse, missing)
