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
    """One field of Behaviour: `values` says in words what may be typed, `meaning` is its docstring on one line."""

    name: str
    values: str
    default: str
    meaning: str


def list_settings() -> list[Setting]:
    """Every setting, in the order of the fields."""
    meanings = _docstrings(Behaviour)
    kinds = get_type_hints(Behaviour)
    return [
        Setting(one.name, _allowed(kinds[one.name]), _shown(one.default), meanings.get(one.name, ""))
        for one in fields(Behaviour)
    ]


def behaviour_of(texts: Iterable[str]) -> Behaviour:
    """The behaviour with these `NAME=VALUE` set, the last of a name counting.

    Raises ValueError, with a sentence that says what is allowed, for a name or a value that there is not.
    """
    kinds = get_type_hints(Behaviour)
    given: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if name not in kinds:
            raise ValueError(_unknown(name, kinds))
        if not equals:
            raise ValueError(f"{text!r} has no value: write {name}=VALUE, where VALUE is {_allowed(kinds[name])}")
        try:
            given[name] = _read(value, kinds[name])
        except ValueError:
            raise ValueError(f"{text!r}: {name} takes {_allowed(kinds[name])}") from None
    return Behaviour(**given)


def _unknown(name: str, kinds: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name.lower().replace("-", "_"), kinds, 1, cutoff=0.5)
    return f"{name!r} is not a setting" + (f"; did you mean {near[0]}?" if near else "")


def _docstrings(of: type) -> dict[str, str]:
    """What stands below each field in the source, where the source can be had."""
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


def _allowed(kind: Any) -> str:
    return " or ".join(words for words, _ in _alternatives(kind))


def _read(text: str, kind: Any) -> object:
    """Raises ValueError for a text that does not say a value of this type."""
    for _, read in _alternatives(kind):
        with suppress(ValueError):
            return read(text)
    raise ValueError(text)


def _alternatives(kind: Any) -> list[_Reading]:
    if kind in _READINGS:
        return _READINGS[kind]
    if get_origin(kind) is Literal:
        return [_exactly(str(word), word) for word in get_args(kind)]
    return [reading for choice in get_args(kind) for reading in _alternatives(choice)]


def _exactly(word: str, value: object) -> _Reading:
    def read(text: str) -> object:
        if text != word:
            raise ValueError(text)
        return value

    return word, read


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(text)
    return int(text)


def _texts(text: str) -> frozenset[str]:
    return frozenset(word for word in text.split(",") if word not in {"", "none"})


_Reading = tuple[str, "Callable[[str], object]"]
_READINGS: Final[Mapping[object, list[_Reading]]] = {
    bool: [_exactly("true", value=True), _exactly("false", value=False)],
    int: [("a whole number", _whole)],
    float: [("a number", float)],
    str: [("a text", str)],
    type(None): [_exactly("none", value=None)],
    frozenset[str]: [("texts with commas between", _texts)],
}


def _shown(default: object) -> str:
    if default is None or default == frozenset():
        return "none"
    return str(default).lower() if isinstance(default, bool) else str(default)
