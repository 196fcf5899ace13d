"""Reads dbt's flag `--vars`: YAML with one value for each name."""

from __future__ import annotations

from collections.abc import Mapping

from reverse_etl.documents import UnreadableError, parse_yaml
from reverse_etl.errors import ConfigError


def read_variables(text: str | None) -> Mapping[str, object]:
    """Return the variables by name; none if the flag was not given. Raises ConfigError, which quotes no value."""
    if text is None:
        return {}
    try:
        variables = parse_yaml(text)
    except UnreadableError as error:
        raise _wrong(str(error)) from None
    if not isinstance(variables, dict):
        raise _wrong("does not hold names with values")
    return {str(name): value for name, value in variables.items()}


def _wrong(reason: str) -> ConfigError:
    return ConfigError(
        "wrong-vars",
        f"the value of `--vars` {reason}",
        context={"flag": "--vars"},
        hint='Write it as for dbt, such as `--vars \'day: 2\'` or `--vars \'{"day": 2, "region": "eu"}\'`.',
    )
