"""Digests of values, field by field: two rows are compared without their values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson

_SIZE = 8
_STEP = 2 * _SIZE
# The digest of a value that is null or missing.
ABSENT = bytes(_SIZE)


def digest_identity(kind: str, identifier: str) -> bytes:
    """Return the digest of a row's identifier. `kind` is what it is, such as `email`."""
    return blake2b(f"{kind}\0{identifier}".encode(), digest_size=2 * _SIZE).digest()


@lru_cache(maxsize=10_000)
def digest_name(name: str) -> bytes:
    """Return the digest of a field's name."""
    return blake2b(name.encode(), digest_size=_SIZE).digest()


def digest_values(values: Mapping[str, Any]) -> bytes:
    """Return the digests of all fields, in any order: of each name, and of each value as JSON."""
    return b"".join(digest_name(name) + _digest_value(value) for name, value in values.items())


def _digest_value(value: Any) -> bytes:
    if value is None:
        return ABSENT
    return blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=_SIZE).digest()


def parse_digests(digests: bytes) -> dict[bytes, bytes]:
    """Return the digests of values by the digests of their names."""
    return {digests[at : at + _SIZE]: digests[at + _SIZE : at + _STEP] for at in range(0, len(digests), _STEP)}


def find_differences(sent: bytes, stored: Mapping[bytes, bytes]) -> list[bytes]:
    """Return the digests of the names of fields whose stored value differs from what would be sent."""
    return [name for name, value in parse_digests(sent).items() if stored.get(name, ABSENT) != value]
