"""Rows that a sync holds back because their user was forgotten, released when another sync let the user back in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reverse_etl.change import FORGOTTEN_USER
from reverse_etl.snapshot.columns.row_layout import RowLayout
from reverse_etl.snapshot.tables import Tables
from reverse_etl.sync import PersonColumn
from reverse_etl.warehouses.base import Reader, Warehouse
from reverse_etl.warehouses.dialect import Dialect

_HELD = f"code = '{FORGOTTEN_USER}' AND state IN ('suppressed', 'rejected')"


@dataclass(frozen=True)
class SyncPeople:
    """Whom the rows in the model of one sync are about."""

    tables: Tables
    layout: RowLayout
    people: Sequence[PersonColumn]

    def query(self, dialect: Dialect) -> str:
        """Return one row for each identifier of each row: `identity`, `person_key`, `person`. Empty without any."""
        return " UNION ALL ".join(
            f"SELECT {self.layout.identity} AS identity, {dialect.literal(key)} AS person_key, {person} AS person"
            f" FROM {self.layout.relation}"
            for key, person in self._identifiers(dialect)
        )

    def _identifiers(self, dialect: Dialect) -> Iterator[tuple[str, str]]:
        values = {value.field.label: value for value in self.layout.values}
        for one in self.people:
            if one.mark:
                yield one.key, f"substr({self.layout.stand_in}, {len(one.mark) + 1})"
            elif not one.label:
                yield one.key, self.layout.identity
            elif one.label in values:
                text = dialect.as_text(values[one.label].expression)
                yield one.key, dialect.lower(f"trim({text})") if one.lowered else text


def find_syncs_with_forgotten_users(reader: Reader, tables: Tables, syncs: Sequence[str]) -> list[str]:
    """Return the syncs, among these, that hold rows back because their user was forgotten."""
    if not syncs:
        return []
    names = ", ".join(map(reader.dialect.literal, syncs))
    rows = reader.query(f"SELECT DISTINCT sync FROM {tables.rejections} WHERE sync IN ({names}) AND {_HELD}")
    return sorted(str(row[0]) for row in rows)


def readmit_people(warehouse: Warehouse, held: SyncPeople, accepted: SyncPeople) -> None:
    """Release the held rows of one sync about people whom the other sync got accepted after the refusal.

    People are compared by every identifier that both models have. Raises WarehouseError.
    """
    dialect = warehouse.dialect
    held_people, accepted_people = held.query(dialect), accepted.query(dialect)
    if not held_people or not accepted_people:
        return
    warehouse.execute(
        f"UPDATE {held.tables.rejections} SET state = 'requeued' WHERE sync = {dialect.literal(held.tables.sync)}"
        f" AND {_HELD} AND EXISTS (SELECT 1 FROM (SELECT h.identity AS readmitted, s.changed_at AS changed_at"
        f" FROM ({held_people}) h JOIN ({accepted_people}) a ON a.person_key = h.person_key AND a.person = h.person"
        f" JOIN {accepted.tables.snapshot} s ON s.identity = a.identity WHERE s.state = 'accepted') x"
        " WHERE x.readmitted = identity AND x.changed_at >= seen_at)"
    )
