"""The settings of Behaviour as people read and type them: names, meanings, defaults, and `NAME=VALUE`."""

from __future__ import annotations

import ast
import difflib
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from reverse_etl.sandbox.options import Behaviour


@dataclass(frozen=True)
class Setting:
    """One field of Behaviour. `values` describes the allowed values, `meaning` is its docstring on one line."""

    name: str
    values: str
    default: str
    meaning: str


def list_settings() -> list[Setting]:
    """Return every setting, in the order of the fields."""
    meanings = _read_field_docstrings(Behaviour)
    types = get_type_hints(Behaviour)
    return [
        Setting(one.name, _describe_values(types[one.name]), _format_default(one.default), meanings.get(one.name, ""))
        for one in fields(Behaviour)
    ]


def parse_behaviour(texts: Iterable[str]) -> Behaviour:
    """Return the behaviour with these `NAME=VALUE` set. If a name comes twice, the last one counts.

    Raises ValueError for an unknown name or a wrong value, with a sentence that says what is allowed.
    """
    types = get_type_hints(Behaviour)
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if name not in types:
            raise ValueError(_describe_unknown(name, types))
        if not equals:
            raise ValueError(
                f"{text!r} has no value: write {name}=VALUE, where VALUE is {_describe_values(types[name])}"
            )
        try:
            values[name] = _parse_value(value, types[name])
        except ValueError:
            raise ValueError(f"{text!r}: {name} takes {_describe_values(types[name])}") from None
    return Behaviour(**values)


def _describe_unknown(name: str, types: Mapping[str, object]) -> str:
    nearest = difflib.get_close_matches(name.lower().replace("-", "_"), types, 1, cutoff=0.5)
    return f"{name!r} is not a setting" + (f"; did you mean {nearest[0]}?" if nearest else "")


def _read_field_docstrings(of: type) -> dict[str, str]:
    """Return the text below each field in the source. Empty if the source is not available."""
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(of))).body
    except (OSError, TypeError):
        return {}
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    return {
        field.target.id: " ".join(below.value.value.split())
        for field, below in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }


def _describe_values(type_: Any) -> str:
    return " or ".join(words for words, _ in _list_parsers(type_))


def _parse_value(text: str, type_: Any) -> object:
    """Raises ValueError if no value of this type is written so."""
    for _, parse in _list_parsers(type_):
        with suppress(ValueError):
            return parse(text)
    raise ValueError(text)


def _list_parsers(type_: Any) -> list[_Parser]:
    if type_ in _PARSERS:
        return _PARSERS[type_]
    if get_origin(type_) is Literal:
        return [_make_literal_parser(str(word), word) for word in get_args(type_)]
    return [parser for member in get_args(type_) for parser in _list_parsers(member)]


def _make_literal_parser(word: str, value: object) -> _Parser:
    def parse(text: str) -> object:
        if text != word:
            raise ValueError(text)
        return value

    return word, parse


def _parse_integer(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(text)
    return int(text)


def _parse_text_set(text: str) -> frozenset[str]:
    return frozenset(word for word in text.split(",") if word not in {"", "none"})


_Parser = tuple[str, "Callable[[str], object]"]
"""The words that describe the allowed values, and the function that parses one."""
_PARSERS: Final[Mapping[object, list[_Parser]]] = {
    bool: [_make_literal_parser("true", value=True), _make_literal_parser("false", value=False)],
    int: [("a whole number", _parse_integer)],
    float: [("a number", float)],
    str: [("text", str)],
    type(None): [_make_literal_parser("none", value=None)],
    frozenset[str]: [("texts separated by commas", _parse_text_set)],
}


def _format_default(default: object) -> str:
    if default is None or default == frozenset():
        return "none"
    return str(default).lower() if isinstance(default, bool) else str(default)
