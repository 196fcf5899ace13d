"""A digest of everything besides the rows that decides what a sync sends. An equal digest means an equal answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass

from pydantic import BaseModel


def digest_of(*parts: object) -> str:
    """Return the digest of values: texts, numbers, dataclasses, models of pydantic, and collections of these."""
    return hashlib.sha256(_text(parts).encode()).hexdigest()


def _text(value: object) -> str:
    return json.dumps(value, default=_plain, sort_keys=True)


def _plain(value: object) -> object:
    """Return what JSON cannot hold as something that is the same in every process: a set has no order of its own."""
    if isinstance(value, BaseModel):
        return [type(value).__name__, value.__dict__]
    if is_dataclass(value):
        return [type(value).__name__, *(getattr(value, one.name) for one in fields(value))]
    if isinstance(value, AbstractSet):
        return sorted(map(_text, value))
    return dict(value) if isinstance(value, Mapping) else repr(value)
