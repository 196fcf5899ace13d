"""Finds columns that dbt's files mark as personal data: by their `meta`, tags, policy tags or masking policies.

There is no standard for such marks, so the words are the ones that dbt projects and packages use: `pii`, `contains_pii`
and `sensitive` in `meta`, `policy_tags` of dbt-bigquery, `masking_policy` of dbt_snow_mask, `databricks_tags`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reverse_etl.dbt.nodes import DocumentedColumn, as_texts
from reverse_etl.dbt.tags import TAG

# Keys that say yes or no, or what kind. Their letters count: `contains_pii`, `containsPII` and `contains-pii` are one.
_MARKS = frozenset(
    f"{verb}{noun}"
    for verb in ("", "is", "has", "contains")
    for noun in ("pii", "phi", "spi", "sensitive", "sensitivedata", "personal", "personaldata", "personalinformation")
) | frozenset(f"pii{noun}" for noun in ("type", "category", "class", "classification", "kind", "level"))
# Keys that hold a class of data.
_CLASSES = frozenset(
    f"{adjective}{noun}"
    for adjective in ("", "data")
    for noun in ("classification", "class", "sensitivity", "sensitivitylevel", "privacy", "confidentiality", "category")
)
_POLICIES = frozenset(("policytags", "policytag", "maskingpolicy", "maskingpolicies", "columnmask", "datapolicies"))
_TAGS = frozenset(("tags", "tag", "labels", "label"))
# Words of a tag or a class that say that data is personal.
_WORDS = frozenset(("pii", "phi", "spi", "sensitive", "personal"))
_CLASS_WORDS = _WORDS | frozenset(("confidential", "restricted", "secret", "high", "critical"))
_DENIALS = frozenset(("no", "non", "not", "none", "without", "free", "public"))
_NO = frozenset(("", "0", "false", "no", "n", "f", "none", "null", "off", "public", "na", "nonpii", "notpii", "nopii"))
_DEEPEST = 5


def find_personal_mark(column: DocumentedColumn) -> str:
    """Return what marks a column as personal data, such as "`pii: true` in its meta"; empty if nothing does."""
    found = [
        *(f"`{mark}` in its meta" for mark in _marks(column.meta)),
        *(f"the tag `{tag}`" for tag in column.tags if _names_personal_data(tag, _WORDS)),
        *(f"`{mark}`" for mark in _marks(column.policies)),
    ]
    return found[0] if found else ""


def _marks(values: Mapping[str, object], depth: int = 0) -> Iterator[str]:
    """Yield each key that marks personal data, at any depth, with its value if that is short."""
    for key, value in values.items():
        if key == TAG or depth > _DEEPEST:
            continue
        if _is_mark(_letters(str(key)), value):
            yield _shown(str(key), value)
        elif isinstance(value, Mapping):
            yield from _marks(value, depth + 1)


def _is_mark(letters: str, value: object) -> bool:
    if letters in _MARKS:
        return _says_yes(value)
    if letters in _POLICIES:
        return bool(value)
    words = _CLASS_WORDS if letters in _CLASSES else _WORDS if letters in _TAGS else frozenset()
    return any(_names_personal_data(text, words) for text in as_texts(value))


def _says_yes(value: object) -> bool:
    """Return whether the value of a mark is a yes, such as `true`, `high` or a list of kinds."""
    if isinstance(value, Mapping):
        return any(map(_says_yes, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_says_yes, value))
    return value is not None and _letters(str(value), r"[^a-z0-9]") not in _NO


def _names_personal_data(text: str, words: frozenset[str]) -> bool:
    """Return whether a tag or a class says so: `pii`, `PII:email`, `high_sensitive`; not `non_pii`."""
    said = set(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", text).lower()))
    return bool(said & words) and not said & _DENIALS


def _letters(text: str, others: str = r"[^a-z]") -> str:
    return re.sub(others, "", text.lower())


def _shown(key: str, value: object) -> str:
    plain = isinstance(value, (str, bool, int))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"{key}: {text}" if plain and len(text) <= 40 else key
