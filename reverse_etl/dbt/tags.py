"""The key of `meta` that tags a model, its misspellings, and the files that hold either."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

TAG = "reverse_etl"
_LETTERS = re.compile(r"[^a-z]+")
_LOOSE = re.compile(rb"revers\w?[-_ ]?e[-_ ]?[tl]{2}", re.IGNORECASE)
_LIKE = 0.85


def misspelt_tags(keys: Iterable[object]) -> list[str]:
    """Return keys that are probably misspelled tags: `reverse-etl`, `reverseetl`, `reverse_ETL`."""
    return [key for key in keys if isinstance(key, str) and key != TAG and _looks_like_tag(key)]


def mentions_tag(content: bytes) -> bool:
    """Return whether a file of dbt may hold the tag or a misspelled tag."""
    return _LOOSE.search(content) is not None


def entry_of(described: Mapping[str, object]) -> object:
    """Return what a model, a version or a column of a YAML file has under the tag; None if nothing."""
    config = described.get("config")
    metas = (config.get("meta") if isinstance(config, dict) else None, described.get("meta"))
    return next((meta[TAG] for meta in metas if isinstance(meta, dict) and TAG in meta), None)


def same_entry(written: object, parsed: object) -> bool:
    """Return whether dbt could have made this value from the YAML entry. A text with Jinja can become any value."""
    if isinstance(written, str) and ("{{" in written or "{%" in written):
        return True
    if isinstance(written, dict) and isinstance(parsed, dict):
        spelled = {str(key): value for key, value in written.items()}
        return spelled.keys() == parsed.keys() and all(same_entry(value, parsed[key]) for key, value in spelled.items())
    if isinstance(written, list) and isinstance(parsed, list):
        return len(written) == len(parsed) and all(map(same_entry, written, parsed))
    plain = isinstance(written, (str, bool, int, float, type(None), dict, list))
    return written == parsed if plain else str(written) == str(parsed)


# The nodes of a project have mostly the same keys.
@lru_cache(maxsize=10_000)
def _looks_like_tag(key: str) -> bool:
    letters, wanted = _LETTERS.sub("", key.lower()), TAG.replace("_", "")
    return difflib.SequenceMatcher(None, letters, wanted).ratio() >= _LIKE
