"""Builds the SQL of a comparison, with one named query for each part. Runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reverse_etl.snapshot.columns.row_layout import ValueColumn
from reverse_etl.snapshot.sql.held_rows import STATE, HeldRows
from reverse_etl.snapshot.sql.row_checks import reason
from reverse_etl.snapshot.sql.second_identifier import still_there
from reverse_etl.snapshot.sql.suspects import SuspectSearch, listed_after
from reverse_etl.snapshot.sql.type_changes import is_marked


@dataclass(frozen=True)
class Comparison(SuspectSearch):
    """The named queries of a comparison: suspects with their kind, and entries whose row left the model."""

    def _with(self, few: int | None = None) -> tuple[tuple[str, ...], str]:
        """Return a query as statements: temporary tables first, then the query with its named queries.

        `few`: at most this many candidates, from rows that are on both sides.
        """
        if self.keeps_rows:
            return (), self.dialect.with_clause([("gone", self._gone())], ())
        queries = [
            ("model", self.model_rows()),
            ("entries", self.live_entries()),
            *([("chosen", self.chosen_identities())] if self.chosen is not None else []),
            ("candidates", self._candidates(few)),
            ("touched", self._touched()),
            ("suspects", self._suspects()),
            *self._duplicates(),
            ("classified" if self.chosen is None else "all_classified", self._classified()),
            *([("classified", self._chosen_classified())] if self.chosen is not None else []),
            ("gone", self._gone()),
        ]
        first, named = [], []
        for title, query in queries:
            if title not in self.written:
                named.append((title, query))
                continue
            first.append(self._written_query(title, named, query))
        return tuple(first), self.dialect.with_clause(named, self._read_again)

    @property
    def _read_again(self) -> frozenset[str]:
        """Return the named queries that are computed once, because a statement reads them more than once.

        With keys these are the rows too, unless all rows are compared: they may be too many to keep.
        """
        with_rows = bool(self.layout.keys) and not self._everything
        return frozenset({"candidates", *(("suspects", self._all_classified) if with_rows else ())})

    def _written_query(self, title: str, named: Sequence[tuple[str, str]], query: str) -> str:
        """Return SQL that writes a query, with the named queries that it reads, to its temporary table."""
        return self.dialect.create_temporary(self.at(title), f"{self.dialect.with_clause(named, ())} {query}")

    def kept_candidates(self) -> str:
        """Return SQL that writes the candidates. It names no value of the sync snapshot."""
        return self._written_query("candidates", self._narrow_sides(), self._candidates(None))

    def kept_rows(self) -> tuple[str, str]:
        """Return SQL that writes the suspects, and then the suspects with their kind and the values on both sides."""
        touched = [*self._narrow_sides(), ("touched", self._touched())]
        both = [("entries", self.live_entries()), *self._duplicates()]
        return (
            self._written_query("suspects", touched, self._suspects()),
            self._written_query("classified", both, self._classified()),
        )

    def _narrow_sides(self) -> list[tuple[str, str]]:
        return [("model", self.model_rows()), ("entries", self.narrow_entries())]

    def _duplicates(self) -> list[tuple[str, str]]:
        # Counting finds entries with two rows (`hidden`). In that case every row is a candidate.
        present = f"FROM {self.at('candidates')} WHERE present"
        # The model may change between two statements, so the plan makes sure that each identity is there once.
        named = f"FROM {self.at('suspects')}" if self.written else f"{present} AND identity IS NOT NULL"
        shared = {"identity": ("identity", f"SELECT identity {named}")}
        if self.layout.keys:
            keys = ", ".join(self._key_names())
            nameless = f"SELECT {keys} {present} AND identity IS NULL"
            shared["key"] = (keys, f"SELECT {keys} FROM {self.at('suspects')} UNION ALL {nameless}")
        return [
            (f"same_{name}", self._shared(columns, source) + self._shared_with_old_rows(columns))
            for name, (columns, source) in shared.items()
        ]

    def _shared(self, columns: str, source: str) -> str:
        return f"SELECT {columns} FROM ({source}) x GROUP BY {columns} HAVING count(*) > 1"

    def _shared_with_old_rows(self, columns: str) -> str:
        """Return what follows in a quick comparison: suspects that share an identity or a key with any row."""
        if self.recent is None:
            return ""
        same = self.dialect.in_subquery(columns.split(", "), f"FROM {self.at('suspects')}")
        everywhere = f"SELECT {columns} FROM ({self.all_identities()}) w WHERE {same}"
        return f" {self.dialect.union} {self._shared(columns, everywhere)}"

    def _classified(self) -> str:
        """Return suspects with their kind. Rows without an identity come from the candidates, which avoids a search."""
        old = [f"s.{name} AS old_{name}" for name in self._value_names()]
        old += [f"s.was_{name} AS was_{name}" for name in self.retyped]
        old += [f"{self._entry_state()} AS entry_state"] if self.sends_changed_fields else []
        columns = [
            "identity",
            *self._key_names(),
            *(self._compared_null(value) for value in self.layout.values),
            "row_hash",
        ]
        columns += [self._compared_null(value) for value in self.layout.values]
        columns += [self.dialect.null(self.dialect.text_type)] * len(self.retyped)
        columns += [self.dialect.null(self.dialect.text_type)] if self.sends_changed_fields else []
        held = STATE if self.stored.has_rejections else self.dialect.null(self.dialect.text_type)
        return (
            f"SELECT m.*{listed_after(', '.join(old))}, {self._kind()} AS kind,"
            f" coalesce({reason(self.dialect, self.layout)}, {held}) AS reason"
            f" FROM {self.at('suspects')} m {self._joins()}"
            f" UNION ALL SELECT {', '.join(columns)}, 'invalid', 'null-identifier' FROM {self.at('candidates')}"
            " WHERE present AND identity IS NULL"
        )

    @property
    def _all_classified(self) -> str:
        """Return where to read all suspects with their kind."""
        return self.at("classified") if self.chosen is None else "all_classified"

    def _chosen_classified(self) -> str:
        return f"SELECT * FROM {self._all_classified} WHERE 1 = 1{self._only_chosen('identity')}"

    @property
    def doubtful_values(self) -> frozenset[str]:
        """Return the values whose type changed, by name: in this run, or since the last one."""
        return self.just_retyped | frozenset(self.retyped)

    def _entry_state(self) -> str:
        """Return the state of the entry `s`; `retyped` if only values with a new type are unknown."""
        if not self.doubtful_values:
            return "s.state"
        return f"CASE WHEN {is_marked(self.dialect, 's')} THEN 'retyped' ELSE s.state END"

    def _joins(self) -> str:
        entries = "entries"
        if self.digested:
            hash_inputs = self.dialect.row_hash(self.layout.hash_inputs("e."))
            columns = [self._compared("e."), *(f"e.was_{name}" for name in self.retyped), "e.row_hash", "e.state"]
            entries = f"(SELECT {', '.join(columns)}, {hash_inputs} AS value_hash FROM entries e)"
        joins = f"LEFT JOIN {entries} s ON s.identity = m.identity"
        joins += " LEFT JOIN same_identity i ON i.identity = m.identity"
        if self.layout.keys:
            joins += " LEFT JOIN same_key k ON " + " AND ".join(f"k.{key} = m.{key}" for key in self._key_names())
        if self.stored.has_rejections:
            joins += (
                f" LEFT JOIN ({self._held_row_sql.refused()}) h ON h.identity = m.identity"
                f" AND h.key_text = {self.key_text('m')} AND h.digest = {self.dialect.as_text('m.row_hash')}"
                f" LEFT JOIN ({self._held_row_sql.forgotten()}) f ON f.identity = m.identity"
            )
        return joins

    def _kind(self) -> str:
        differs = self.differing_values()
        again = ["1 = 1" if self.resends else "s.state = 'unknown'"]
        again += self.moved_keys()
        # A skipped NULL keeps its old value, so the hash of the row may differ from the hash of the stored values.
        stored = "s.value_hash" if self.digested else self.dialect.row_hash(self.layout.hash_inputs("s."))
        known = ("m.row_hash", stored)
        stale = " AND ".join(f"s.row_hash IS DISTINCT FROM {hash_inputs}" for hash_inputs in known)
        held = "h.identity IS NOT NULL OR f.identity IS NOT NULL" if self.stored.has_rejections else "1 = 0"
        kinds = [("s.identity IS NULL", "added"), (" OR ".join(differs), "changed"), (" OR ".join(again), "resent")]
        unless_held = (
            f" WHEN {test} THEN CASE WHEN {held} THEN 'quarantined' ELSE '{kind}' END" for test, kind in kinds if test
        )
        return (
            f"CASE WHEN {reason(self.dialect, self.layout)} IS NOT NULL THEN 'invalid'{''.join(unless_held)}"
            f" WHEN {stale} THEN 'stale' ELSE 'unchanged' END"
        )

    def _gone(self) -> str:
        """Return entries whose identity left the model, unless a held row of the model still has their key.

        If nothing is sent for them, each is counted once.
        """
        kept = "" if self.acts_on_removed else " AND NOT c.left_before"
        if self.layout.keys:
            same = " AND ".join(f"x.{key} = c.entry_{key}" for key in self._key_names())
            held = f"SELECT 1 FROM {self._all_classified} x WHERE x.kind IN ('invalid', 'quarantined') AND {same}"
            kept += f" AND NOT EXISTS ({held})"
        if self.written:
            here = f"SELECT 1 FROM {self.at('suspects')} x WHERE x.identity = c.entry_identity"
            kept += f" AND NOT EXISTS ({here})"
        if self.stored.has_rejections:
            kept += f" AND c.entry_identity NOT IN ({self._held_row_sql.refused_removals()})"
        kept += still_there(self.dialect, self.tables, self.layout, self.stored) if self.acts_on_removed else ""
        kept += self._only_chosen("c.entry_identity")
        keys = listed_after(", ".join(f"c.entry_{key}" for key in self._key_names()))
        return f"SELECT c.entry_identity AS identity{keys} FROM {self.at('candidates')} c WHERE NOT c.present{kept}"

    def _differs(self, value: ValueColumn, new: str = "", old: str = "old_") -> str:
        distinct = self.dialect.differs(new + value.name, old + value.name, json=value.json)
        return f"({new}{value.name} IS NOT NULL AND {distinct})" if value.skips_nulls else f"({distinct})"

    def value_differs(self, value: ValueColumn) -> str:
        """Return a test of whether a value of a classified row differs from its entry."""
        return self._differs(value)

    def differing_values(self) -> list[str]:
        """Return tests of whether a value differs between the model row `m` and the entry `s`."""
        return [self._differs(value, "m.", "s.") for value in self.layout.values]

    def moved_keys(self) -> list[str]:
        """Return tests of whether a column of the primary key differs between `m` and `s`."""
        return [f"m.{key} IS DISTINCT FROM s.{key}" for key in self._key_names()]

    @property
    def _held_row_sql(self) -> HeldRows:
        return HeldRows(self.dialect, self.tables, self.stored.notes_requests)

    def chosen_in(self, plan: str) -> str:
        """Return a condition, to follow others, that listed rows of a plan meet; empty if all rows take part."""
        listed = f" AND key_text IN (SELECT {self.key_text('p')} FROM {plan} p)"
        return listed if self.is_part else ""

    def key_text(self, alias: str) -> str:
        """Return the key of a row as one text."""
        names = ["identity", *self._key_names()]
        return self.dialect.key_text([f"{alias}.{name}" for name in names])
