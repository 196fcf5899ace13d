"""Reads what the reply of a bulk endpoint says of each row of its request. Knows no endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from reverse_etl.change import FORGOTTEN_USER, Change, Outcome, Status
from reverse_etl.destinations.iterable.identity import JSON_NAMES, REPLY_KINDS
from reverse_etl.destinations.iterable.protocol.bulk_failures import (
    BulkCounts,
    Failure,
    Identifier,
    counts_in,
    failures_in,
    identifier,
    texts,
)
from reverse_etl.destinations.iterable.protocol.reply_table import UNKNOWN_USER
from reverse_etl.destinations.iterable.protocol.single import FORGOTTEN, barring
from reverse_etl.destinations.operation import BatchResult, Clarity
from reverse_etl.destinations.request import Reply

# The meaning of each array of a reply.
MEANING: Mapping[str, tuple[str, str]] = {
    "forgotten": (FORGOTTEN_USER, FORGOTTEN),
    "conflict": ("identity-conflict", "the new e-mail or user id belongs to another user"),
    "notFound": (UNKNOWN_USER, "Iterable has no such user"),
    "invalidData": ("invalid-data", "Iterable refused the values of the row"),
    "invalid": ("invalid-identifier", "Iterable says that the e-mail or user id is malformed"),
}
NO_OTHERS: Mapping[int, Outcome] = {}
_KINDS = {JSON_NAMES[key]: kind for key, kind in REPLY_KINDS.items()}


def is_unknown(key: str, change: Change, named: Identifier, failure: Failure) -> bool:
    """Return whether a row that is known by `key` is named because Iterable does not have its user."""
    # It is not documented which array names an unknown user id, except the deprecated one; the id itself was checked
    # before it was sent.
    key = change.key or key
    doubtful = failure.reason == "invalid" and failure.deprecated and key == "user_id"
    own = named == identifier(REPLY_KINDS[key], change.identity)
    return own and (failure.reason == "notFound" or doubtful)


def rejected(change: Change, named: Identifier, failure: Failure, key: str = "") -> Outcome:
    """Return the outcome of a row that a reply names. `key`: which identifier the row's own identity is, if it is one.

    A forgotten user bars the row's identity only if it is that user. A row that only mentions a forgotten user is
    sent again when it changes.
    """
    outcome = Outcome(change.ordinal, Status.REJECTED, *MEANING[failure.reason])
    own = bool(key) and named == identifier(REPLY_KINDS[change.key or key], change.identity)
    return barring(outcome) if own and failure.reason == "forgotten" else outcome


@dataclass(frozen=True)
class BulkReader:
    """Reads replies in which failed rows are named by their identifiers.

    `fate` returns the outcome of a row that is named; it may be accepted. `allow_dropped_fields`: rows are accepted
    although Iterable dropped some of their fields. `failures` finds what a reply names. `parts` are
    the members of a row's JSON that hold identifiers of its user. `several_of_user`: a request may hold several rows of
    one user, and if the user is named, all of them failed. If the counts say otherwise, the reply is not certain.
    """

    fate: Callable[[Change, Identifier, Failure], Outcome] = rejected
    allow_dropped_fields: bool = False
    failures: Callable[[Mapping[str, object]], Mapping[Identifier, Failure]] = failures_in
    parts: Sequence[str] = ("", "dataFields")
    several_of_user: bool = False

    def read(self, changes: Sequence[Change], reply: Reply, others: Mapping[int, Outcome] = NO_OTHERS) -> BatchResult:
        """Return the outcomes of a 2xx reply. `others`: rows that it refuses in another way than by user."""
        counts = counts_in(reply.body)
        if counts is None or not isinstance(reply.body, dict):
            return BatchResult(Clarity.MALFORMED)
        named = self.failures(reply.body)
        blamed, strange = self._blamed(changes, named, 0 if others else counts.failed)
        alone = len(others.keys() - blamed.keys())
        shared = len(blamed) > len(named)
        by_row = _add_up(counts, len(changes), len(blamed), alone, shared=shared)
        by_user = shared and not others and _counts_users(counts, changes, len(named))
        if strange or not (by_row or by_user):
            return BatchResult(Clarity.UNATTRIBUTED if counts.failed or named or others else Clarity.MALFORMED)
        refused = {
            ordinal: fate for ordinal, fate in {**others, **blamed}.items() if fate.status is not Status.ACCEPTED
        }
        dropped = texts(reply.body.get("filteredOutFields"))
        if dropped and not self.allow_dropped_fields:
            whole = [change for change in changes if change.ordinal not in blamed and change.ordinal not in others]
            refused |= {change.ordinal: _dropped(change, dropped) for change in whole}
        return BatchResult(Clarity.CERTAIN, refused, tuple(dropped), tuple(texts(reply.body.get("createdFields"))))

    def _blamed(
        self, changes: Sequence[Change], named: Mapping[Identifier, Failure], failed: int
    ) -> tuple[dict[int, Outcome], bool]:
        """Return the refused rows by ordinal, and whether a name fits no row, or several rows that may differ."""
        if len(changes) == 1 and failed == 1:
            return {changes[0].ordinal: self._only_one(changes[0], named)}, False
        blamed: dict[int, Outcome] = {}
        owners = self._owners(changes) if named else {}
        for identity, failure in named.items():
            rows = owners.get(identity, ())
            if not rows or (len(rows) > 1 and not self.several_of_user):
                return blamed, True
            for row in rows:
                fate = self.fate(row, identity, failure)
                if fate.bars_identity or row.ordinal not in blamed:
                    blamed[row.ordinal] = fate
        return blamed, False

    def _only_one(self, change: Change, named: Mapping[Identifier, Failure]) -> Outcome:
        """Return the outcome of a single-row request. The reply may name another identifier than the row's own."""
        fates = [self.fate(change, identity, failure) for identity, failure in named.items()]
        nameless = Outcome(change.ordinal, Status.REJECTED, "refused", "Iterable refused the row without a reason")
        return next((fate for fate in fates if fate.bars_identity), (fates or [nameless])[0])

    def _owners(self, changes: Sequence[Change]) -> dict[Identifier, list[Change]]:
        """Return the rows of each identifier, in the identity or in the data: a reply may name either."""
        owners: dict[Identifier, list[Change]] = {}
        for change in changes:
            body = orjson.loads(change.body)
            parts = [(body.get(name) or {}) if name else body for name in self.parts]
            for one in {identifier(_KINDS[n], str(part[n])) for part in parts for n in _KINDS if part.get(n)}:
                owners.setdefault(one, []).append(change)
        return owners


def _add_up(counts: BulkCounts, rows: int, blamed: int, alone: int, *, shared: bool) -> bool:
    """Return whether the counts include every row. Iterable may or may not count `alone` rows without a user.

    `shared`: a user that is named has several rows.
    """
    readings = [(blamed + alone, rows), (blamed, rows - alone)]
    if not shared:  # otherwise the rows without a user, and only some of the user's rows, could have failed
        readings.append((blamed, rows))
    return any(counts.failed == failed and counts.cover(total) for failed, total in readings)


def _counts_users(counts: BulkCounts, changes: Sequence[Change], named: int) -> bool:
    """Return whether the counts are of users, not of rows. No source says which of them Iterable counts."""
    return counts.failed == named and counts.cover(len({change.user for change in changes}))


def _dropped(change: Change, fields: Sequence[str]) -> Outcome:
    names = ", ".join(f"`{name}`" for name in fields[:10])
    return Outcome(
        change.ordinal,
        Status.FAILED,
        "dropped-fields",
        f"Iterable accepted the row but dropped {names}",
        maybe_applied=True,
    )
