"""Finds connection fields that hold secrets, by their names; knows no adapter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_SECRET = re.compile(
    r"pass|secret|token|private_key|credential|api_?key|account_key|keyfile_json|^key$|dsn", re.IGNORECASE
)
_EMBEDDED = re.compile(
    r"(?:password|passwd|pwd|token|secret)=([^&;\s]+)|://[^:/@\s]*:([^@/\s]+)@",  # as in md:db?motherduck_token=…
    re.IGNORECASE,
)
_PLACE = re.compile(r"(_path|_file|_uri|_url|_endpoint)$", re.IGNORECASE)
# An API key by its look: 32 hex digits or more, in any value or name.
_KEY = re.compile(r"[0-9a-f]{32,}", re.IGNORECASE)


def is_sensitive(name: str) -> bool:
    """Return whether a field with this name holds a secret, and not only the path of one."""
    return bool(_SECRET.search(name)) and not _PLACE.search(name)


def sensitive_values(fields: Mapping[str, object]) -> frozenset[str]:
    """Return the texts of all sensitive fields at any depth, and passwords in URLs, without empty texts."""
    return frozenset(text for name, value in fields.items() for text in _texts(name, value) if text)


def _texts(name: str, value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner_name, inner in value.items():
            yield from _texts(str(inner_name), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(name, inner)
    elif is_sensitive(name) and value is not None and not isinstance(value, bool):
        yield str(value)
    if isinstance(value, str):
        yield from (found[1] or found[2] for found in _EMBEDDED.finditer(value))


def keys_in(value: object) -> frozenset[str]:
    """Return the texts that look like an API key, among the names and values of plain data at any depth."""
    return frozenset(_keys(value))


def _keys(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _KEY.findall(str(name))
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)
    else:
        yield from _KEY.findall(str(value))
