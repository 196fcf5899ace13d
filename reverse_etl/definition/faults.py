"""Faults of a definition: where it stands in the YAML, what was found, what is allowed, the nearest word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reverse_etl.errors import Fault, did_you_mean
from reverse_etl.sync import Field, Sync

_MOST_SHOWN = 20


class YamlLocation:
    """A place in a YAML file, for faults. Subclasses say which."""

    file: str

    @property
    def subject(self) -> str:
        """Return what a message about a fault here begins with."""
        raise NotImplementedError

    @property
    def context(self) -> dict[str, object]:
        """Return what a fault shows below its message."""
        return {"file": self.file}

    def key(self, key: str = "") -> str:
        """Return the YAML path of a key."""
        raise NotImplementedError

    def fault(self, code: str, message: str, *, key: str = "", found: object = None, allowed: object = None) -> Fault:
        """Return a fault at this location. `found` and `allowed` are left out if they are None."""
        context = {**self.context, "key": self.key(key)}
        if found is not None:
            context["found"] = shorten(found)
        if allowed is not None:
            context["allowed"] = allowed
        return Fault(
            code,
            f"{self.subject}: {message}",
            context=context,
            hint=f"Change `{self.key(key)}` in {self.file or 'the definition of the model'}.",
        )

    def wrong_word(self, key: str, found: object, allowed: Iterable[str]) -> Fault:
        """Return the fault of a value that is not one of the allowed words, with the nearest word."""
        words = list(allowed)
        code = "missing-key" if found is None else unknown_word_code(key)
        message = f"`{key}` is missing" if found is None else f"`{key}: {shorten(found)}` is not known"
        return self.fault(
            code, message + did_you_mean(str(found), words), key=key, found=found, allowed=", ".join(words)
        )


@dataclass(frozen=True)
class EntryLocation(YamlLocation):
    """Where a definition stands: model, file, and its index if the model has a list of entries."""

    model: str
    file: str
    index: int | None

    @property
    def subject(self) -> str:
        return f"model `{self.model}`"

    @property
    def context(self) -> dict[str, object]:
        return {"model": self.model, "file": self.file}

    def key(self, key: str = "") -> str:
        """Return the YAML path of a key below `meta`."""
        if key.startswith("columns."):
            return f"{key}.meta.reverse_etl"
        base = "meta.reverse_etl" + ("" if self.index is None else f"[{self.index}]")
        return f"{base}.{key}" if key else base


def unknown_word_code(key: str) -> str:
    """Return the error code of a value that is not one of a key's words."""
    name = key.rpartition(".")[2].replace("_", "-")
    return f"{name}-choice" if name.startswith("unknown-") else f"unknown-{name}"


def location_of(sync: Sync) -> EntryLocation:
    """Return the location of a sync that was read before."""
    return EntryLocation(sync.model, sync.file, None)


def shorten(value: object) -> str:
    """Return a value as text for messages: 80 characters at most, control characters escaped, a mapping by its keys."""
    text = _outline(value)
    text = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return text if len(text) <= 80 else text[:77] + "…"


def _outline(value: object) -> str:
    """Return the keys of a mapping without its values, since a value may be a secret; other values as text."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{shorten(key)}: …" for key in list(value)[:_MOST_SHOWN]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(shorten(item) for item in value[:_MOST_SHOWN]) + "]"
    return value if isinstance(value, str) else repr(value)


def translate_errors(error: ValidationError, location: YamlLocation, entry: type[BaseModel]) -> list[Fault]:
    """Return each error of pydantic as a fault in plain words."""
    seen: dict[str, Fault] = {}
    for detail in error.errors(include_url=False):
        key = ".".join(_path(detail))
        seen.setdefault(key, _fault(detail, key, location, entry))
    # If a value can have two types, a fault inside it says more than that it has neither type.
    return [fault for key, fault in seen.items() if not any(other.startswith(f"{key}.") for other in seen)]


def _fault(detail: ErrorDetails, key: str, location: YamlLocation, entry: type[BaseModel]) -> Fault:
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
        words = [_plain_word(word) for word in detail["ctx"]["expected"].replace(" or ", ", ").split(",")]
        return location.wrong_word(key, found, words)
    if detail["type"] == "missing":
        return location.fault("missing-key", f"`{key}` is missing", key=key)
    allowed = _describe_allowed_values(_kinds_at(_path(detail), entry)) or _plain(detail["msg"])
    return location.fault("wrong-value", f"`{key}`: expected {allowed}", key=key, found=found, allowed=allowed)


def _plain_word(word: str) -> str:
    """Return one of pydantic's expected values as YAML writes it."""
    word = word.strip()
    return word.lower() if word in ("True", "False") else word.strip("'")


def _path(detail: ErrorDetails) -> list[str]:
    """Return the keys down to the wrong value, without the types that pydantic tried."""
    return [str(part) for part in detail["loc"] if part != "bool" and not str(part).endswith("Entry")]


def _kinds_at(path: Sequence[str], entry: type[BaseModel]) -> list[type]:
    """Return the classes that a value at this path can have; none if its type is not a plain class."""
    kinds: list[type] = [entry]
    for part in path:
        keys = next((kind.model_fields for kind in kinds if issubclass(kind, BaseModel)), {})
        annotation = keys[part].annotation if part in keys else None
        # On Python 3.10 `list[str]` is an instance of type, yet no class.
        plain = [kind for kind in (annotation, *get_args(annotation)) if get_origin(kind) is None]
        kinds = [kind for kind in plain if isinstance(kind, type)]
    return kinds


def _words(kinds: Sequence[type]) -> list[str]:
    """Return the keys that can stand there."""
    return [name for kind in kinds if issubclass(kind, BaseModel) for name in kind.model_fields]


def _describe_allowed_values(kinds: Sequence[type]) -> str:
    """Return what is expected where a flag or a part of a definition can stand; empty for other types."""
    words = _words(kinds)
    part = ["{" + ", ".join(f"{word}: …" for word in words) + "}"] if words else []
    allowed = [*(["true", "false"] if bool in kinds else []), *part]
    return " or ".join([*filter(None, [", ".join(allowed[:-1])]), *allowed[-1:]])


def _plain(message: str) -> str:
    return message.replace("Input should be ", "").replace("valid ", "").replace("String", "text")


def find_field_faults(fields: Sequence[Field], location: EntryLocation, under: str = "fields") -> list[Fault]:
    """Return faults of fields that are mapped twice, malformed, or inside a field that is mapped as a whole."""
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
