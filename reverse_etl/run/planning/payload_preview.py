"""PayloadPreview: the request of one row as a run would send it, and why it carries what it carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class PayloadPreview:
    """The request of one planned row, which in a run may share it with other rows. It holds personal data.

    - `kind` is added, changed, resent or removed; `key` is the row's identity, and `reason` says what the row carries.
    - `body` is its JSON, None if there is none. `own` are values of `body` by member that do not come from the row.
    - `fields` says of each field why it is sent, `spared` how many fields stay out because they did not change.
    - `lookup` is the request that asks about the row before it is sent, as method and path; empty if there is none.
    - `note` says what the request cannot show yet.
    - `problem` says why nothing is sent; then there is no request.
    """

    kind: str
    key: str
    reason: str = ""
    method: str = ""
    path: str = ""
    body: Any = None
    own: Sequence[str] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    spared: int = 0
    rows_in_request: int = 1
    lookup: str = ""
    note: str = ""
    problem: str = ""
