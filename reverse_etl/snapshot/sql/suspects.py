"""Builds SQL that finds the rows of a model that may differ from its sync snapshot. Runs nothing.

The hash only finds candidates; their values decide. A row is compared in full only if its hash differs from the stored
one. So a false difference costs only a comparison of values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reverse_etl.snapshot.columns.chosen_rows import ChosenRows
from reverse_etl.snapshot.columns.recent_rows import RecentRows
from reverse_etl.snapshot.columns.row_layout import RowLayout, StoredTables, ValueColumn
from reverse_etl.snapshot.sql.paused_rows import PausedRows
from reverse_etl.snapshot.sql.type_changes import TypeChange, cast_of, find_type_changes, hash_after, state_after
from reverse_etl.snapshot.tables import LEFT_AT, Tables
from reverse_etl.warehouses.columns import ColumnKind
from reverse_etl.warehouses.dialect import Dialect


@dataclass(frozen=True)
class SuspectSearch:
    """One model and its sync snapshot.

    - `thorough`: compare every row by its values and ignore the hashes.
    - `acts_on_removed`: the plan includes removed rows.
    - `resends`: every row is sent, as if the destination's values were unknown.
    - `digested`: long texts are compared by their digests, which needs less memory.
    - `keeps_rows`: candidates, suspects and rows with their kind are in temporary tables that the session still has.
    - `writes_nothing`: do not create temporary tables. `refused` is the error code if one was refused.
    - `waiting` selects the rows of a plan that wait, because other calls for the same people were sent a short time
      ago.
    - `recent`: a quick comparison. Other rows of the model are not read, and entries without a row are left out.
    - `just_retyped`: values whose columns in the sync snapshot got a new type in this run.
    - `sends_changed_fields`: the plan says which rows carry only their changed fields.
    - `notes_rows_left`: the plan also lists rows that left the model or came back, although they are not sent.
    - `edited` are the labels of fields that an edit of the mapping touched.
    - `watches_values`: the counts say what became of values that changed.
    - `chosen`: all other rows are left out, as if nothing about them differed.
    """

    dialect: Dialect
    tables: Tables
    layout: RowLayout
    stored: StoredTables
    acts_on_removed: bool = False
    thorough: bool = False
    resends: bool = False
    digested: bool = False
    keeps_rows: bool = False
    writes_nothing: bool = False
    refused: str = ""
    waiting: PausedRows | None = None
    notes_rows_left: bool = False
    edited: frozenset[str] = frozenset()
    watches_values: bool = False
    sends_changed_fields: bool = False
    chosen: ChosenRows | None = None
    recent: RecentRows | None = None
    just_retyped: frozenset[str] = frozenset()

    @property
    def written(self) -> tuple[str, ...]:
        """Return names of the queries that are written to temporary tables, because they are read more than once."""
        if self.keeps_rows:
            return ("candidates", "suspects", "classified")
        return ("candidates", "suspects") if self.dialect.writes_temporary and not self.writes_nothing else ()

    @property
    def can_be_kept(self) -> bool:
        """Return whether the comparison can begin with identities and hashes, and keep what it finds for the plan."""
        is_plain = not (self.is_part or self.digested or self.writes_nothing)
        return is_plain and self.dialect.keeps_temporary and not self._everything

    def at(self, title: str) -> str:
        """Return where to read the rows of a named query."""
        return self.dialect.temporary_name(title, self.layout.relation) if title in self.written else title

    def model_rows(self) -> str:
        """Return the rows of the model, with the columns of the sync snapshot."""
        columns = [f"{self.layout.identity} AS identity"]
        columns += [f"{key.expression} AS {key.name}" for key in self.layout.keys]
        columns += [f"{value.expression} AS {value.name}" for value in self.layout.values]
        recent = f" WHERE {self.recent.condition}" if self.recent is not None else ""
        return f"SELECT {', '.join(columns)} FROM {self.layout.relation}{recent}"

    def all_identities(self) -> str:
        """Return the identities and keys of all rows of the model, also if the comparison is about recent rows."""
        columns = [
            f"{self.layout.identity} AS identity",
            *(f"{one.expression} AS {one.name}" for one in self.layout.keys),
        ]
        return f"SELECT {', '.join(columns)} FROM {self.layout.relation}"

    @property
    def is_part(self) -> bool:
        """Return whether the comparison leaves out rows, so that it knows nothing about lists of all rows."""
        return self.chosen is not None or self.recent is not None

    def both_sides(self) -> tuple[str, str]:
        """Return the rows of the model, and the live entries of the sync snapshot."""
        return self.model_rows(), self.live_entries()

    def chosen_identities(self) -> str:
        """Return the identities of the rows that the comparison is about; empty if it is about all of them."""
        if self.chosen is None:
            return ""
        test = self.chosen.has_any_key()
        sides = (f"SELECT identity FROM ({query}) r WHERE {test}" for query in self.both_sides())
        return f" {self.dialect.union} ".join(sides)

    def _only_chosen(self, identity: str) -> str:
        """Return a condition, to follow others, that only the chosen rows meet; empty if all rows take part."""
        return f" AND {identity} IN (SELECT identity FROM chosen)" if self.chosen is not None else ""

    def live_entries(self) -> str:
        """Return live entries. A value without a column yet is NULL; a value of another type is cast.

        Of a quick comparison, these are the entries of the rows of the named query `model`.
        """
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
        columns += [f"{self.dialect.as_text(item.name)} AS was_{item.name}" for item in self.retyped.values()]
        retyped = list(self.retyped.values())
        row_hash = f"{hash_after(self.dialect, retyped, 'row_hash')} AS row_hash" if retyped else "row_hash"
        columns += [row_hash, f"{state_after(self.dialect, retyped)} AS state", self._left_at()]
        recent = " AND identity IN (SELECT identity FROM model)" if self.recent is not None else ""
        return f"SELECT {', '.join(columns)} FROM {self.tables.snapshot} WHERE state <> 'absent'{recent}"

    def narrow_entries(self) -> str:
        """Return live entries without their values. The types of values have not changed."""
        columns = ["identity", *self._key_names(), "row_hash", "state", self._left_at()]
        return f"SELECT {', '.join(columns)} FROM {self.tables.snapshot} WHERE state <> 'absent'"

    @property
    def retyped(self) -> Mapping[str, TypeChange]:
        """Return the values with a new type, by name. Their stored values stay readable as text, as `was_…`."""
        return {item.name: item for item in find_type_changes(self.layout.values, self.stored.columns)}

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
        """Return identities that differ, or whose row shares its key with a row that differs.

        A row that does not differ has the key of its entry, because the hash covers keys. So the model is not read.
        """
        found = f"SELECT identity FROM {self.at('candidates')} WHERE present"
        if not self.layout.keys:
            return found
        same = self.dialect.in_subquery(self._key_names(), f"FROM {self.at('candidates')} WHERE present")
        return f"{found} {self.dialect.union} SELECT identity FROM entries WHERE {same}"

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
            columns.append(f"{text if self.is_digested(value) else prefix + value.name} AS {value.name}")
        return ", ".join(columns)

    def is_digested(self, value: ValueColumn) -> bool:
        """Return whether a value is compared by its digest. Values that a requirement checks are not."""
        read = {label for needed in self.layout.requirements for label in (*needed.fields, needed.unless)}
        texts = (ColumnKind.TEXT, ColumnKind.JSON)
        return self.digested and value.kind in texts and value.field.label not in read

    def _compared_null(self, value: ValueColumn) -> str:
        return self.dialect.null(self.dialect.text_type if self.is_digested(value) else value.type)

    def _key_names(self) -> list[str]:
        return [key.name for key in self.layout.keys]

    def _value_names(self) -> list[str]:
        return [value.name for value in self.layout.values]


def listed_after(columns: str) -> str:
    """Return columns with a comma before each of them, to follow others; empty if there are none."""
    return f", {columns}" if columns else ""
