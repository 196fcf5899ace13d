"""Inspection: what Iterable would make of a sync's fields, told before a row is sent; asks nothing by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class NewField:
    """A field that Iterable does not have yet, and the type that it gets for good; `note` says why, where that is odd.

    `type` is empty where only the first value tells.
    """

    field: str
    type: str
    note: str = ""


@dataclass(frozen=True)
class Inspection:
    """What `validate --online` tells of one sync; clashes are raised. `warnings` and `notes` are sentences.

    `types` are those that fields have in Iterable already. `inferring`: a new text field becomes what its first value
    looks like; otherwise a string. `types_read`: Iterable told the types of all fields that it has.
    """

    new_fields: Sequence[NewField] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    notes: Sequence[str] = ()
    inferring: bool = True
    types_read: bool = False
