"""Reads one small YAML file of dbt's without trusting it; quotes nothing of it in errors, for it may hold secrets."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import yaml

from reverse_etl.errors import ConfigError

_MAX_BYTES = 4 * 1024 * 1024
_MAX_VALUES = 100_000


class _TooLargeError(ValueError):
    """The file stands for more values than any project has."""


class _Loader(yaml.SafeLoader):
    """The safe loader, with an end to merge keys that multiply."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        if len(node.value) > _MAX_VALUES:
            raise _TooLargeError


def read_yaml(path: Path, code: str) -> dict[str, object]:
    """The mapping that the file holds, empty for an empty file. Raises ConfigError with the given code."""
    try:
        content = _load(path)
    except OSError as error:
        raise _broken(path, code, f"cannot be read ({error.strerror})") from None
    except (_TooLargeError, RecursionError):
        raise _broken(path, code, "is too large, or nested without end") from None
    except (yaml.YAMLError, ValueError) as error:
        raise _broken(path, code, f"is not valid YAML{_position(error)}") from None
    if content is not None and not isinstance(content, dict):
        raise _broken(path, code, "does not hold names with values")
    return {str(name): value for name, value in cast("dict[object, object]", content or {}).items()}


def _load(path: Path) -> object:
    if path.stat().st_size > _MAX_BYTES:
        raise _TooLargeError
    content: object = yaml.load(path.read_bytes(), Loader=_Loader)  # noqa: S506 - derived from the safe loader
    if _size(content, {}) > _MAX_VALUES:
        raise _TooLargeError
    return content


def _size(value: object, sizes: dict[int, int]) -> int:
    """How many values there are once every alias is written out; a value inside itself counts as the limit."""
    if not isinstance(value, (dict, list)):
        return 1
    if id(value) not in sizes:
        sizes[id(value)] = _MAX_VALUES
        sizes[id(value)] = 1 + sum(
            _size(inner, sizes) for inner in (value.values() if isinstance(value, dict) else value)
        )
    return sizes[id(value)]


def _position(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _broken(path: Path, code: str, reason: str) -> ConfigError:
    return ConfigError(
        code, f"{path} {reason}", context={"file": path}, hint=f"Correct {path}; `dbt debug` reads it too."
    )
