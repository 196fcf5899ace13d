"""The warehouse contract, first level: what every adapter does with one connection. Fixtures are the adapter's own.

`warehouse` is an empty one that can be written; `reopen(read_only=...)` opens the same one again; `typed` is one type:
two different values in SQL, more that are easily mixed up, and the kind of its column.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from reverse_etl.cost import total
from reverse_etl.errors import WarehouseError
from reverse_etl.warehouses.columns import ColumnKind
from reverse_etl.warehouses.mark import Mark
from tests.contracts.sync_harness import WORKER

ODD_NAMES = (
    "select",
    "Mixed Case",
    "ünï-cödé ✓",
    'with "quotes"',
    "semi;colon--",
    "identity",
    "row_hash",
    "state",
    "m",
)
ODD_TEXTS = ("", " ", "it's", "back\\slash", "two\nlines", 'a "word"', "%s ? :x $1", "emoji 🙂", "-- no comment", "{}")


# Dropped where the tests run on an account, where others of them may run at once.
SCHEMA, ODD_SCHEMA = f"reverse_etl_test{WORKER}", f'reverse_etl "test"{WORKER}'
# What is sent of a type that cannot be.
REFUSED = ("unsendable-type",)


@dataclass(frozen=True)
class Typed:
    """Two different values of one type in SQL, the kind of its columns, and more values that are easily confused.

    `sent`: the JSON that Iterable receives for the two, or REFUSED; empty where that is not said.
    """

    first: str
    second: str
    kind: ColumnKind
    alike: tuple[str, ...] = ()
    sent: tuple[object, ...] = ()


class AdapterContract:
    """One connection: columns, types, batches, counts, quoting, refusals. `SERIES` are the numbers below 10,000."""

    SERIES = "SELECT i FROM generate_series(0, 9999) t(i)"
    # What the warehouse reports of a statement's cost, beyond what can be counted here.
    told: tuple[str, ...] = ()

    @pytest.fixture
    def numbers(self, warehouse):
        """A table of 10,000 whole numbers."""
        warehouse.create_schema(SCHEMA)
        table = warehouse.table(SCHEMA, "numbers")
        warehouse.execute(f"CREATE TABLE {table} AS {self.SERIES}")
        return table

    def test_columns_come_in_their_order_with_kind_and_type(self, warehouse):
        d = warehouse.dialect
        warehouse.create_schema(SCHEMA)
        table = warehouse.table(SCHEMA, "ordered")
        warehouse.execute(f"CREATE TABLE {table} (b {d.text_type}, a {d.integer_type}, c {d.boolean_type})")
        assert [(column.name, column.kind) for column in warehouse.columns(table)] == [
            ("b", ColumnKind.TEXT),
            ("a", ColumnKind.INTEGER),
            ("c", ColumnKind.BOOLEAN),
        ]

    def test_type_is_known_by_its_kind(self, warehouse, typed):
        warehouse.create_schema(SCHEMA)
        table = warehouse.table(SCHEMA, "typed")
        warehouse.execute(f"CREATE TABLE {table} AS SELECT {typed.first} AS v")
        (column,) = warehouse.columns(table)
        assert column.kind is typed.kind
        warehouse.execute(f"CREATE TABLE {warehouse.table(SCHEMA, 'again')} (v {column.type})")
        assert warehouse.columns(warehouse.table(SCHEMA, "again")) == (column,)

    def test_missing_relation_has_no_columns(self, warehouse):
        assert warehouse.columns(warehouse.table(SCHEMA, "nowhere")) is None
        warehouse.create_schema(SCHEMA)
        assert warehouse.columns(warehouse.table(SCHEMA, "nowhere")) is None

    def test_missing_relation_in_a_query_is_named(self, warehouse):
        with pytest.raises(WarehouseError) as raised:
            warehouse.query(f"SELECT * FROM {warehouse.table(SCHEMA, 'nowhere')}")
        assert raised.value.code == "relation-not-found"
        assert "nowhere" in str(raised.value.context).lower()

    def test_query_binds_its_parameters(self, warehouse):
        row = warehouse.query("SELECT ?, ?, ?", ("it's ? \\ ", 7, None))[0]
        assert tuple(row) == ("it's ? \\ ", 7, None)

    def test_statements_are_marked_whatever_the_mark_says(self, warehouse, numbers):
        with warehouse.session(Mark("a1b2", 'it\'s 100 % */ ? "x"', "look")):
            mark = "/* reverse_etl invocation=a1b2 sync=it_s_100_________x_ step=look */"
            assert warehouse.with_mark("SELECT 1") in (f"{mark} SELECT 1", f"SELECT 1 {mark}")
            assert warehouse.query("SELECT ?", ("a",)) == [("a",)]
            assert warehouse.execute(f"DELETE FROM {numbers} WHERE i < ?", (9_000,)) == 9_000
            assert sum(batch.num_rows for batch in warehouse.batches(f"SELECT i FROM {numbers}", 100)) == 1_000
            assert warehouse.columns(numbers) is not None

    def test_marks_are_those_of_the_innermost_session_and_step(self, warehouse, numbers):
        marks = []
        with warehouse.session(Mark("a1b2", "users")) as session:
            with session.step("look"), session.idle(), session.step("send"):
                assert session.query(f"SELECT count(*) FROM {numbers}") == [(10_000,)]
                marks.append(session.mark)
            with session.session(Mark("a1b2", "orders", "plan")):
                marks.append(session.mark)
            assert session.query("SELECT 1") == [(1,)]
            marks.append(session.mark)
        marks.append(warehouse.mark)
        users = Mark("a1b2", "users")
        assert marks == [Mark("a1b2", "users", "send"), Mark("a1b2", "orders", "plan"), users, Mark()]

    def test_what_statements_cost_is_told_by_sync_and_step(self, warehouse, numbers):
        for number in range(3):
            with warehouse.session(Mark("a1b2", "users", "look")):
                assert len(warehouse.query(f"SELECT i FROM {numbers} WHERE i < {number + 1}")) == number + 1
            with warehouse.session(Mark("a1b2", "users", "send")):
                assert sum(batch.num_rows for batch in warehouse.batches(f"SELECT i FROM {numbers}", 1_000)) == 10_000
        with warehouse.session(Mark("a1b2", "users", "send")):
            assert warehouse.execute(f"DELETE FROM {numbers} WHERE i < ?", (100,)) == 100
        with warehouse.session(Mark("a1b2", "orders", "look")):
            with pytest.raises(WarehouseError):
                warehouse.query(f"SELECT nowhere FROM {numbers}")
            of_users = warehouse.costs("users")
            spent = {(one.step, one.statement.lower()): one.cost for one in of_users if one.cost.rows_written == 0}
            read = {place: (cost.statements, cost.rows_read) for place, cost in spent.items() if cost.rows_read}
            assert read == {("look", "select numbers"): (3, 6), ("send", "select numbers"): (3, 30_000)}
            assert all(cost.seconds > 0 for cost in spent.values())
            written = total(one.cost for one in of_users).rows_written
            refused = total(one.cost for one in warehouse.costs("orders") if one.step == "look")
            assert (written, refused.statements, refused.rows_read) == (100, 1, 0)
            for field in self.told:
                assert getattr(spent["look", "select numbers"], field) is not None

    def test_execute_counts_the_rows_it_touched(self, warehouse, numbers):
        assert warehouse.execute(f"UPDATE {numbers} SET i = i WHERE i < ?", (10,)) == 10
        assert warehouse.execute(f"UPDATE {numbers} SET i = i WHERE i < 0") == 0
        assert warehouse.execute(f"DELETE FROM {numbers} WHERE i >= 9990") == 10
        assert warehouse.execute(f"INSERT INTO {numbers} VALUES (1), (2)") == 2

    def test_statement_fails_as_a_whole(self, warehouse, numbers):
        with pytest.raises(WarehouseError):
            warehouse.execute(f"UPDATE {numbers} SET i = CAST(CASE WHEN i = 5000 THEN 'x' ELSE '1' END AS INTEGER)")
        assert warehouse.query(f"SELECT count(*), max(i) FROM {numbers}") == [(10_000, 9_999)]

    def test_create_schema_twice_is_harmless(self, warehouse):
        for _ in range(2):
            warehouse.create_schema(ODD_SCHEMA)
        table = warehouse.table(ODD_SCHEMA, "odd ; table")
        warehouse.execute(f"CREATE TABLE {table} (a {warehouse.dialect.text_type})")
        assert warehouse.columns(table) is not None

    def test_batches_stream_every_row_once(self, warehouse, numbers):
        batches = list(warehouse.batches(f"SELECT i FROM {numbers} ORDER BY i", 1_000))
        assert [value for batch in batches for value in batch.column("i").to_pylist()] == list(range(10_000))
        assert len(batches) > 1
        assert max(batch.num_rows for batch in batches) <= 2_048

    def test_abandoned_batches_leave_the_connection_usable(self, warehouse, numbers):
        batches = warehouse.batches(f"SELECT i FROM {numbers}", 100)
        next(batches)
        batches.close()
        assert warehouse.query(f"SELECT count(*) FROM {numbers}") == [(10_000,)]

    def test_unlock_in_the_middle_of_batches_is_harmless(self, warehouse, numbers):
        batches = warehouse.batches(f"SELECT i FROM {numbers}", 100)
        next(batches)
        warehouse.unlock()
        batches.close()
        assert warehouse.query("SELECT 1") == [(1,)]

    def test_failure_while_batches_stream_is_translated(self, warehouse, numbers):
        failing = f"SELECT CAST(CASE WHEN i = 9999 THEN 'x' ELSE '1' END AS INTEGER) AS v FROM {numbers}"
        with pytest.raises(WarehouseError):
            list(warehouse.batches(failing, 10))

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_odd_names_are_quoted(self, warehouse, name):
        warehouse.create_schema(SCHEMA)
        table = warehouse.table(SCHEMA, name)
        quoted = warehouse.dialect.quote(name)
        warehouse.execute(f"CREATE TABLE {table} ({quoted} {warehouse.dialect.integer_type})")
        warehouse.execute(f"INSERT INTO {table} ({quoted}) VALUES (1)")
        assert [column.name for column in warehouse.columns(table)] == [name]
        assert warehouse.query(f"SELECT {quoted} FROM {table}") == [(1,)]

    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_literals_are_what_they_say(self, warehouse, text):
        literal = warehouse.dialect.literal(text)
        assert warehouse.query(f"SELECT {literal}") == [(text,)]
        assert warehouse.query(f"SELECT {literal} = ?", (text,)) == [(True,)]

    def test_key_text_tells_values_apart(self, warehouse):
        text = warehouse.dialect.key_text
        for left, right in (
            (["'a'", "'b,c'"], ["'a,b'", "'c'"]),
            (["'a\"'", "''"], ["'a'", "'\"'"]),
            (["NULL"], ["'NULL'"]),
        ):
            assert not warehouse.query(f"SELECT {text(left)} = {text(right)}")[0][0]

    def test_patterns_match_the_whole_text(self, warehouse):
        matches = warehouse.dialect.matches("x", "[a-z]+@[a-z]+")
        texts = warehouse.dialect.rows("t", ("x",), [("'a@b'",), ("'a@b '",), ("'1a@b'",)])
        rows = warehouse.query(f"SELECT x FROM {texts} WHERE {matches}")
        assert rows == [("a@b",)]

    def test_clock_counts_seconds_since_1970_in_utc(self, warehouse):
        d = warehouse.dialect
        moved = f"{d.epoch(d.add_seconds(d.now(), -1.5))} - {d.epoch(d.now())}"
        noon = d.epoch(f"CAST('2026-01-01 12:00:00' AS {d.timestamp_type})")
        (row,) = warehouse.query(f"SELECT {moved}, {noon}")
        assert float(row[0]) == pytest.approx(-1.5)
        assert float(row[1]) == 1_767_268_800

    def test_row_hash_is_never_null_and_tells_places_apart(self, warehouse):
        d = warehouse.dialect
        null, one = ("CAST(NULL AS INTEGER)", "INTEGER"), ("CAST(1 AS INTEGER)", "INTEGER")
        hashes = [d.row_hash(values) for values in ([null], [one, null], [null, one], [one, one], [])]
        row = warehouse.query(f"SELECT {', '.join(hashes)}")[0]
        assert None not in row
        assert len(set(row)) == 5

    def test_row_hash_tells_values_apart(self, warehouse, typed):
        """Values with equal hashes are never compared, and their change is never sent."""
        warehouse.create_schema(SCHEMA)
        table = warehouse.table(SCHEMA, "hashed")
        warehouse.execute(f"CREATE TABLE {table} AS SELECT {typed.first} AS v")
        for value in (typed.second, *typed.alike, "NULL"):
            warehouse.execute(f"INSERT INTO {table} SELECT {value}")
        (column,) = warehouse.columns(table)
        kept = warehouse.dialect.stored_column(column)
        value = (kept.expression, kept.type)
        for values in ([value], [("1", "INTEGER"), value], [value, ("2", "INTEGER")]):
            hashed = warehouse.dialect.row_hash(values)
            rows = warehouse.query(f"SELECT {hashed} FROM {table}")
            assert len(set(rows)) == 3 + len(typed.alike), rows

    def test_read_only_refuses_every_write(self, warehouse, reopen, numbers):
        warehouse.close()
        reader = reopen(read_only=True)
        assert reader.query(f"SELECT count(*) FROM {numbers}") == [(10_000,)]
        table = reader.table(SCHEMA, "new")
        for statement in (f"CREATE TABLE {table} (a INTEGER)", f"DELETE FROM {numbers}", "CREATE SCHEMA other"):
            with pytest.raises(WarehouseError):
                reader.execute(statement)
        assert reader.query(f"SELECT count(*) FROM {numbers}") == [(10_000,)]

    def test_unlock_and_close_twice_are_harmless(self, warehouse, numbers):
        for let_go in (warehouse.unlock, warehouse.unlock, warehouse.close, warehouse.close):
            let_go()
        assert warehouse.query(f"SELECT count(*) FROM {numbers}") == [(10_000,)]
