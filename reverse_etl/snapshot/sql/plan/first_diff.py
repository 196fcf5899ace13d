"""Builds SQL for a sync without entries and without held rows: every sound row is new. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from reverse_etl.errors import OUT_OF_MEMORY
from reverse_etl.snapshot.columns.row_order import sort_keys
from reverse_etl.snapshot.sql.diff import TOTALS, Diff
from reverse_etl.snapshot.sql.row_checks import reason
from reverse_etl.snapshot.sql.suspects import listed_after
from reverse_etl.snapshot.sql.type_changes import TypeChange
from reverse_etl.warehouses.statements import Statements


@dataclass(frozen=True)
class FirstDiff(Diff):
    """The statements of a comparison with nothing: they read the model only, and join no value.

    Rows with the same identity or key are searched by the hash of it, which needs little memory. The search for equal
    identities among equal hashes stops at once if there are none.
    """

    @property
    def written(self) -> tuple[str, ...]:
        return ()

    @property
    def can_be_kept(self) -> bool:
        return False

    @property
    def retyped(self) -> Mapping[str, TypeChange]:
        return {}

    def easier(self, code: str) -> Diff | None:
        return self._with_joins().easier(code) if code == OUT_OF_MEMORY else None

    def by_means_of(self, other: Diff) -> Diff:
        return self._with_joins().by_means_of(other) if other.digested else self

    def _with_joins(self) -> Diff:
        """Return the comparison with the empty tables, which gives the same rows."""
        return Diff(**{one.name: getattr(self, one.name) for one in fields(self)})

    def counts(self) -> Statements:
        """Return the same columns as for a comparison. No value of a row is counted."""
        first, named = self._with()
        nothing = ", 0" * len(self.layout.values) + ", 0, ''"
        rows = "(SELECT count(*) FROM model)"
        return Statements(
            first,
            f"{named} SELECT 'total', '', 0{nothing}, {rows}, 0, {rows}{', 0' * (TOTALS - 3)}"
            f" UNION ALL SELECT kind, coalesce(reason, ''), count(*){nothing}{', 0' * TOTALS}"
            " FROM classified GROUP BY 1, 2",
        )

    def plan(self, table: str) -> Statements:
        """Return SQL that writes the plan table.

        Every row of the model is in it, so rows are numbered as they are read. After a join, a window would hold all
        rows at once.
        """
        if self.waiting or sort_keys(self.dialect, self.layout, "p"):
            return super().plan(table)
        numbered = f"(SELECT n.*, {self._number(0)} FROM model n)"
        query = f"{self._named(numbered)} SELECT c.ordinal AS ordinal, {self._planned()}"
        return Statements((), self.dialect.create_plan(table, query))

    def _planned(self) -> str:
        columns = ("kind", "reason", "identity", "row_hash", "changed", *self._key_names(), *self._value_names())
        return f"{', '.join(f'c.{name} AS {name}' for name in columns)} FROM classified c"

    def _with(self, few: int | None = None) -> tuple[tuple[str, ...], str]:
        del few
        return (), self._named("model")

    def _named(self, rows: str) -> str:
        """Return the named queries. `rows` is where to read the rows of the model, with or without their numbers."""
        # Without entries, no row is too old to matter.
        model = replace(self, recent=None).model_rows()
        queries = [("model", model), *self._duplicates(), ("classified", self._classified_rows(rows))]
        return self.dialect.with_clause([*queries, ("gone", self._gone())], ())

    def _duplicates(self) -> list[tuple[str, str]]:
        shared = {"identity": [("identity", self.dialect.text_type)]}
        if self.layout.keys:
            shared["key"] = [(key.name, key.type) for key in self.layout.keys]
        return [query for name, columns in shared.items() for query in self._same(name, columns)]

    def _same(self, name: str, columns: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        """Return queries for the values of these columns that more than one row has. Values with a NULL do not count.

        A filter on NULL would compute each column again.
        """
        names = [column for column, _ in columns]
        listed, hashed = ", ".join(names), self.dialect.row_hash(columns)
        counted = " AND ".join(f"count({column}) > 1" for column in names)
        hashes = f"SELECT {listed}, {hashed} AS hashed FROM model"
        yield f"equal_{name}", f"SELECT hashed FROM ({hashes}) x GROUP BY hashed HAVING {counted}"
        suspects = f"FROM model WHERE {hashed} IN (SELECT hashed FROM equal_{name})"
        yield f"same_{name}", f"SELECT {listed} {suspects} GROUP BY {listed} HAVING count(*) > 1"

    def _classified_rows(self, rows: str) -> str:
        text = self.dialect.null(self.dialect.text_type)
        old = [f"{self.dialect.null(value.type)} AS old_{value.name}" for value in self.layout.values]
        old += [f"{text} AS entry_state"] if self.sends_changed_fields else []
        # A new row has all its fields.
        old += [f"{text} AS changed"]
        hash_inputs = self.dialect.row_hash(self.layout.hash_inputs("m."))
        why = f"CASE WHEN m.identity IS NULL THEN 'null-identifier' ELSE {reason(self.dialect, self.layout)} END"
        joins = "LEFT JOIN same_identity i ON i.identity = m.identity"
        if self.layout.keys:
            joins += " LEFT JOIN same_key k ON " + " AND ".join(f"k.{key} = m.{key}" for key in self._key_names())
        checked = f"SELECT m.*, {hash_inputs} AS row_hash, {why} AS reason FROM {rows} m {joins}"
        kind = "CASE WHEN c.reason IS NULL THEN 'added' ELSE 'invalid' END AS kind"
        return f"SELECT c.*{listed_after(', '.join(old))}, {kind} FROM ({checked}) c"

    def _gone(self) -> str:
        columns = [f"{self.dialect.null(self.dialect.text_type)} AS identity"]
        columns += [f"{self.dialect.null(key.type)} AS entry_{key.name}" for key in self.layout.keys]
        return self.dialect.empty_query(", ".join(columns))

    def _notes(self) -> Iterator[str]:
        yield from ()
