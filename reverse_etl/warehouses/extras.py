"""Extras: what has to be installed for a warehouse; knows which modules are missing, and not what they do."""

from __future__ import annotations

from importlib.util import find_spec

from reverse_etl.errors import ConfigError


def missing_driver(warehouse: str, module: str | None) -> ConfigError:
    """The extra of a warehouse, whose name is the warehouse's, is not installed."""
    return ConfigError(
        "missing-extra",
        f"the dbt target is {warehouse}, and its driver is not installed",
        context={"missing": module},
        hint=f'Install it: pip install "reverse-etl[{warehouse.lower()}]"',
    )


def require(warehouse: str, *modules: str) -> None:
    """Miss at once what a run needs only later; nothing is imported. Raises ConfigError."""
    missing = next((module for module in modules if find_spec(module) is None), None)
    if missing is not None:
        raise missing_driver(warehouse, missing)
