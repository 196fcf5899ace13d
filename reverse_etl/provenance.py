"""Compares the relation that feeds a sync snapshot with the one that fed it before; opens no connection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase

from reverse_etl.sync import Sync

# The key of the source in what a sync snapshot remembers of its destination.
SOURCE = "source"
# Keys of the source: the rows of the model and the mapping of its fields when it was last sent.
ROWS, FIELDS = "rows", "fields"
# The key of the source that says that the first run left rows, so a complete one is still to come.
FIRST_RUN_IS_OPEN = "first_run_is_open"
# The key of the source that says how far the last complete run compared the model of an incremental sync.
INCREMENTAL = "incremental"
# The key of what a sync does to the rows of a scope. Two actions never share a scope.
ACTION = "action"
_PART = re.compile(r'"(?:[^"]|"")*"|`[^`]*`|[^."`]+')


def source_of(sync: Sync, *, state_is_apart: bool) -> dict[str, object]:
    """Return what a sync snapshot remembers of the relation that feeds it.

    `state_is_apart`: the snapshot is not in the target's database, so another target may use the same snapshot for a
    relation of the same name on another server.
    """
    apart = {"state_is_apart": True} if state_is_apart else {}
    return {"relation": sync.relation, "target": sync.target, "model": sync.unique_id, **apart}


def remembered_source(remembered: Mapping[str, object]) -> Mapping[str, object]:
    """Return what a sync snapshot remembers of its relation; empty if an older version wrote it."""
    source = remembered.get(SOURCE)
    return source if isinstance(source, dict) else {}


def is_same_source(before: Mapping[str, object], now: Mapping[str, object]) -> bool:
    """Return whether a snapshot may be fed from `now`. A snapshot that remembers no relation may be fed from any."""
    if not before.get("relation"):
        return True
    if not same_relation(str(before["relation"]), str(now["relation"])):
        return False
    return not now.get("state_is_apart") or not before.get("target") or before["target"] == now["target"]


def same_relation(one: str, other: str) -> bool:
    """Return whether two relation names mean the same relation. Letter case matters only if both are quoted."""
    parts, others = (_PART.findall(text) for text in (one, other))
    return len(parts) == len(others) and all(map(_same_part, parts, others))


def plain_relation(relation: str) -> str:
    """Return a relation name without quotes, as people type it in a shell."""
    return ".".join(_bare(part) for part in _PART.findall(relation))


def names_relation(pattern: str, relation: str) -> bool:
    """Return whether a name or a pattern with `*` matches a relation. Quotes and letter case are ignored."""
    return fnmatchcase(plain_relation(relation).lower(), plain_relation(pattern).lower())


def _same_part(one: str, other: str) -> bool:
    if _bare(one) == _bare(other):
        return True
    return not (_quoted(one) and _quoted(other)) and _bare(one).lower() == _bare(other).lower()


def _quoted(part: str) -> bool:
    return part[:1] in ('"', "`")


def _bare(part: str) -> str:
    return part[1:-1].replace('""', '"') if _quoted(part) else part
