"""Reads YAML and JSON files within limits of size and depth. Errors quote no content, since it may be secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import yaml

from reverse_etl.counting import plural
from reverse_etl.errors import ConfigError

MEGABYTE = 1024 * 1024
# Limits that no real project reaches.
MOST_VALUES = 100_000
DEEPEST = 50
_MOST_YAML_BYTES = 4 * MEGABYTE
_LONGEST_NUMBER = 100  # digits
_LONGEST_NAME = 30  # a longer key may be a secret in the wrong place
_MERGE = "tag:yaml.org,2002:merge"
# What Iterable's JSON can hold.
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


class UnreadableError(ValueError):
    """A document that cannot be read. The text says why, follows the words `the file`, and quotes nothing of it."""


class RepeatedKeyError(UnreadableError):
    """A document with a mapping that has one key twice, so that one of the values would be lost."""


def read_yaml(path: Path, code: str, hint: str = "") -> dict[str, object]:
    """Return the mapping that a YAML file holds, empty for an empty file. Raises ConfigError with the given code."""
    try:
        _check_bytes(path, _MOST_YAML_BYTES)
        content = parse_yaml(path.read_bytes())
    except OSError as error:
        raise _broken(path, code, f"cannot be read ({error.strerror})", hint) from None
    except UnreadableError as error:
        raise _broken(path, code, str(error), hint) from None
    if content is not None and not isinstance(content, dict):
        raise _broken(path, code, "does not hold names with values", hint)
    return {str(name): value for name, value in cast("dict[object, object]", content or {}).items()}


def read_json(path: Path, most_bytes: int) -> object:
    """Return what a JSON file holds. Raises UnreadableError and OSError."""
    _check_bytes(path, most_bytes)
    return parse_json(path.read_bytes())


def parse_json(text: str | bytes) -> object:
    """Return what a JSON text holds. Raises UnreadableError."""
    try:
        return json.loads(text, parse_int=_integer)
    except RecursionError:
        raise UnreadableError("is nested too deep") from None
    except json.JSONDecodeError as error:
        raise UnreadableError(f"is not complete JSON (line {error.lineno}, column {error.colno})") from None
    except UnreadableError:
        raise
    except ValueError:
        raise UnreadableError("is not complete JSON in UTF-8") from None


def parse_yaml(text: str | bytes) -> object:
    """Return what a YAML text holds. Raises UnreadableError."""
    try:
        content: object = yaml.load(text, Loader=_Loader)  # noqa: S506 - derived from the safe loader
    except RecursionError:
        raise UnreadableError("is nested too deep") from None
    except UnreadableError:
        raise
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise UnreadableError(f"is not valid YAML{_position(error)}") from None
    reason = excess_of(content)
    if reason:
        raise UnreadableError(reason)
    return content


def excess_of(value: object) -> str:
    """Return which limit plain values exceed, as the end of a sentence; empty if none. An alias counts each time."""
    return _Measure().reason(value)


class _Loader(yaml.SafeLoader):
    """The safe loader, which also refuses repeated keys and too many merged keys."""

    merged = 0

    def compose_mapping_node(self, anchor: dict[str, yaml.Node]) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                self._refuse_repetition(key, lines)
        return node

    def _refuse_repetition(self, key: yaml.ScalarNode, lines: dict[str, int]) -> None:
        name, line = str(self.construct_object(key)), key.start_mark.line + 1
        if name in lines:
            named = f"the key `{name}`" if len(name) <= _LONGEST_NAME else "a key"
            raise RepeatedKeyError(f"has {named} twice, at lines {lines[name]} and {line}")
        lines[name] = line

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        self.merged += len(node.value)
        if self.merged > MOST_VALUES:
            raise UnreadableError(_TOO_MANY)


_TOO_MANY = f"holds more than {MOST_VALUES:,} values, with every alias written out"


class _Measure:
    """Measures plain values. A value with several aliases is visited once."""

    def __init__(self) -> None:
        self._sizes: dict[int, tuple[int, int]] = {}
        self._too_large = False

    def reason(self, value: object) -> str:
        try:
            values, depth = self._measured(value)
        except RecursionError:
            values, depth = 0, DEEPEST + 1
        if values > MOST_VALUES:
            return _TOO_MANY
        if depth > DEEPEST:
            return f"is nested deeper than {DEEPEST} levels"
        return "holds a whole number of more than 64 bits" if self._too_large else ""

    def _measured(self, value: object) -> tuple[int, int]:
        """Return the number of values and of levels. A value inside itself counts as too many."""
        if not isinstance(value, (dict, list)):
            self._too_large |= isinstance(value, int) and not _SMALLEST <= value <= _LARGEST
            return 1, 0
        if id(value) not in self._sizes:
            self._sizes[id(value)] = (MOST_VALUES, 0)
            inner = [*value, *value.values()] if isinstance(value, dict) else value
            measured = [self._measured(one) for one in inner]
            depth = 1 + max((levels for _, levels in measured), default=0)
            self._sizes[id(value)] = (1 + sum(count for count, _ in measured), depth)
        return self._sizes[id(value)]


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise UnreadableError(f"holds a number of {plural(len(digits), 'digit')}")
    return int(digits)


def _check_bytes(path: Path, most: int) -> None:
    if path.stat().st_size > most:
        raise UnreadableError(f"is larger than {most // MEGABYTE} MB")


def _position(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _broken(path: Path, code: str, reason: str, hint: str) -> ConfigError:
    return ConfigError(
        code,
        f"{path} {reason}",
        context={"file": path},
        hint=hint or f"Correct {path}; `dbt debug` reads it too.",
    )
