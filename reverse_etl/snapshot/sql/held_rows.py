"""Builds SQL about held rows of a sync, from the table of rejections. Runs nothing."""

from __future__ import annotations

from dataclasses import dataclass

from reverse_etl.change import FORGOTTEN_USER
from reverse_etl.snapshot.tables import Tables
from reverse_etl.warehouses.dialect import Dialect

# If the rejection has a request, the row failed while it was encoded, and stays held until its values change. Otherwise
# it is invalid by the comparison, which checks it in every run.
UNSENDABLE = "state = 'invalid' AND request_rows IS NOT NULL"
# The listed state of a held row, from its refusal `h` or the suppression `f` of its identity.
STATE = "coalesce(h.state, CASE WHEN f.identity IS NOT NULL THEN 'suppressed' END)"


@dataclass(frozen=True)
class HeldRows:
    """Queries over the rejections of one sync. `notes_requests`: the table has columns that earlier versions lacked."""

    dialect: Dialect
    tables: Tables
    notes_requests: bool = True

    def refused(self) -> str:
        """Return quarantined values: one row with its state for each key and digest that is not sent again yet.

        A row about a forgotten person is `forgotten`.
        """
        known = f"CASE WHEN code = '{FORGOTTEN_USER}' THEN 'forgotten' ELSE state END"
        return (
            f"SELECT identity, key_text, digest, min({known}) AS state {self._listed}"
            f" AND {self._refused('rejected', 'skipped')} AND {self._waiting} GROUP BY identity, key_text, digest"
        )

    def refused_removals(self) -> str:
        """Return identities whose removal the destination refused. A removed row has no values, and so no digest."""
        removed = f"{self._refused('rejected')} AND digest IS NULL AND identity IS NOT NULL"
        return f"SELECT identity {self._listed} AND {removed} AND {self._waiting}"

    def listed(self) -> str:
        """Return the identities of all rows that did not arrive in an earlier run, or only in part."""
        return f"SELECT DISTINCT identity {self._listed} AND identity IS NOT NULL"

    def forgotten(self) -> str:
        """Return identities that the destination was asked to forget. They are never sent again with any values."""
        return f"SELECT DISTINCT identity {self._listed} AND state = 'suppressed'"

    def totals(self, candidates: str | None) -> str:
        """Return three counts: entries with a refused removal, keys listed as refused, and rows listed as invalid.

        The first one comes from `candidates`. Without them, removed rows are not checked.
        """
        refused = f"NOT present AND entry_identity IN ({self.refused_removals()})"
        removals = f"(SELECT count(*) FROM {candidates} WHERE {refused})" if candidates else "0"
        keys = f"{self._refused('rejected', 'skipped')} AND identity NOT IN ({self.forgotten()})"
        invalid = f"state = 'invalid'{' AND request_rows IS NULL' if self.notes_requests else ''}"
        return (
            f"{removals}, (SELECT count(DISTINCT key_text) {self._listed} AND {keys}),"
            f" (SELECT count(*) {self._listed} AND {invalid})"
        )

    def _refused(self, *states: str) -> str:
        unsendable = f" OR {UNSENDABLE}" if self.notes_requests else ""
        return f"(state IN ({', '.join(map(self.dialect.literal, states))}){unsendable})"

    @property
    def _waiting(self) -> str:
        return f"(retry_at IS NULL OR retry_at > {self.dialect.now()})"

    @property
    def _listed(self) -> str:
        return f"FROM {self.tables.rejections} WHERE sync = {self.dialect.literal(self.tables.sync)}"
