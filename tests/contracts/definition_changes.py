"""The warehouse contract: what a changed definition, or a changed model, sends again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reverse_etl.errors import Faults, WarehouseError
from reverse_etl.snapshot.columns.column_checks import missing_columns
from reverse_etl.sync import Field
from tests.contracts.sync_harness import MODEL_SCHEMA, Crash, Fate, SyncHarness

COLUMNS = {"email": "VARCHAR", "name": "VARCHAR", "points": "BIGINT", "phone": "VARCHAR"}
ROWS = [("a@x.y", "Ann", 1, "11"), ("b@x.y", "Bob", 2, None), ("c@x.y", None, None, "33")]
NAME, POINTS, PHONE = Field("name", "name"), Field("points", "points"), Field("phone", "phone")
SKIPPED = Field("phone", "phone", nulls="skip")


class DefinitionChangesContract:
    """Fields added, dropped, renamed, retyped, constant, and skipped where NULL."""

    @pytest.fixture
    def mapped(self, harness) -> SyncHarness:
        """Three people with two fields, all accepted."""
        harness.fields = (NAME, POINTS)
        harness.model(COLUMNS, ROWS)
        harness.run()
        return harness

    def test_added_field_resends_rows_where_it_is_not_null(self, mapped):
        mapped.fields = (NAME, POINTS, PHONE)
        assert mapped.counted() == {"changed": 2, "stale": 1}
        ran = mapped.run()
        assert (ran.identities("changed"), ran.changed_fields) == (["a@x.y", "c@x.y"], {"phone": 2})
        assert mapped.counted() == {}

    def test_dropped_field_resends_nothing(self, mapped):
        mapped.fields = (NAME,)
        assert mapped.run().rows == ()
        assert mapped.counted() == {}

    def test_renamed_field_resends_rows_where_it_is_not_null(self, mapped):
        mapped.fields = (Field("firstName", "name"), POINTS)
        ran = mapped.run()
        assert (ran.identities("changed"), ran.changed_fields) == (["a@x.y", "b@x.y"], {"firstName": 2})
        mapped.run()
        assert mapped.counted() == {}

    def test_fields_that_change_places_are_sent_again(self, mapped):
        mapped.fields = (Field("first", "name"), Field("last", "phone"))
        mapped.run()
        mapped.fields = (Field("last", "name"), Field("first", "phone"))
        assert mapped.run().kinds == {"changed": 3}
        assert mapped.sent["a@x.y"] == {"name": "Ann", "points": 1, "first": "11", "last": "Ann"}
        assert mapped.counted() == {}

    def test_field_that_returns_resends_what_changed_meanwhile(self, mapped):
        mapped.fields = (NAME,)
        mapped.sql("UPDATE {model} SET points = 9 WHERE email = 'a@x.y'")
        mapped.sql("UPDATE {model} SET name = 'Bo' WHERE email = 'b@x.y'")
        assert mapped.run().identities("changed") == ["b@x.y"]
        mapped.fields = (NAME, POINTS)
        assert mapped.run().identities("changed") == ["a@x.y"]
        assert mapped.counted() == {}

    def test_field_that_returns_knows_what_a_removal_took(self, mapped):
        mapped.fields = (NAME,)
        mapped.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        mapped.run()
        mapped.sql("INSERT INTO {model} VALUES ('a@x.y', 'Ann', 1, '11')")
        mapped.run()
        mapped.fields = (NAME, POINTS)
        assert mapped.run().changed_fields == {"points": 1}
        assert mapped.sent["a@x.y"] == {"name": "Ann", "points": 1}

    def test_changed_constant_resends_every_row(self, mapped):
        mapped.fields = (NAME, Field("source", None, constant="it's"))
        assert mapped.run().changed_fields == {"source": 3}
        assert mapped.counted() == {}
        mapped.fields = (NAME, Field("source", None, constant={"b": 1, "a": [None]}))
        assert mapped.run().changed_fields == {"source": 3}
        mapped.fields = (NAME, Field("source", None, constant={"a": [None], "b": 1}))
        assert mapped.counted() == {}

    @pytest.mark.parametrize(
        ("kind", "using", "resent"),
        [
            ("INTEGER", "points", []),
            ("VARCHAR", "CAST(points AS VARCHAR)", []),
            ("BIGINT", "points + CASE WHEN email = 'b@x.y' THEN 1 ELSE 0 END", ["b@x.y"]),
            ("DECIMAL(10,2)", "points + CASE WHEN email = 'b@x.y' THEN 0.5 ELSE 0 END", ["b@x.y"]),
            ("VARCHAR", "CASE WHEN email = 'b@x.y' THEN '002' ELSE CAST(points AS VARCHAR) END", ["b@x.y"]),
        ],
    )
    def test_retyped_column_resends_rows_that_differ(self, mapped, kind, using, resent):
        mapped.retype("points", kind, using)
        assert mapped.run().identities("changed") == resent
        assert mapped.counted() == {}

    def test_columns_get_new_types_together(self, harness):
        harness.builder.create_schema(MODEL_SCHEMA)
        values = "'a@x.y' AS email, '007' AS v, '2' AS w, '3' AS x"
        harness.builder.execute(f"CREATE TABLE {harness.relation} AS SELECT {values}")
        harness.run()
        for name in ("v", "w"):
            harness.retype(name, "BIGINT", harness.warehouse.dialect.try_cast(name, "BIGINT"))
        assert harness.run().identities("resent") == ["a@x.y"]
        assert harness.sent["a@x.y"] == {"v": 7, "w": 2, "x": "3"}
        assert harness.lying_entries() == []
        assert harness.counted() == {}

    @pytest.mark.parametrize(("old", "kind"), [("'1.50'", "DOUBLE PRECISION"), ("'x'", "BIGINT"), ("'007'", "BIGINT")])
    def test_value_that_a_new_type_cannot_hold_is_no_longer_claimed(self, harness, old, kind):
        harness.builder.create_schema(MODEL_SCHEMA)
        harness.builder.execute(f"CREATE TABLE {harness.relation} AS SELECT 'a@x.y' AS email, {old} AS v")
        harness.run()
        harness.retype("v", kind, harness.warehouse.dialect.try_cast("v", kind))
        assert harness.counted() == {"resent": 1}
        assert harness.run().identities("resent") == ["a@x.y"]
        assert harness.lying_entries() == []
        assert harness.counted() == {}

    def test_only_what_an_edit_or_a_new_type_touches_goes(self, mapped):
        mapped.sends_changed_fields = True
        mapped.fields = (NAME, POINTS, PHONE)
        assert [row.carried for row in mapped.run().rows] == [{"phone"}, {"phone"}]
        mapped.sql("UPDATE {model} SET phone = '007' WHERE email = 'a@x.y'")
        mapped.run()
        mapped.sql("UPDATE {model} SET name = 'Bo' WHERE email = 'b@x.y'")
        mapped.run(lambda _row: Fate.LOST)
        mapped.retype("phone", "BIGINT", "CASE WHEN email = 'a@x.y' THEN 7 WHEN email = 'c@x.y' THEN 33 END")
        assert {row.identity: row.carried for row in mapped.run().rows} == {"a@x.y": {"phone"}, "b@x.y": None}
        assert mapped.sent["a@x.y"] == {"name": "Ann", "points": 1, "phone": 7}

    def test_removal_is_seen_in_the_run_that_adds_a_field(self, mapped):
        mapped.fields = (NAME, POINTS, PHONE)
        mapped.sql("DELETE FROM {model} WHERE email = 'b@x.y'")
        assert mapped.run().identities("removed") == ["b@x.y"]

    @pytest.mark.parametrize("change", ["UPDATE {model} SET points = 9 WHERE email = 'a@x.y'", "SELECT 1"])
    def test_crash_between_forgetting_hashes_and_altering_loses_nothing(self, mapped, change):
        mapped.sql(change)
        mapped.sql("UPDATE {snapshot} SET row_hash = NULL")
        mapped.sql("DELETE FROM {model} WHERE email = 'b@x.y'")
        mapped.fields = (NAME, POINTS, PHONE)
        ran = mapped.run()
        assert ran.identities("changed") == ["a@x.y", "c@x.y"]
        assert ran.identities("removed") == ["b@x.y"]
        assert mapped.lying_entries() == []
        assert mapped.counted() == {}

    @pytest.mark.parametrize("crash", [Crash.AFTER_SEND, Crash.AFTER_FLUSH])
    @pytest.mark.parametrize("fields", [(NAME, POINTS, PHONE), (NAME,), (Field("firstName", "name"), POINTS)])
    def test_definition_may_change_between_a_crash_and_its_recovery(self, mapped, crash, fields):
        mapped.sql("UPDATE {model} SET points = 9 WHERE email = 'a@x.y'")
        mapped.run(crash=crash)
        mapped.sql("UPDATE {model} SET points = 1 WHERE email = 'a@x.y'")
        mapped.fields = fields
        mapped.run()
        assert mapped.lying_entries() == []
        mapped.fields = (NAME, POINTS)
        mapped.run()
        assert mapped.sent["a@x.y"]["points"] == 1
        assert mapped.lying_entries() == []

    def test_column_may_be_retyped_between_a_crash_and_its_recovery(self, mapped):
        mapped.sql("UPDATE {model} SET points = 9 WHERE email = 'a@x.y'")
        mapped.run(crash=Crash.AFTER_FLUSH)
        mapped.retype("points", "VARCHAR", "CAST(points AS VARCHAR)")
        mapped.run()
        assert mapped.entries()["a@x.y"] == ("accepted", {"name": "Ann", "points": "9"})
        assert mapped.counted() == {}

    def test_missing_column_is_named_with_the_nearest_one(self, mapped):
        mapped.fields = (NAME, Field("points", "pionts"))
        faults = missing_columns(mapped.sync, mapped.warehouse.columns(mapped.relation))
        (fault,) = Faults(faults).faults
        assert fault.code == "missing-column"
        assert "`pionts`" in fault.message
        assert "points" in fault.message

    def test_column_that_goes_between_look_and_plan_stops_the_run(self, mapped):
        lease, store = mapped.prepared(), mapped.store()
        mapped.sql("UPDATE {model} SET name = 'Bo' WHERE email = 'b@x.y'")
        look = store.read_status()
        mapped.sql("ALTER TABLE {model} DROP COLUMN points")
        with pytest.raises(WarehouseError) as raised:
            store.write_plan(replace(look.diff, keeps_rows=False), lease.fence)
        assert raised.value.code == "relation-not-found"
        assert "points" in str(raised.value.context).lower()

    def test_skipped_null_changes_nothing_and_keeps_what_is_known(self, mapped):
        mapped.fields = (NAME, SKIPPED)
        mapped.run()
        mapped.sql("UPDATE {model} SET phone = NULL WHERE email = 'a@x.y'")
        assert mapped.run().rows == ()
        assert mapped.counted() == {}
        assert mapped.sent["a@x.y"]["phone"] == "11"
        mapped.sql("UPDATE {model} SET name = 'Anne' WHERE email = 'a@x.y'")
        assert mapped.run().changed_fields == {"name": 1}
        assert mapped.sent["a@x.y"]["phone"] == "11"
        mapped.sql("UPDATE {model} SET phone = '11' WHERE email = 'a@x.y'")
        assert mapped.run().rows == ()

    @pytest.mark.parametrize("fate", [Fate.LANDED, Fate.LOST])
    @pytest.mark.parametrize("email", ["a@x.y", "b@x.y"])
    def test_skipped_null_does_not_vouch_for_a_value_that_may_have_arrived(self, mapped, fate, email):
        mapped.fields = (NAME, SKIPPED)
        mapped.run()
        mapped.sql(f"UPDATE {{model}} SET phone = '99' WHERE email = '{email}'")
        mapped.run(lambda row: fate)
        mapped.sql("UPDATE {model} SET phone = NULL")
        mapped.run()
        assert mapped.lying_entries() == []
        for phone in ("11", "99"):
            mapped.sql(f"UPDATE {{model}} SET phone = '{phone}'")
            mapped.run()
            assert {user["phone"] for user in mapped.sent.values()} == {phone}

    def test_new_row_that_may_not_have_arrived_is_not_vouched_for(self, mapped):
        mapped.fields = (NAME, SKIPPED)
        mapped.run()
        mapped.sql("INSERT INTO {model} VALUES ('n@x.y', 'New', 1, '99')")
        mapped.run(lambda row: Fate.LOST)
        mapped.sql("UPDATE {model} SET phone = NULL WHERE email = 'n@x.y'")
        mapped.run()
        mapped.sql("UPDATE {model} SET phone = '99' WHERE email = 'n@x.y'")
        mapped.run()
        assert mapped.sent["n@x.y"] == {"name": "New", "phone": "99"}

    def test_full_resync_sends_a_skipped_field_when_it_returns(self, mapped):
        mapped.fields = (NAME, SKIPPED)
        mapped.run()
        mapped.sql("UPDATE {model} SET phone = NULL WHERE email = 'a@x.y'")
        mapped.sent["a@x.y"]["phone"] = "edited by hand"
        ran = mapped.run(full_refresh=True)
        assert (ran.kinds, ran.changed_fields) == ({"resent": 3}, {})
        mapped.sql("UPDATE {model} SET phone = '11' WHERE email = 'a@x.y'")
        mapped.run()
        assert mapped.sent["a@x.y"]["phone"] == "11"

    def test_user_that_was_removed_brings_no_skipped_value_back(self, mapped):
        mapped.fields = (NAME, SKIPPED)
        mapped.run()
        mapped.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        mapped.run()
        mapped.sql("INSERT INTO {model} VALUES ('a@x.y', 'Ann', 1, NULL)")
        mapped.run()
        assert mapped.entries()["a@x.y"] == ("accepted", {"name": "Ann", "phone": None})
        assert mapped.lying_entries() == []
