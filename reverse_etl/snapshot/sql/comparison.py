"""Builds the SQL of a comparison, with one named query for each part. Runs nothing.

The hash only finds candidates; their values decide. A row is compared in full only if its hash differs from the stored
one. So a false difference costs only a comparison of values.
"""

from __future__ import annotations

from dataclasses import dataclass

from reverse_etl.snapshot.columns.row_layout import RowLayout, StoredTables, ValueColumn
from reverse_etl.snapshot.sql.held_rows import STATE, HeldRows
from reverse_etl.snapshot.sql.paused_rows import PausedRows
from reverse_etl.snapshot.sql.row_checks import reason
from reverse_etl.snapshot.sql.second_identifier import still_there
from reverse_etl.snapshot.sql.type_changes import cast_of, find_type_changes, state_after
from reverse_etl.snapshot.tables import LEFT_AT, Tables
from reverse_etl.warehouses.columns import ColumnKind
from reverse_etl.warehouses.dialect import Dialect


@dataclass(frozen=True)
class Comparison:
    """One model and its sync snapshot.

    - `thorough`: compare every row by its values and ignore the hashes.
    - `acts_on_removed`: the plan includes removed rows.
    - `resends`: every row is sent, as if the destination's values were unknown.
    - `digested`: long texts are compared by their digests, which needs less memory.
    - `writes_nothing`: do not create temporary tables. `refused` is the error code if one was refused.
    - `waiting` selects the rows of a plan that wait, because other calls for the same people were sent a short time
      ago.
    - `notes_rows_left`: the plan also lists rows that left the model or came back, although they are not sent.
    """

    dialect: Dialect
    tables: Tables
    layout: RowLayout
    stored: StoredTables
    acts_on_removed: bool = False
    thorough: bool = False
    resends: bool = False
    digested: bool = False
    writes_nothing: bool = False
    refused: str = ""
    waiting: PausedRows | None = None
    notes_rows_left: bool = False

    @property
    def written(self) -> tuple[str, ...]:
        """Return names of the queries that are written to temporary tables, because they are read more than once."""
        if self.writes_nothing or not self.dialect.writes_temporary:
            return ()
        return ("candidates", "touched", "suspects") if self.layout.keys else ("candidates", "suspects")

    def at(self, title: str) -> str:
        """Return where to read the rows of a named query."""
        return self.dialect.temporary_name(title, self.layout.relation) if title in self.written else title

    def _with(self, few: int | None = None) -> tuple[tuple[str, ...], str]:
        """Return a query as statements: temporary tables first, then the query with its named queries.

        `few`: at most this many candidates, from rows that are on both sides.
        """
        queries = [
            ("model", self.model_rows()),
            ("entries", self._entries()),
            ("candidates", self._candidates(few)),
            ("touched", self._touched()),
            ("suspects", self._suspects()),
            *self._duplicates(),
            ("classified", self._classified()),
            ("gone", self._gone()),
        ]
        first, named = [], []
        for title, query in queries:
            if title not in self.written:
                named.append((title, query))
                continue
            whole = f"{self.dialect.with_clause(named, ())} {query}"
            first.append(self.dialect.create_temporary(self.at(title), whole))
        return tuple(first), self.dialect.with_clause(named, {"candidates"})

    def model_rows(self) -> str:
        """Return the rows of the model, with the columns of the sync snapshot."""
        columns = [f"{self.layout.identity} AS identity"]
        columns += [f"{key.expression} AS {key.name}" for key in self.layout.keys]
        columns += [f"{value.expression} AS {value.name}" for value in self.layout.values]
        return f"SELECT {', '.join(columns)} FROM {self.layout.relation}"

    def _entries(self) -> str:
        """Return live entries. A value without a column yet is NULL; a value of another type is cast."""
        text = self.dialect.text_type
        if not self.stored.columns:
            columns = [f"{self.dialect.null(text)} AS identity"]
            columns += [f"{self.dialect.null(key.type)} AS {key.name}" for key in self.layout.keys]
            columns += [f"{self.dialect.null(value.type)} AS {value.name}" for value in self.layout.values]
            columns += [
                f"{self.dialect.null(self.dialect.hash_type)} AS row_hash",
                f"{self.dialect.null(text)} AS state",
                f"{self.dialect.null(self.dialect.timestamp_type)} AS {LEFT_AT}",
            ]
            return self.dialect.empty_query(", ".join(columns))
        columns = ["identity", *self._key_names()]
        columns += [f"{self._stored_value(value)} AS {value.name}" for value in self.layout.values]
        retyped = find_type_changes(self.layout.values, self.stored.columns)
        columns += ["row_hash", f"{state_after(self.dialect, retyped)} AS state", self._left_at()]
        return f"SELECT {', '.join(columns)} FROM {self.tables.snapshot} WHERE state <> 'absent'"

    def _left_at(self) -> str:
        """Return the column `left_at`, which tables of earlier versions lack."""
        if LEFT_AT in self.stored.columns:
            return LEFT_AT
        return f"{self.dialect.null(self.dialect.timestamp_type)} AS {LEFT_AT}"

    def _stored_value(self, value: ValueColumn) -> str:
        stored = self.stored.columns.get(value.name)
        if stored is None:
            return self.dialect.null(value.type)
        return value.name if stored == value.type else cast_of(self.dialect, value.name, value.type)

    @property
    def _everything(self) -> bool:
        """Return whether every row is compared, so that no search for candidates is needed."""
        return self.thorough or self.resends or not self.stored.fits(self.layout)

    def _candidates(self, few: int | None) -> str:
        keys = ", ".join(f"m.{key} AS {key}, s.{key} AS entry_{key}" for key in self._key_names())
        hash_inputs = self.dialect.row_hash(self.layout.hash_inputs())
        narrow = f"SELECT {', '.join(['identity', *self._key_names()])}, {hash_inputs} AS row_hash FROM model"
        # If its row left the model, an entry without a hash has no difference.
        unequal = "m.row_hash IS NULL OR m.row_hash IS DISTINCT FROM s.row_hash OR s.state <> 'accepted'"
        unequal += f" OR s.{LEFT_AT} IS NOT NULL"
        hint = "1 = 1" if self._everything else unequal
        join, limit = ("FULL OUTER JOIN", "") if few is None else ("JOIN", f" LIMIT {int(few)}")
        return (
            "SELECT m.identity AS identity, s.identity AS entry_identity"
            f"{listed_after(keys)}, m.row_hash AS row_hash, m.row_hash IS NOT NULL AS present,"
            f" s.{LEFT_AT} IS NOT NULL AS left_before"
            f" FROM ({narrow}) m {join} (SELECT {', '.join(['identity', *self._key_names()])}, row_hash, state,"
            f" {LEFT_AT} FROM entries) s ON m.identity = s.identity WHERE {hint}{limit}"
        )

    def _touched(self) -> str:
        """Return identities that differ, or whose row shares its key with a row that differs."""
        found = f"SELECT identity FROM {self.at('candidates')} WHERE present"
        if not self.layout.keys:
            return found
        same = self.dialect.in_subquery(self._key_names(), f"FROM {self.at('candidates')} WHERE present")
        return f"{found} {self.dialect.union} SELECT identity FROM model WHERE {same}"

    def _suspects(self) -> str:
        """Return model rows that may differ by identity, and rows that share a key or an identity with such a row."""
        hash_inputs = self.dialect.row_hash(self.layout.hash_inputs("m."))
        chosen = "IS NOT NULL" if self._everything else f"IN (SELECT identity FROM {self.at('touched')})"
        columns = self._compared("m.") if self.digested else "m.*"
        return f"SELECT {columns}, {hash_inputs} AS row_hash FROM model m WHERE m.identity {chosen}"

    def _compared(self, prefix: str) -> str:
        """Return the columns of a row, with digests in place of long texts."""
        columns = [f"{prefix}{name}" for name in ("identity", *self._key_names())]
        for value in self.layout.values:
            text = self.dialect.digest(self.dialect.as_text(prefix + value.name))
            columns.append(f"{text if self._is_digested(value) else prefix + value.name} AS {value.name}")
        return ", ".join(columns)

    def _is_digested(self, value: ValueColumn) -> bool:
        """Return whether a value is compared by its digest. Values that a requirement checks are not."""
        read = {label for needed in self.layout.requirements for label in (*needed.fields, needed.unless)}
        texts = (ColumnKind.TEXT, ColumnKind.JSON)
        return self.digested and value.kind in texts and value.field.label not in read

    def _compared_null(self, value: ValueColumn) -> str:
        return self.dialect.null(self.dialect.text_type if self._is_digested(value) else value.type)

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
            (f"same_{name}", f"SELECT {columns} FROM ({source}) x GROUP BY {columns} HAVING count(*) > 1")
            for name, (columns, source) in shared.items()
        ]

    def _classified(self) -> str:
        """Return suspects with their kind. Rows without an identity come from the candidates, which avoids a search."""
        old = ", ".join(f"s.{name} AS old_{name}" for name in self._value_names())
        columns = [
            "identity",
            *self._key_names(),
            *(self._compared_null(value) for value in self.layout.values),
            "row_hash",
        ]
        columns += [self._compared_null(value) for value in self.layout.values]
        held = STATE if self.stored.has_rejections else self.dialect.null(self.dialect.text_type)
        return (
            f"SELECT m.*{listed_after(old)}, {self._kind()} AS kind,"
            f" coalesce({reason(self.dialect, self.layout)}, {held}) AS reason"
            f" FROM {self.at('suspects')} m {self._joins()}"
            f" UNION ALL SELECT {', '.join(columns)}, 'invalid', 'null-identifier' FROM {self.at('candidates')}"
            " WHERE present AND identity IS NULL"
        )

    def _joins(self) -> str:
        entries = "entries"
        if self.digested:
            hash_inputs = self.dialect.row_hash(self.layout.hash_inputs("e."))
            entries = (
                f"(SELECT {self._compared('e.')}, e.row_hash, e.state, {hash_inputs} AS value_hash FROM entries e)"
            )
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
            kept = f" AND NOT EXISTS (SELECT 1 FROM classified x WHERE x.kind IN ('invalid', 'quarantined') AND {same})"
        if self.written:
            here = f"SELECT 1 FROM {self.at('suspects')} x WHERE x.identity = c.entry_identity"
            kept += f" AND NOT EXISTS ({here})"
        if self.stored.has_rejections:
            kept += f" AND c.entry_identity NOT IN ({self._held_row_sql.refused_removals()})"
        kept += still_there(self.dialect, self.tables, self.layout, self.stored) if self.acts_on_removed else ""
        keys = listed_after(", ".join(f"c.entry_{key}" for key in self._key_names()))
        return f"SELECT c.entry_identity AS identity{keys} FROM {self.at('candidates')} c WHERE NOT c.present{kept}"

    def _differs(self, value: ValueColumn, new: str = "", old: str = "old_") -> str:
        distinct = self.dialect.differs(new + value.name, old + value.name, json=value.json)
        return f"({new}{value.name} IS NOT NULL AND {distinct})" if value.skips_nulls else f"({distinct})"

    def differing_values(self) -> list[str]:
        """Return tests of whether a value differs between the model row `m` and the entry `s`."""
        return [self._differs(value, "m.", "s.") for value in self.layout.values]

    def moved_keys(self) -> list[str]:
        """Return tests of whether a column of the primary key differs between `m` and `s`."""
        return [f"m.{key} IS DISTINCT FROM s.{key}" for key in self._key_names()]

    @property
    def _held_row_sql(self) -> HeldRows:
        return HeldRows(self.dialect, self.tables, self.stored.notes_requests)

    def key_text(self, alias: str) -> str:
        """Return the key of a row as one text."""
        names = ["identity", *self._key_names()]
        return self.dialect.key_text([f"{alias}.{name}" for name in names])

    def _key_names(self) -> list[str]:
        return [key.name for key in self.layout.keys]

    def _value_names(self) -> list[str]:
        return [value.name for value in self.layout.values]


def listed_after(columns: str) -> str:
    """Return columns with a comma before each of them, to follow others; empty if there are none."""
    return f", {columns}" if columns else ""
