"""The warehouse contract, second level: which changes a run finds. `harness` is a sync over an empty warehouse."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reverse_etl.cost import total
from reverse_etl.guards.value.column_drift import DriftEntry
from reverse_etl.guards.value.drift import Drift
from reverse_etl.snapshot.columns.recent_rows import GrowingColumn
from reverse_etl.snapshot.counting.changed_rows import read_changed_rows
from reverse_etl.snapshot.counting.counted_rows import read_counts
from reverse_etl.snapshot.run_history import RunRow, record_run
from reverse_etl.sync import Field, RowOrder
from reverse_etl.warehouses.mark import Mark
from tests.contracts.sync_harness import MODEL_SCHEMA, Crash, SyncHarness, accept

BY_SIZE = "size of its tables"
BY_CREDITS = f"{BY_SIZE}; credits of an X-Small warehouse, estimated from bytes"
TEXT, NUMBER = "VARCHAR", "BIGINT"
PEOPLE = {"email": TEXT, "name": TEXT, "points": NUMBER}
ROWS = [("a@x.y", "Ann", 1), ("b@x.y", "Bob", 2), ("c@x.y", None, None)]
KEYED = {"email": TEXT, "id": NUMBER, "region": TEXT, "name": TEXT}


class ChangeDetectionContract:
    """Rows that come, change and go, and rows whose identity is the only key."""

    # Statements of a run that sends nothing: what there is, the lease, the comparison in two, one for the record.
    quiet = 9

    @pytest.fixture
    def people(self, harness) -> SyncHarness:
        """Three people, all accepted."""
        harness.model(PEOPLE, ROWS)
        assert harness.run().identities("added") == ["a@x.y", "b@x.y", "c@x.y"]
        return harness

    def test_first_run_adds_everything(self, harness):
        harness.model(PEOPLE, ROWS)
        assert harness.counted() == {"added": 3}
        ran = harness.run()
        assert ran.kinds == {"added": 3}
        assert ran.changed_fields == {}
        assert harness.sent == {email: {"name": name, "points": points} for email, name, points in ROWS}
        assert set(harness.states().values()) == {"accepted"}

    def test_no_change_plans_nothing(self, people):
        assert people.counted() == {}
        assert people.read_status().counts.unchanged == 3
        assert people.run().rows == ()

    @pytest.mark.parametrize("more", [0, 300])
    def test_run_without_a_change_costs_a_fixed_number_of_statements(self, people, more):
        if more:
            values = ", ".join(f"('u{n}@x.y', 'n', {n})" for n in range(more))
            people.sql(f"INSERT INTO {{model}} VALUES {values}")
            people.run()
        warehouse = people.warehouse
        with warehouse.session(Mark("a1b2", "quiet", "look")):
            store = people.store()
            assert store.read_status().counts.unchanged == 3 + more
            assert warehouse.columns(store.tables.runs) is not None
            record_run(warehouse, store.tables, RunRow("a1b2", 0, "success", "2026-01-01 00:00:00", "", {}, None))
            assert total(one.cost for one in warehouse.costs("quiet") if one.step == "look").statements == self.quiet

    def test_one_changed_column_is_one_changed_row_with_that_field(self, people):
        people.sql("UPDATE {model} SET points = 5 WHERE email = 'b@x.y'")
        look = people.read_status()
        assert (look.counts.changed, dict(look.counts.changed_fields)) == (1, {"points": 1})
        assert [(s.identity, dict(s.fields)) for s in read_changed_rows(people.warehouse, look.diff, 5)] == [
            ("b@x.y", {"points": ("2", "5")})
        ]
        ran = people.run()
        assert (ran.kinds, ran.changed_fields) == ({"changed": 1}, {"points": 1})
        assert people.sent["b@x.y"] == {"name": "Bob", "points": 5}

    def test_a_quick_comparison_looks_at_recent_rows(self, harness):
        """By a time, a date and a whole number; one row has no value."""
        dialect = harness.warehouse.dialect
        if harness.warehouse.copies_models:
            pytest.skip("all rows of a copied model are compared")
        types = {"at": dialect.timestamp_type, "day": "DATE", "number": NUMBER}
        days = [
            "NULL, NULL, NULL",
            *(
                f"CAST('{day} 06:30:00.5' AS {types['at']}), CAST('{day}' AS DATE), {number}"
                for day, number in (("2026-01-01", 1), ("2026-01-01", 1), ("2026-03-01", 3))
            ),
        ]
        harness.model({"email": TEXT, "name": TEXT, **types}, [])
        for name, values in zip("abcd", days, strict=True):
            harness.sql(f"INSERT INTO {{model}} VALUES ('{name}@x.y', 'A', {values})")
        harness.fields = (Field("name", "name"),)
        harness.run()
        harness.sql("UPDATE {model} SET name = 'B' WHERE email <> 'd@x.y'")
        for name in "be":
            harness.sql(f"INSERT INTO {{model}} VALUES ('{name}@x.y', 'N', {days[-1]})")
        store = harness.store()
        columns = {column.name.lower(): column for column in store.warehouse.columns(harness.relation)}
        for name, highest in (("at", 1_772_346_600), ("day", 1_772_323_200), ("number", 3)):
            column = GrowingColumn(dialect, columns[name])
            found = f"SELECT {column.highest()}, {dialect.epoch(dialect.now())} FROM {harness.relation}"
            [(most, now)] = store.warehouse.query(found)
            assert column.read_highest(most, float(now)) == min(highest, int(float(now)))
            diff = replace(store.diff(), recent=column.rows_from(highest, None))
            counts = read_counts(store.warehouse.query(store.warehouse.prepare(diff.counts())), store.layout.values)
            assert (counts.added, counts.changed, counts.removed) == (1, 1, 0)
            assert sum(counts.invalid.values()) == 1
            assert (counts.model_rows, counts.left_out, counts.entries, counts.unchanged) == (6, 2, 4, 1)

    def test_what_a_comparison_would_read_is_estimated(self, people):
        store = people.store()
        tables = [people.relation, store.tables.snapshot, store.tables.rejections]
        sql = replace(store.diff(), writes_nothing=True).counts().last
        estimate = store.warehouse.estimate_read(sql, tables)
        # Local servers of cloud warehouses know no bytes. A new DuckDB table has none before its file is written.
        assert estimate.bytes_read is not None
        billed = None if estimate.bytes_billed is None else estimate.bytes_billed // len(tables)
        assert (estimate.basis, billed) in ((BY_SIZE, None), ("dry run", 10 << 20), (BY_CREDITS, None))
        assert (estimate.credits is not None) == (estimate.basis == BY_CREDITS)

    def test_values_that_drift_are_found(self, harness):
        harness.guards = {"column_drift": DriftEntry(rows=0)}
        columns = {"email": TEXT, "rare": TEXT, "contact": TEXT, "points": NUMBER, "code": TEXT, "name": TEXT}
        rows = [(f"u{n}@x.y", "r" if n < 2 else None, f"c{n}@x.y", n, str(n), f"N{n}") for n in range(4)]
        harness.model(columns, rows)
        harness.run()
        assert harness.read_status().drifts == ()
        drifted = [(email, None, n, 7, f"code {n}", name) for n, (email, *_, name) in enumerate(rows)]
        harness.model({**columns, "contact": NUMBER}, drifted)
        found = {drift.field: replace(drift, field="") for drift in harness.read_status().drifts}
        assert found == {
            "rare": Drift("", 2, 2, "texts", "NULL"),
            "contact": Drift("", 4, 4, "e-mail addresses", "numbers"),
            "points": Drift("", 4, 4, "numbers", "the same value"),
            "code": Drift("", 4, 4, "numbers", "texts"),
        }

    def test_null_is_not_the_empty_text(self, people):
        for value in ("''", "NULL"):
            people.sql(f"UPDATE {{model}} SET name = {value} WHERE email = 'c@x.y'")
            assert people.run().changed_fields == {"name": 1}
            assert people.counted() == {}
        assert people.sent["c@x.y"]["name"] is None

    def test_letter_case_and_blanks_alone_are_a_change_of_a_value(self, people):
        for value in ("ANN", "Ann ", "Ann"):
            people.sql(f"UPDATE {{model}} SET name = '{value}' WHERE email = 'a@x.y'")
            assert people.run().changed_fields == {"name": 1}
            assert people.sent["a@x.y"]["name"] == value

    def test_removed_row_is_seen_and_planned_last(self, people):
        people.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        people.sql("INSERT INTO {model} VALUES ('z@x.y', 'Zoe', 9)")
        ran = people.run()
        assert [(row.kind, row.identity) for row in ran.rows] == [("added", "z@x.y"), ("removed", "a@x.y")]
        assert people.states()["a@x.y"] == "absent"
        assert "a@x.y" not in people.sent
        assert people.counted() == {}

    def test_removed_row_is_counted_once_and_not_planned_where_nothing_acts_on_it(self, people):
        people.on_removed = "ignore"
        people.sql("DELETE FROM {model} WHERE email IN ('a@x.y', 'b@x.y')")
        assert people.counted() == {"removed": 2}
        assert people.run().rows == ()
        assert people.counted() == {}
        people.sql("DELETE FROM {model} WHERE email = 'c@x.y'")
        assert people.counted() == {"removed": 1}
        assert people.states() == dict.fromkeys(("a@x.y", "b@x.y", "c@x.y"), "accepted")

    def test_row_that_comes_back_is_compared_with_its_old_values_and_counted_if_it_leaves_again(self, people):
        people.on_removed = "ignore"
        people.sql("DELETE FROM {model} WHERE email IN ('a@x.y', 'b@x.y')")
        people.run()
        people.sql("INSERT INTO {model} VALUES ('a@x.y', 'Ann', 1), ('b@x.y', 'Bob', 5)")
        assert (people.counted(), people.read_status().counts.returned) == ({"changed": 1}, 2)
        assert people.run().changed_fields == {"points": 1}
        assert (people.counted(), people.read_status().counts.returned) == ({}, 0)
        people.sql("DELETE FROM {model} WHERE email IN ('a@x.y', 'b@x.y')")
        assert people.counted() == {"removed": 2}

    def test_row_that_comes_back_as_it_was_sends_nothing_and_is_counted_if_it_leaves_again(self, people):
        people.on_removed = "ignore"
        people.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        people.run()
        people.sql("INSERT INTO {model} VALUES ('a@x.y', 'Ann', 1)")
        assert people.run().rows == ()
        people.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        assert people.counted() == {"removed": 1}

    def test_rows_that_were_counted_are_removed_once_the_sync_acts_on_them(self, people):
        acting, people.on_removed = people.on_removed, "ignore"
        people.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        people.run()
        people.on_removed = acting
        assert people.counted() == {"removed": 1}
        assert people.run().kinds == {"removed": 1}
        assert people.states()["a@x.y"] == "absent"

    @pytest.mark.parametrize("crash", [Crash.AFTER_PLAN, Crash.AFTER_FLUSH])
    def test_run_that_dies_before_its_commit_has_not_counted_them(self, people, crash):
        people.on_removed = "ignore"
        people.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        people.run(crash=crash)
        assert people.counted() == {"removed": 1}
        people.run()
        assert people.counted() == {}

    def test_full_refresh_does_not_count_them_again(self, people):
        people.on_removed = "ignore"
        people.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        people.run()
        assert people.run(full_refresh=True).kinds == {"resent": 2}
        assert people.counted() == {}
        assert people.states()["a@x.y"] == "unknown"

    def test_sync_snapshot_of_an_earlier_version_learns_which_rows_left(self, people):
        people.on_removed = "ignore"
        people.sql("ALTER TABLE {snapshot} DROP COLUMN left_at")
        people.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        assert people.counted() == {"removed": 1}
        people.run()
        assert people.counted() == {}

    def test_row_that_leaves_and_comes_back_is_added_again(self, people):
        people.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        people.run()
        people.sql("INSERT INTO {model} VALUES ('a@x.y', 'Ann', 1)")
        assert people.run().kinds == {"added": 1}
        assert people.sent["a@x.y"] == {"name": "Ann", "points": 1}

    def test_emptied_model_removes_everything(self, people):
        people.sql("DELETE FROM {model}")
        counts = people.read_status().counts
        assert (counts.model_rows, counts.entries, counts.removed) == (0, 3, 3)

    def test_plan_is_in_order_and_written_once(self, harness):
        harness.model(PEOPLE, [(f"u{n}@x.y", "n", n) for n in range(50)])
        lease = harness.prepared()
        store = harness.store()
        assert store.write_plan(store.diff(), lease.fence) == {"added": 50}
        harness.sql("DELETE FROM {model} WHERE points < 10")
        assert store.write_plan(store.diff(), lease.fence) == {"added": 50}
        read = [row for batch in store.planned(lease.fence, 0, 50, 7) for row in batch.column("ordinal").to_pylist()]
        assert read == list(range(50))
        window = [row for batch in store.planned(lease.fence, 10, 20, 7) for row in batch.column("ordinal").to_pylist()]
        assert window == list(range(10, 20))

    def test_a_plan_has_the_order_that_is_asked_for(self, harness):
        """Rows of a user together, by a number, then by their identity; rows without a number come last."""
        rows = [(f"e{n}@x.y", "Bo" if n % 3 else "Al", (n * 7 % 12) // 2 if n else None) for n in range(12)]
        harness.model(PEOPLE, rows)
        store, lease = harness.store(), harness.prepared()
        diff = store.diff()
        layout = replace(diff.layout, order=RowOrder(("none", "name"), ("points",)))
        store.write_plan(replace(diff, layout=layout), lease.fence)
        read = [row for batch in store.planned(lease.fence, 0, 12, 5) for row in batch.column("identity").to_pylist()]
        named = sorted(rows, key=lambda row: (row[1], row[2] is None, row[2] or 0, row[0]))
        assert read == [email for email, _, _ in named]

    def test_first_rows_of_each_kind_are_found_without_a_plan(self, people):
        people.sql("UPDATE {model} SET points = 5 WHERE email <> 'c@x.y'")
        people.sql("DELETE FROM {model} WHERE email = 'c@x.y'")
        people.sql("INSERT INTO {model} VALUES ('it''s@x.y', 'Ivy', 9)")
        store, warehouse = people.store(), people.warehouse
        # Batches of Postgres come through another connection, which has no temporary tables.
        diff = replace(store.read_status().diff, keeps_rows=False)
        first = dict(warehouse.query(warehouse.prepare(diff.first_identities(1))))
        assert first == {"added": "it's@x.y", "changed": "a@x.y", "removed": "c@x.y"}
        batches = list(warehouse.batches(warehouse.prepare(diff.rows_of(["it's@x.y", "c@x.y"])), 10))
        rows = {row["identity"]: row for batch in batches for row in batch.to_pylist()}
        points = diff.layout.value_of("points").name
        assert {identity: (row["kind"], row[points]) for identity, row in rows.items()} == {
            "it's@x.y": ("added", 9),
            "c@x.y": ("removed", None),
        }
        assert dict(warehouse.query(diff.states_of(["a@x.y", "it's@x.y"]))) == {"a@x.y": "accepted"}

    def test_null_identity_is_invalid(self, people):
        people.sql("INSERT INTO {model} VALUES (NULL, 'x', 1), (NULL, 'y', 2)")
        assert people.read_status().counts.invalid == {"null-identifier": 2}
        assert people.run().kinds == {"invalid": 2}
        assert people.read_status().counts.unchanged == 3

    @pytest.mark.parametrize("email", ["not an address", "no@one", ""])
    def test_malformed_identity_is_invalid(self, people, email):
        people.sql(f"INSERT INTO {{model}} VALUES ('{email}', 'x', 1)")
        assert people.read_status().counts.invalid == {"invalid-email": 1}

    @pytest.mark.parametrize("twin", ["A@X.y", "  a@x.y ", "a@x.y"])
    def test_rows_with_one_identity_are_all_held_back(self, harness, twin):
        harness.model(PEOPLE, [*ROWS, (twin, "Twin", 3)])
        assert harness.read_status().counts.invalid == {"duplicate-key": 2}
        assert harness.run().identities("added") == ["b@x.y", "c@x.y"]

    @pytest.mark.parametrize("values", ["'Ann', 1", "'Other', 2"])
    def test_twin_of_an_accepted_row_holds_both_back_and_removes_nothing(self, people, values):
        people.sql(f"INSERT INTO {{model}} VALUES (' A@X.y', {values})")
        assert people.counted() == {"invalid": 2}
        assert people.run().kinds == {"invalid": 2}
        assert people.counted() == {"invalid": 2}
        people.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        assert people.counted() == ({} if values == "'Ann', 1" else {"changed": 1})

    @pytest.mark.slow
    def test_type_round_trip(self, harness, typed):
        harness.builder.create_schema(MODEL_SCHEMA)
        for value, kinds in (
            (typed.first, {"added": 1}),
            (typed.second, {"changed": 1}),
            (typed.first, {"changed": 1}),
        ):
            harness.builder.execute(f"DROP TABLE IF EXISTS {harness.relation}")
            harness.builder.execute(f"CREATE TABLE {harness.relation} AS SELECT 'a@x.y' AS email, {value} AS v")
            ran = harness.run()
            assert ran.kinds == kinds
            assert ran.changed_fields == ({"v": 1} if "changed" in kinds else {})
            assert harness.counted() == {}
        harness.sql("UPDATE {model} SET v = NULL")
        assert harness.run().changed_fields == {"v": 1}
        assert harness.counted() == {}

    @pytest.mark.parametrize("name", ["select", "Mixed Case", "größe ✓", 'a "b"', "identity", "state", "row_hash", "m"])
    def test_odd_column_names(self, harness, name):
        harness.model({"email": TEXT, name: TEXT}, [("a@x.y", "1")])
        assert harness.run().kinds == {"added": 1}
        assert harness.sent == {"a@x.y": {name: "1"}}
        harness.sql(f"UPDATE {{model}} SET {harness.warehouse.dialect.quote(name)} = '2'")
        assert harness.run().changed_fields == {name: 1}

    def test_identity_column_may_have_an_odd_case(self, harness):
        harness.model({"EMAIL": TEXT, "Name": TEXT}, [("a@x.y", "1")])
        assert harness.run().rows[0].values == {"Name": "1"}

    def test_sync_without_fields_sees_rows_come_and_go(self, harness):
        harness.fields = ()
        harness.model({"email": TEXT}, [("a@x.y",), ("b@x.y",)])
        assert harness.run().kinds == {"added": 2}
        harness.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        assert harness.run().kinds == {"removed": 1}
        assert harness.counted() == {}

    def test_two_syncs_do_not_meet(self, people):
        other = replace(people, name="Users", sent={})
        assert other.run().kinds == {"added": 3}
        assert people.counted() == {}

    def test_wrong_hash_is_only_a_hint(self, people):
        people.sql("UPDATE {snapshot} SET row_hash = 1")
        people.sql("UPDATE {model} SET points = 7 WHERE email = 'a@x.y'")
        assert people.counted() == {"changed": 1, "stale": 2}
        assert people.run().identities("changed") == ["a@x.y"]
        assert people.counted() == {}

    @pytest.mark.parametrize("hash_value", ["1", "NULL"])
    def test_wrong_hash_hides_no_removal(self, people, hash_value):
        people.sql(f"UPDATE {{snapshot}} SET row_hash = {hash_value}")
        people.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        assert people.run(accept).identities("removed") == ["a@x.y"]


class KeysContract:
    """Rows with an explicit primary key in addition to the identity."""

    @pytest.fixture
    def keyed(self, harness) -> SyncHarness:
        """Two people with a key of two columns, both accepted."""
        harness.primary_key = ("id", "region")
        harness.model(KEYED, [("a@x.y", 1, "eu", "Ann"), ("b@x.y", 1, "us", "Bob")])
        assert harness.run().kinds == {"added": 2}
        return harness

    def test_composite_key_without_change_plans_nothing(self, keyed):
        assert keyed.counted() == {}

    def test_changed_identity_is_counted_apart_and_removes_the_old_one(self, keyed):
        keyed.sql("UPDATE {model} SET email = 'new@x.y' WHERE id = 1 AND region = 'eu'")
        assert keyed.counted() == {"added": 1, "removed": 1, "identity_changes": 1}
        ran = keyed.run()
        assert [(row.kind, row.identity) for row in ran.rows] == [("added", "new@x.y"), ("removed", "a@x.y")]
        assert sorted(keyed.sent) == ["b@x.y", "new@x.y"]
        assert keyed.counted() == {}

    def test_row_that_left_is_counted_once_where_nothing_acts_on_it(self, keyed):
        keyed.on_removed = "ignore"
        keyed.sql("UPDATE {model} SET email = 'new@x.y' WHERE region = 'eu'")
        keyed.sql("DELETE FROM {model} WHERE region = 'us'")
        assert keyed.counted() == {"added": 1, "removed": 2, "identity_changes": 1}
        assert keyed.run().kinds == {"added": 1}
        assert keyed.counted() == {}

    def test_identity_taken_over_by_another_key_is_upserted_and_not_removed(self, keyed):
        keyed.sql("DELETE FROM {model} WHERE region = 'us'")
        keyed.sql("UPDATE {model} SET email = 'b@x.y'")
        ran = keyed.run()
        assert [(row.kind, row.identity) for row in ran.rows] == [("changed", "b@x.y"), ("removed", "a@x.y")]
        assert keyed.sent == {"b@x.y": {"name": "Ann"}}
        assert keyed.lying_entries() == []
        keyed.sql("UPDATE {model} SET email = 'a@x.y'")
        keyed.run()
        assert keyed.sent == {"a@x.y": {"name": "Ann"}}

    def test_identities_that_change_places_are_both_sent(self, keyed):
        keyed.sql("UPDATE {model} SET email = CASE email WHEN 'a@x.y' THEN 'b@x.y' ELSE 'a@x.y' END")
        assert keyed.run().kinds == {"changed": 2}
        assert keyed.sent == {"a@x.y": {"name": "Bob"}, "b@x.y": {"name": "Ann"}}

    def test_null_key_is_invalid_and_removes_nothing(self, keyed):
        keyed.sql("UPDATE {model} SET region = NULL WHERE email = 'a@x.y'")
        assert keyed.read_status().counts.invalid == {"null-key": 1}
        assert keyed.run().kinds == {"invalid": 1}
        assert "a@x.y" in keyed.sent

    def test_null_identity_keeps_the_entry_of_its_key(self, keyed):
        keyed.sql("UPDATE {model} SET email = NULL WHERE region = 'eu'")
        assert keyed.counted() == {"invalid": 1}

    def test_duplicate_key_holds_all_its_rows_back(self, keyed):
        keyed.sql("INSERT INTO {model} VALUES ('c@x.y', 1, 'eu', 'Cid'), ('d@x.y', 2, 'eu', 'Dan')")
        assert keyed.read_status().counts.invalid == {"duplicate-key": 2}
        ran = keyed.run()
        assert ran.identities("invalid") == ["a@x.y", "c@x.y"]
        assert ran.identities("added") == ["d@x.y"]

    def test_duplicate_key_counts_where_one_row_has_no_identity(self, keyed):
        keyed.sql("INSERT INTO {model} VALUES (NULL, 1, 'eu', 'Cid')")
        assert keyed.read_status().counts.invalid == {"null-identifier": 1, "duplicate-key": 1}

    @pytest.mark.parametrize("row", ["'A@x.y ', 9, 'eu', 'Ann'", "'A@x.y', 9, 'eu', 'Other'"])
    def test_two_keys_with_one_identity_are_both_held_back(self, keyed, row):
        keyed.sql(f"INSERT INTO {{model}} VALUES ({row})")
        assert keyed.read_status().counts.invalid == {"duplicate-identity": 2}
        assert keyed.run().kinds == {"invalid": 2}

    def test_exact_twin_of_an_accepted_row_is_found(self, keyed):
        keyed.sql("INSERT INTO {model} SELECT * FROM {model} WHERE email = 'a@x.y'")
        assert keyed.read_status().counts.invalid == {"duplicate-key": 2}

    def test_exact_twin_is_found_beside_a_held_back_row_that_left_its_identity(self, keyed):
        keyed.sql("UPDATE {model} SET email = NULL WHERE region = 'eu'")
        keyed.sql("INSERT INTO {model} SELECT * FROM {model} WHERE email = 'b@x.y'")
        assert keyed.read_status().counts.invalid == {"null-identifier": 1, "duplicate-key": 2}

    def test_key_that_moves_to_an_equal_row_is_followed(self, keyed):
        keyed.sql("UPDATE {model} SET id = 7 WHERE email = 'a@x.y'")
        keyed.run()
        keyed.sql("UPDATE {model} SET email = 'new@x.y' WHERE id = 7")
        assert keyed.counted() == {"added": 1, "removed": 1, "identity_changes": 1}
