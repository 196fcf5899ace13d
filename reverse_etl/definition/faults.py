"""How a wrong definition is described: its place in the YAML, what was found, what is allowed, the nearest word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reverse_etl.errors import Fault, did_you_mean
from reverse_etl.sync import Field, Sync

_MOST_SHOWN = 20


@dataclass(frozen=True)
class EntryLocation:
    """Where a definition stands: model, file, and its index where the entry is a list."""

    model: str
    file: str
    index: int | None

    def key(self, key: str = "") -> str:
        """The YAML path of a key below `meta`."""
        if key.startswith("columns."):
            return f"{key}.meta.reverse_etl"
        base = "meta.reverse_etl" + ("" if self.index is None else f"[{self.index}]")
        return f"{base}.{key}" if key else base

    def fault(self, code: str, message: str, *, key: str = "", found: object = None, allowed: object = None) -> Fault:
        """A fault at this place. `found` and `allowed` are left out where they are None."""
        context: dict[str, object] = {"model": self.model, "file": self.file, "key": self.key(key)}
        if found is not None:
            context["found"] = shorten(found)
        if allowed is not None:
            context["allowed"] = allowed
        return Fault(
            code,
            f"model `{self.model}`: {message}",
            context=context,
            hint=f"Change `{self.key(key)}` in {self.file or 'the definition of the model'}.",
        )

    def wrong_word(self, key: str, found: object, allowed: Iterable[str]) -> Fault:
        """A value that is not one of the allowed words, with the nearest of them."""
        words = list(allowed)
        code = "missing-key" if found is None else unknown_word_code(key)
        message = f"`{key}` is missing" if found is None else f"`{key}: {shorten(found)}` is not known"
        return self.fault(
            code, message + did_you_mean(str(found), words), key=key, found=found, allowed=", ".join(words)
        )


def unknown_word_code(key: str) -> str:
    """The code of a value that is not one of a key's words."""
    name = key.rpartition(".")[2].replace("_", "-")
    return f"{name}-choice" if name.startswith("unknown-") else f"unknown-{name}"


def location_of(sync: Sync) -> EntryLocation:
    """The place of a sync that was read before."""
    return EntryLocation(sync.model, sync.file, None)


def shorten(value: object) -> str:
    """A value as it may be shown: cut at 80 characters, control characters escaped; of a mapping its keys alone."""
    text = _outline(value)
    text = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return text if len(text) <= 80 else text[:77] + "…"


def _outline(value: object) -> str:
    """What a value is; what stands under a key may be a secret."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{shorten(key)}: …" for key in list(value)[:_MOST_SHOWN]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(shorten(item) for item in value[:_MOST_SHOWN]) + "]"
    return value if isinstance(value, str) else repr(value)


def translate_errors(error: ValidationError, location: EntryLocation, entry: type[BaseModel]) -> list[Fault]:
    """Each error of pydantic as a fault in our words."""
    seen: dict[str, Fault] = {}
    for detail in error.errors(include_url=False):
        key = ".".join(_path(detail))
        seen.setdefault(key, _fault(detail, key, location, entry))
    # Of a value that may be of two kinds, what is wrong inside it says more than that it is neither.
    return [fault for key, fault in seen.items() if not any(other.startswith(f"{key}.") for other in seen)]


def _fault(detail: ErrorDetails, key: str, location: EntryLocation, entry: type[BaseModel]) -> Fault:
    found = detail["input"]
    if detail["type"] == "extra_forbidden":
        words = _words(_kinds_at(_path(detail)[:-1], entry))
        return location.fault(
            "unknown-key",
            f"there is no key `{key}`{did_you_mean(str(detail['loc'][-1]), words)}",
            key=key,
            found=key,
            allowed=", ".join(words),
        )
    if detail["type"] == "literal_error":
        words = [word.strip().strip("'") for word in detail["ctx"]["expected"].replace(" or ", ", ").split(",")]
        return location.wrong_word(key, found, words)
    if detail["type"] == "missing":
        return location.fault("missing-key", f"`{key}` is missing", key=key)
    allowed = _shape(_kinds_at(_path(detail), entry)) or _plain(detail["msg"])
    return location.fault("wrong-value", f"`{key}`: expected {allowed}", key=key, found=found, allowed=allowed)


def _path(detail: ErrorDetails) -> list[str]:
    """The keys down to what is wrong; pydantic also names which kind of a value it tried."""
    return [str(part) for part in detail["loc"] if part != "bool" and not str(part).endswith("Entry")]


def _kinds_at(path: Sequence[str], entry: type[BaseModel]) -> list[type]:
    """The types a value at this path may have; none where that is not plain."""
    kinds: list[type] = [entry]
    for part in path:
        keys = next((kind.model_fields for kind in kinds if issubclass(kind, BaseModel)), {})
        annotation = keys[part].annotation if part in keys else None
        # On Python 3.10 `list[str]` is an instance of type, yet no class.
        plain = [kind for kind in (annotation, *get_args(annotation)) if get_origin(kind) is None]
        kinds = [kind for kind in plain if isinstance(kind, type)]
    return kinds


def _words(kinds: Sequence[type]) -> list[str]:
    """The keys of the part of a definition that may stand there."""
    return [name for kind in kinds if issubclass(kind, BaseModel) for name in kind.model_fields]


def _shape(kinds: Sequence[type]) -> str:
    """What is expected where flags and parts of a definition may stand; nothing of other kinds."""
    words = _words(kinds)
    part = ["{" + ", ".join(f"{word}: …" for word in words) + "}"] if words else []
    allowed = [*(["true", "false"] if bool in kinds else []), *part]
    return " or ".join([*filter(None, [", ".join(allowed[:-1])]), *allowed[-1:]])


def _plain(message: str) -> str:
    return message.replace("Input should be ", "").replace("valid ", "").replace("String", "text")


def find_field_faults(fields: Sequence[Field], location: EntryLocation, under: str = "fields") -> list[Fault]:
    """Fields that are mapped twice, malformed, or inside a field that is mapped as a whole; `under` which key."""
    faults: list[Fault] = []
    seen: set[str] = set()
    for item in fields:
        parts = item.path.split(".")
        key = f"{under}.{item.path}"
        if not all(part.strip() == part and part for part in parts):
            faults.append(
                location.fault("wrong-field-name", f"`{item.path}` is not a field name", key=key, found=item.path)
            )
        elif item.path in seen:
            faults.append(
                location.fault("field-mapped-twice", f"field `{item.path}` is mapped twice", key=key, found=item.path)
            )
        seen.add(item.path)
    for path in sorted(seen):
        parents = {path[:end] for end, char in enumerate(path) if char == "."}
        faults += [
            location.fault(
                "field-mapped-twice",
                f"field `{parent}` is mapped as a whole and again by `{path}`",
                key=f"{under}.{path}",
                found=path,
                allowed=f"either `{parent}` or fields inside it",
            )
            for parent in sorted(parents & seen)
        ]
    return faults
