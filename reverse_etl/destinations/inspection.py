"""What the destination would do with a sync's fields, known before a row is sent; sends no request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class NewField:
    """A field that the destination does not have yet, and its permanent type. `note` explains a surprising type.

    `type` is empty if it depends on the first value.
    """

    field: str
    type: str
    note: str = ""


@dataclass(frozen=True)
class Inspection:
    """What `validate --online` reports of one sync. `warnings` and `notes` are sentences. Clashes are raised instead.

    `types` are the types that fields already have. `inferring`: a new text field becomes what its first value looks
    like; otherwise a string. `types_read`: the destination returned the types of all its fields.
    """

    new_fields: Sequence[NewField] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    notes: Sequence[str] = ()
    inferring: bool = True
    types_read: bool = False
