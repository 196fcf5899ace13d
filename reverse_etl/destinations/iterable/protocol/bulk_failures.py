"""Reads counts and arrays of identifiers from a bulk reply; knows no object and no request.

Iterable names failed rows only by identifier, without a position or a reason (Swagger, UserBulkUpdateListResponse).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

KINDS = ("Emails", "UserIds")
# Names of the arrays without the kind of identifier, the most specific first.
REASONS = ("forgotten", "conflict", "notFound", "invalidData", "invalid")


@dataclass(frozen=True)
class BulkCounts:
    """The numbers of successes and failures in a bulk reply. `idle`: rows that needed no change."""

    succeeded: int
    failed: int
    idle: int

    def cover(self, rows: int) -> bool:
        """Return whether the counts add up to this number of rows. Idle rows can count as successes or not."""
        return self.succeeded + self.failed in (rows, rows - self.idle)


@dataclass(frozen=True, slots=True)
class Identifier:
    """An e-mail address or user id in a form to compare."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an identifier is named. `deprecated`: only by the older arrays, which do not distinguish all reasons."""

    reason: str
    deprecated: bool


def identifier(kind: str, value: str) -> Identifier:
    """Return an identifier as Iterable compares it: letter case of addresses does not matter."""
    return Identifier(kind, value.strip().lower() if kind == "Emails" else value)


def counts_in(body: object) -> BulkCounts | None:
    """Return the counts of a bulk reply; None if it is not a bulk reply."""
    if not isinstance(body, dict):
        return None
    succeeded, failed = (body.get(name) for name in ("successCount", "failCount"))
    if type(succeeded) is not int or type(failed) is not int or succeeded < 0 or failed < 0:
        return None
    return BulkCounts(succeeded, failed, sum(len(texts(body.get("noOp" + kind))) for kind in KINDS))


def failures_in(body: Mapping[str, object]) -> dict[Identifier, Failure]:
    """Return each identifier that a reply names as failed, with the most precise of its arrays."""
    new = body.get("failedUpdates")
    found: dict[Identifier, Failure] = {}
    for source, deprecated in ((new if isinstance(new, dict) else {}, False), (body, True)):
        for reason in REASONS:
            for kind in KINDS:
                for value in texts(source.get(reason + kind)):
                    found.setdefault(identifier(kind, value), Failure(reason, deprecated))
    return found


def texts(value: object) -> list[str]:
    """Return the texts of a list; none if it is not a list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
