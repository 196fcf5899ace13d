"""Builds SQL that sorts the rows of a model into added, changed, removed, invalid and held. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reverse_etl.errors import OUT_OF_MEMORY
from reverse_etl.snapshot.columns.row_layout import ValueColumn
from reverse_etl.snapshot.columns.row_order import sort_keys
from reverse_etl.snapshot.sql.comparison import Comparison
from reverse_etl.snapshot.sql.suspects import listed_after
from reverse_etl.snapshot.sql.value_changes import ChangedValues
from reverse_etl.snapshot.tables import NOTES_FROM, REMOVALS_FROM
from reverse_etl.warehouses.statements import Statements

SENDABLE = ("added", "changed", "resent")
# Error codes that can mean that a temporary table was refused. If the cause is another, the error comes again.
_MAY_NOT_WRITE = ("permission-denied", "relation-not-found", "read-only", "snowflake-error", "bigquery-error")
# How many totals the counts end with.
TOTALS = 13
# How many characters of a value are shown.
_LONGEST_SAMPLE = 2_000


@dataclass(frozen=True)
class Diff(Comparison):
    """The statements of a comparison."""

    def easier(self, code: str) -> Diff | None:
        """Return the same comparison by other means that may work after this error code; None if there are none."""
        if code == OUT_OF_MEMORY and not self.digested:
            return replace(self, digested=True, keeps_rows=False)
        if code not in _MAY_NOT_WRITE:
            return None
        if self.keeps_rows:  # the session may have ended, and the tables with it
            return replace(self, keeps_rows=False)
        plain = replace(self, writes_nothing=True, refused=code)
        return plain if self.written or self.can_be_kept else None

    def by_means_of(self, other: Diff) -> Diff:
        """Return this comparison with the means by which another one worked."""
        return replace(self, digested=other.digested, writes_nothing=other.writes_nothing, refused=other.refused)

    def counts(self) -> Statements:
        """Return one row for each kind and reason: kind, reason, rows, rows in which each value differs, and more.

        More is: rows that differ only in edited fields, what became of changed values (as text, see `ChangedValues`),
        and totals. Only the row of kind `total` has totals: rows of the model, live entries of the sync snapshot, model
        rows without entry, entries without model row, rows that came back, entries noted as left, changed identities,
        refused removals, keys listed as refused, rows listed as invalid, the highest fence, rows and entries that a
        quick comparison leaves out. The reason of a quarantined row is its listed state.
        """
        zeros = ", 0" * len(self.layout.values) + ", 0, ''"
        first, named = self._with()
        total = f"SELECT 'total', '', 0{zeros}, {self._totals()}"
        return Statements(first, f"{named} {total} UNION ALL {self._kinds(zeros)}")

    def narrow_counts(self) -> Statements:
        """Return the first half of `counts` for a comparison that is kept: one row, candidates and totals."""
        counted = f"SELECT (SELECT count(*) FROM {self.at('candidates')}), {self._totals()}"
        return Statements((self.kept_candidates(),), counted)

    def row_counts(self) -> Statements:
        """Return the second half of `counts`: the rows for each kind and reason. There are candidates."""
        zeros = ", 0" * len(self.layout.values) + ", 0, ''"
        _, named = self._with()
        return Statements(self.kept_rows(), f"{named} {self._kinds(zeros)}")

    def total_row(self, totals: Sequence[object]) -> tuple[object, ...]:
        """Return the totals of `narrow_counts` as a row of `counts`."""
        return ("total", "", 0, *[0] * len(self.layout.values), 0, "", *totals)

    def _kinds(self, zeros: str) -> str:
        fields = "".join(f", sum(CASE WHEN {self._differs(value)} THEN 1 ELSE 0 END)" for value in self.layout.values)
        none = ", 0" * TOTALS
        watched = ChangedValues(self) if self.watches_values and self.stored.columns else None
        statistics = watched.statistics() if watched is not None else "''"
        classified = watched.source() if watched is not None else self.at("classified")
        return (
            f"SELECT kind, coalesce(reason, ''), count(*){fields}, {self._edited_only()}, {statistics}{none}"
            f" FROM {classified} GROUP BY 1, 2"
            f" UNION ALL SELECT 'removed', '', count(*){zeros}{none} FROM gone"
        )

    def _totals(self) -> str:
        candidates = self.at("candidates")
        held = self._held_row_sql.totals(candidates if self.acts_on_removed and self.chosen is None else None)
        whole = self.recent is None
        model = self.layout.relation if whole else "model"
        entries = f"{self.tables.snapshot} WHERE state <> 'absent'" if whole and self.stored.columns else "entries"
        newest = f"(SELECT coalesce(max(fence), 0) FROM {self.tables.snapshot})" if self.stored.columns else "0"
        tests = {
            "without_entry": "present AND entry_identity IS NULL",
            "without_row": "NOT present",
            "returned": "present AND left_before",
            "noted": "left_before",
        }
        counted = ", ".join(f"count(CASE WHEN {test} THEN 1 END) AS {name}" for name, test in tests.items())
        return (
            f"(SELECT count(*) FROM {model}), (SELECT count(*) FROM {entries}),"
            f" t.{', t.'.join(tests)}, {self._identity_changes()},"
            f" {held if self.stored.has_rejections and whole else '0, 0, 0'}, {newest}, {self._left_out()}"
            f" FROM (SELECT {counted} FROM {candidates}) t"
        )

    def _left_out(self) -> str:
        """Return how many rows of the model, and how many live entries, a quick comparison leaves out."""
        if self.recent is None:
            return "0, 0"
        rows = f"SELECT count(*) FROM {self.layout.relation}"
        entries = f"SELECT count(*) FROM {self.tables.snapshot} WHERE state <> 'absent'"
        return f"({rows}) - (SELECT count(*) FROM model), ({entries}) - (SELECT count(*) FROM entries)"

    def _edited_only(self) -> str:
        """Return the number of changed rows that differ only in fields that an edit of the mapping touched."""
        if not self.edited:
            return "0"
        others = [self._differs(value) for value in self.layout.values if value.field.label not in self.edited]
        only = f" AND NOT ({' OR '.join(others)})" if others else ""
        return f"count(CASE WHEN kind = 'changed'{only} THEN 1 END)"

    def plan(self, table: str) -> Statements:
        """Return SQL that writes the plan table: every sendable and every invalid row, numbered. Removals come last.

        Rows that wait come after rows that do not wait. Otherwise they have the order of the layout, if it has one.
        """
        waiting, keys = self.waiting, sort_keys(self.dialect, self.layout, "p")
        last = ["waits"] if waiting else []
        rows = self._planned()
        if last or keys:
            planned = f"(SELECT {rows})"
            rows = f"p.* FROM {waiting.with_waits(planned, 'p') if waiting else f'{planned} p'}"
        first, named = self._with()
        statement = f"{named} SELECT {self._number(0, [*last, *keys])}, {rows}"
        if self.acts_on_removed:
            gone = waiting.with_waits("gone", "g", removed=True) if waiting else "gone g"
            statement += self._without_values(self._number(REMOVALS_FROM, last), "removed", gone, "g.waits")
        statement += "".join(self._notes())
        return Statements(first, self.dialect.create_plan(table, statement))

    def _notes(self) -> Iterator[str]:
        """Return rows that left the model, if nothing is sent for them, and rows that came back since."""
        if not self.notes_rows_left:
            return
        if not self.acts_on_removed:
            yield self._without_values(self._number(NOTES_FROM), "left", "gone g", "0")
        columns = ", ".join(["entry_identity AS identity", *(f"entry_{key}" for key in self._key_names())])
        returned = f"(SELECT {columns} FROM {self.at('candidates')} WHERE present AND left_before) g"
        yield self._without_values(self._number(2 * NOTES_FROM), "returned", returned, "0")

    def _number(self, start: int, keys: Sequence[str] = ()) -> str:
        """Return the ordinal of a row, from `start` on, in the order of these keys."""
        number = f"row_number() OVER (ORDER BY {', '.join(keys)})" if keys else self.dialect.row_number()
        return f"CAST({number} - 1 + {start} AS {self.dialect.integer_type}) AS ordinal"

    def _without_values(self, number: str, kind: str, source: str, waits: str) -> str:
        """Return rows of the plan that hold only their identity and key; `source` has them as `g`."""
        nothing = self.dialect.null(self.dialect.text_type)
        columns = [number, f"'{kind}'", nothing, "g.identity", self.dialect.null(self.dialect.hash_type), nothing]
        columns += [f"g.entry_{key.name}" for key in self.layout.keys]
        columns += [f"{self.dialect.null(value.type)} AS {value.name}" for value in self.layout.values]
        columns += [waits] if self.waiting else []
        return f" UNION ALL SELECT {', '.join(columns)} FROM {source}"

    def _planned(self) -> str:
        """Return the rows of the model for the plan, after their number."""
        kinds = "(" + ", ".join(f"'{kind}'" for kind in (*SENDABLE, "invalid")) + ")"
        names = self._key_names() + self._value_names()
        head = "c.kind AS kind, c.reason AS reason, c.identity AS identity, c.row_hash AS row_hash"
        changed = f"{self._changed_names()} AS changed"
        classified = f"{self.at('classified')} c{self._refused_before()}"
        if not self.digested:
            planned = listed_after(", ".join(f"c.{name}" for name in names))
            return f"{head}, {changed}{planned} FROM {classified} WHERE c.kind IN {kinds}"
        # Rows that are sent have a unique identity. The values of other rows are not read.
        columns = [f"c.{key} AS {key}" for key in self._key_names()]
        columns += [f"w.{name} AS {name}" for name in self._value_names()]
        identity = "CASE WHEN c.kind <> 'invalid' THEN c.identity END AS sent"
        chosen = f"SELECT c.*, {changed}, {identity} FROM {classified} WHERE c.kind IN {kinds}"
        planned = listed_after(", ".join(columns))
        return f"{head}, c.changed AS changed{planned} FROM model w RIGHT JOIN ({chosen}) c ON w.identity = c.sent"

    def sendable(self) -> Statements:
        """Return the rows of the plan that come from the model, without writing it; the ordinal is always 0."""
        first, named = self._with()
        return Statements(first, f"{named} SELECT 0 AS ordinal, {self._planned()}")

    def first_identities(self, rows: int) -> Statements:
        """Return kind and identity of the first `rows` rows of each kind that is sent, in the order of identities."""
        kinds = ", ".join(f"'{kind}'" for kind in SENDABLE)
        sent = f"SELECT kind, identity FROM {self.at('classified')} WHERE kind IN ({kinds})"
        sent += " UNION ALL SELECT 'removed', identity FROM gone" if self.acts_on_removed else ""
        number = "row_number() OVER (PARTITION BY kind ORDER BY identity)"
        first, named = self._with()
        chosen = f"(SELECT kind, identity, {number} AS place FROM ({sent}) s) r WHERE place <= {int(rows)}"
        return Statements(first, f"{named} SELECT kind, identity FROM {chosen} ORDER BY kind, identity")

    def rows_of(self, identities: Sequence[str]) -> Statements:
        """Return the rows of the plan with these identities, without writing it; the ordinal is always 0."""
        rows = f"SELECT 0 AS ordinal, {self._planned()}"
        rows += self._without_values("0", "removed", "gone g", "0") if self.acts_on_removed else ""
        listed = ", ".join(map(self.dialect.literal, identities))
        first, named = self._with()
        return Statements(first, f"{named} SELECT p.* FROM ({rows}) p WHERE p.identity IN ({listed})")

    def states_of(self, identities: Sequence[str]) -> str:
        """Return a query for the states of the entries with these identities; a row without an entry has none."""
        listed = ", ".join(map(self.dialect.literal, identities))
        return f"SELECT identity, state FROM {self.tables.snapshot} WHERE identity IN ({listed})"

    def samples(self, rows: int) -> Statements:
        """Return a few changed rows as text: identity, then for each value whether it differs, old value, new value."""
        parts = []
        for value in self.layout.values:
            texts = [self.dialect.as_text(name) for name in (f"old_{value.name}", value.name)]
            parts += [f"CASE WHEN {self._differs(value)} THEN 1 ELSE 0 END"]
            parts += [f"substr({text}, 1, {_LONGEST_SAMPLE})" for text in texts]
        chosen = f"FROM {self.at('classified')} WHERE kind = 'changed' LIMIT {int(rows)}"
        # A few candidates are enough, so the search can stop early. Not all of them are `changed`.
        enough = None if self._everything else 5 * rows
        first, named = self._with(enough)
        return Statements(first, f"{named} SELECT identity{listed_after(', '.join(parts))} {chosen}")

    def _identity_changes(self) -> str:
        if not self.layout.keys:
            return "0"
        same = " AND ".join(f"x.entry_{key} = c.{key}" for key in self._key_names())
        return (
            f"(SELECT count(*) FROM {self.at('candidates')} c WHERE c.identity IS NOT NULL AND c.entry_identity IS NULL"
            f" AND EXISTS (SELECT 1 FROM {self.at('candidates')} x WHERE NOT x.present AND {same})"
            f"{self._only_chosen('c.identity')})"
        )

    def _changed_names(self) -> str:
        """Return the positions of the changed fields in the definition, such as `0,3,`; after `*,` if all fields go."""
        cases = [f"CASE WHEN {self._may_be_partial()} THEN '' ELSE '*,' END"] if self.sends_changed_fields else []
        cases += [
            f"CASE WHEN {self._is_sent(value)} THEN '{n},' ELSE '' END" for n, value in enumerate(self.layout.values)
        ]
        return self.dialect.concat_texts(cases) if cases else "''"

    def _is_sent(self, value: ValueColumn) -> str:
        """Return a test of whether a field of `c` differs, or its stored value was lost when its type changed."""
        if not (self.sends_changed_fields and value.name in self.doubtful_values):
            return self._differs(value)
        return f"{self._differs(value)} OR c.entry_state = 'retyped'"

    def _may_be_partial(self) -> str:
        """Return a test of `c`: the destination is known to hold the entry, so the changed fields are enough.

        A row that was refused, or arrived only in part, goes whole when it is sent again.
        """
        if self.resends:
            return "1 = 0"
        known = "c.kind IN ('changed', 'resent') AND c.entry_state IN ('accepted', 'retyped')"
        return f"{known} AND r.refused IS NULL" if self.stored.has_rejections else known

    def _refused_before(self) -> str:
        """Return a join of `c` with the rows that did not arrive in an earlier run."""
        if not (self.sends_changed_fields and self.stored.has_rejections):
            return ""
        refused = f"SELECT identity AS refused FROM ({self._held_row_sql.listed()}) h"
        return f" LEFT JOIN ({refused}) r ON r.refused = c.identity"
