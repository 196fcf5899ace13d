"""The warehouse contract: refused rows wait until they change, or are asked for again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reverse_etl.build_result import BuildResult
from reverse_etl.change import PastFailure
from reverse_etl.snapshot.build_results import load_build_results, save_build_results
from reverse_etl.snapshot.held_rows import count_rejections, list_rejections, requeue
from reverse_etl.snapshot.readmissions import SyncPeople, find_syncs_with_forgotten_users, readmit_people
from reverse_etl.snapshot.rejections import Recheck, Rejections
from reverse_etl.snapshot.tables import response_columns
from reverse_etl.sync import Field, IdentityRule, PersonColumn
from tests.contracts.change_detection import PEOPLE, ROWS
from tests.contracts.sync_harness import LONG_AGO, RESPONSE, Crash, Fate, SyncHarness, of


class QuarantineContract:
    """Quarantine: refused rows wait until they change, or are asked for again."""

    @pytest.fixture
    def refused(self, harness) -> SyncHarness:
        """One row refused, two accepted."""
        harness.model(PEOPLE, ROWS)
        harness.run(of("a@x.y", Fate.REJECTED))
        return harness

    def listed(self, harness: SyncHarness) -> dict[str, str]:
        rejections = list_rejections(harness.warehouse, harness.store().tables.rejections, harness.name, 10)
        return {item.identity: f"{item.state} {item.code}" for item in rejections}

    def requeue(self, harness: SyncHarness, *identities: str) -> int:
        return requeue(harness.warehouse, harness.store().tables.rejections, harness.name, identities)

    def test_refused_row_is_held_until_it_changes(self, refused):
        assert refused.counted() == {"quarantined": 1}
        assert refused.run().rows == ()
        refused.sql("UPDATE {model} SET points = 2 WHERE email = 'a@x.y'")
        assert refused.run().identities("added") == ["a@x.y"]
        assert refused.counted() == {}
        assert self.listed(refused) == {}

    def test_refused_change_leaves_the_old_values_accepted(self, refused):
        refused.sql("UPDATE {model} SET name = 'B' WHERE email = 'b@x.y'")
        refused.run(of("b@x.y", Fate.REJECTED))
        assert refused.entries()["b@x.y"] == ("accepted", {"name": "Bob", "points": 2})
        refused.sql("UPDATE {model} SET name = 'Bob' WHERE email = 'b@x.y'")
        assert refused.counted() == {"quarantined": 1}

    def test_refusal_is_listed_with_its_reason_and_counted(self, refused):
        (item,) = list_rejections(refused.warehouse, refused.store().tables.rejections, refused.name, 10)
        assert (item.identity, item.state, item.code) == ("a@x.y", "rejected", "invalid-data")
        assert (item.reason, item.attempts) == ("it's \\ refused\n", 1)
        counted = count_rejections(refused.warehouse, refused.store().tables.rejections, refused.name)
        assert counted == {"rejected invalid-data": 1}

    def test_newest_verdict_of_each_node_of_dbt_is_remembered(self, refused):
        schema = refused.store().tables.schema
        users = BuildResult("model.it's.users", '"a"."b"', "error", "2026-01-02 03:04:05.000000", "i1", "run")
        orders = replace(users, unique_id="model.orders", status="skipped")
        elsewhere = replace(users, relation='"a"."c"', status="empty")
        assert load_build_results(refused.warehouse, schema) == {}
        save_build_results(refused.warehouse, schema, [users, orders, elsewhere])
        again = replace(users, status="success", at="2026-01-02 03:04:05.000001", invocation_id="i2")
        save_build_results(refused.warehouse, schema, [again])
        save_build_results(refused.warehouse, schema, [replace(users, at="2026-01-01 00:00:00.000000")])
        assert load_build_results(refused.warehouse, schema) == {one.key: one for one in (again, orders, elsewhere)}

    def test_refusal_of_another_sync_is_nothing_to_this_one(self, refused):
        other = replace(refused, name="other", sent={})
        assert other.run().kinds == {"added": 3}
        assert refused.counted() == {"quarantined": 1}

    @pytest.mark.parametrize(("identities", "count"), [((), 1), (("a@x.y",), 1), (("b@x.y",), 0)])
    def test_requeued_row_is_sent_again(self, refused, identities, count):
        assert self.requeue(refused, *identities) == count
        assert refused.run().kinds == ({"added": 1} if count else {})

    def test_skipped_row_is_looked_at_again_after_its_time(self, harness):
        harness.model(PEOPLE, ROWS)
        harness.run(of("a@x.y", Fate.SKIPPED))
        assert harness.counted() == {"quarantined": 1}
        harness.sql(f"UPDATE {{rejections}} SET retry_at = {LONG_AGO}")
        assert harness.run().identities("added") == ["a@x.y"]

    def waits(self, harness: SyncHarness, count: int) -> list[bool]:
        """Of each time a row was skipped, whether it waits for longer than the shorter of both times."""
        tables, dialect = harness.store().tables, harness.warehouse.dialect
        longer = f"retry_at > {dialect.add_seconds('seen_at', 60 + 1)}"
        rows = harness.warehouse.query(f"SELECT {longer} FROM {tables.rejections} ORDER BY fence")
        assert len(rows) == count
        return [bool(row[0]) for row in rows]

    def test_row_skipped_for_the_first_time_may_be_looked_at_again_sooner(self, harness):
        harness.first_recheck = 60.0
        harness.model(PEOPLE, ROWS)
        for _ in range(2):
            harness.run(of("a@x.y", Fate.SKIPPED))
            assert self.requeue(harness) == 1
        harness.sql("UPDATE {model} SET points = 2 WHERE email = 'a@x.y'")
        harness.run(of("a@x.y", Fate.SKIPPED))
        assert self.waits(harness, 3) == [False, True, False]

    def test_forgotten_user_is_never_sent_again(self, harness):
        harness.model(PEOPLE, ROWS)
        harness.run(of("a@x.y", Fate.FORGOTTEN))
        harness.sql("UPDATE {model} SET points = 77 WHERE email = 'a@x.y'")
        assert self.requeue(harness) == 0
        assert harness.run().rows == ()
        assert self.listed(harness) == {"a@x.y": "suppressed forgotten-user"}

    def test_somebody_who_is_only_mentioned_is_sent_again_when_the_row_changes(self, harness):
        """The code by itself bars no user: it may be about a user whom the row mentions."""
        harness.model(PEOPLE, ROWS)
        harness.run(of("a@x.y", Fate.MENTIONS_FORGOTTEN))
        assert self.listed(harness) == {"a@x.y": "rejected forgotten-user"}
        assert harness.counted() == {"quarantined": 1}
        harness.sql("UPDATE {model} SET points = 77 WHERE email = 'a@x.y'")
        assert harness.run().identities("added") == ["a@x.y"]
        assert self.listed(harness) == {}

    def test_forgotten_user_is_sent_again_when_named(self, harness):
        harness.model(PEOPLE, ROWS)
        harness.run(of("a@x.y", Fate.FORGOTTEN))
        assert self.requeue(harness) == 0
        assert self.requeue(harness, "a@x.y") == 1
        assert harness.run().identities("added") == ["a@x.y"]

    def readmit(self, by: SyncHarness, *syncs: str) -> None:
        """A sync that unforgets users has ended."""
        store = by.store()
        diff = store.read_status().diff
        Rejections(by.warehouse, diff, store.lease_row().fence, Recheck(1.0)).readmit(syncs)

    def test_who_was_let_back_in_is_sent_again_by_the_syncs_of_the_same_destination(self, harness):
        harness.model(PEOPLE, ROWS)
        harness.run(of("a@x.y", Fate.FORGOTTEN))
        letting_in = replace(harness, name="unforget", sent={})
        letting_in.run(of("b@x.y", Fate.REJECTED))
        self.readmit(letting_in, "of another destination")
        assert harness.counted() == {"quarantined": 1}
        self.readmit(letting_in, "of another destination", harness.name)
        assert harness.run().identities("added") == ["a@x.y"]

    def test_who_was_let_back_in_by_another_identifier_is_sent_again(self, harness):
        """The other sync identifies people by name, and the rows of this one have that name and the address."""
        harness.fields = (Field("points", "points"), Field("name", "name", as_text=True, from_key=True))
        harness.model(PEOPLE, ROWS)
        fates = {"a@x.y": Fate.FORGOTTEN, "b@x.y": Fate.MENTIONS_FORGOTTEN, "c@x.y": Fate.FORGOTTEN}
        harness.run(lambda row: fates[row.identity])
        rule = IdentityRule("name", ("name",))
        letting_in = replace(harness, name="unforget", rule=rule, fields=(Field("points", "points"),), sent={})
        letting_in.run(of(ROWS[2][1], Fate.REJECTED))
        store, other = harness.store(), letting_in.store()
        assert find_syncs_with_forgotten_users(harness.warehouse, store.tables, [harness.name, "x"]) == [harness.name]
        held = SyncPeople(store.tables, harness.layout(), [PersonColumn("email"), PersonColumn("name", "@name")])
        accepted = SyncPeople(other.tables, letting_in.layout(), [PersonColumn("name")])
        readmit_people(harness.warehouse, held, replace(accepted, people=[PersonColumn("email")]))
        assert harness.counted() == {"quarantined": 3}
        readmit_people(harness.warehouse, held, accepted)
        assert harness.run().identities("added") == ["a@x.y", "b@x.y"]

    def test_who_was_forgotten_after_being_let_back_in_stays_forgotten(self, harness):
        harness.model(PEOPLE, ROWS)
        letting_in = replace(harness, name="unforget", sent={})
        letting_in.run()
        harness.run(of("a@x.y", Fate.FORGOTTEN))
        self.readmit(letting_in, harness.name)
        assert harness.counted() == {"quarantined": 1}

    def test_forgotten_user_that_left_and_came_back_is_still_held(self, harness):
        harness.model(PEOPLE, ROWS)
        harness.run()
        harness.sql("UPDATE {model} SET points = 77 WHERE email = 'a@x.y'")
        harness.run(of("a@x.y", Fate.FORGOTTEN))
        harness.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        assert harness.run().identities("removed") == ["a@x.y"]
        harness.sql("INSERT INTO {model} VALUES ('a@x.y', 'Ann', 1)")
        assert harness.counted() == {"quarantined": 1}

    def test_refusal_after_an_unknown_attempt_leaves_the_row_unknown(self, harness):
        harness.model(PEOPLE, ROWS)
        harness.run()
        harness.sql("UPDATE {model} SET points = 9 WHERE email = 'a@x.y'")
        harness.run(lambda row: Fate.REJECTED_AFTER_LANDING)
        assert harness.states()["a@x.y"] == "unknown"
        assert harness.counted() == {"quarantined": 1}
        harness.sql("UPDATE {model} SET points = 1 WHERE email = 'a@x.y'")
        assert harness.run().identities("resent") == ["a@x.y"]
        assert harness.sent["a@x.y"]["points"] == 1

    def test_refusal_is_written_once_however_often_it_is_told(self, harness):
        harness.model(PEOPLE, ROWS)
        harness.run(of("a@x.y", Fate.REJECTED), crash=Crash.AFTER_FLUSH)
        harness.run()
        assert self.listed(harness) == {"a@x.y": "rejected invalid-data"}
        assert harness.counted() == {"quarantined": 1}

    def test_failed_rows_stay_unknown_and_are_found_again(self, harness):
        harness.model(PEOPLE, ROWS)
        harness.run(of("a@x.y", Fate.FAILED_TOGETHER))
        assert harness.past == {}
        assert harness.states()["a@x.y"] == "unknown"
        assert harness.run(of("a@x.y", Fate.FAILED_ALONE)).rows[0].identity == "a@x.y"
        assert harness.past == {"a@x.y": PastFailure(6, 0)}
        harness.run(of("a@x.y", Fate.FAILED_ALONE))
        assert harness.past == {"a@x.y": PastFailure(1, 1)}
        assert count_rejections(harness.warehouse, harness.store().tables.rejections, harness.name) == {}
        harness.run()
        assert harness.past == {"a@x.y": PastFailure(1, 2)}
        assert self.listed(harness) == {}
        assert harness.run().rows == ()

    def test_failures_of_other_values_say_nothing_of_these(self, harness):
        harness.model(PEOPLE, ROWS)
        harness.run(of("a@x.y", Fate.FAILED_ALONE))
        harness.sql("UPDATE {model} SET points = 77 WHERE email = 'a@x.y'")
        harness.run()
        assert harness.past == {"a@x.y": PastFailure(1, 0)}

    def test_removal_that_failed_is_found_again(self, harness):
        harness.model(PEOPLE, ROWS)
        harness.run()
        harness.sql("DELETE FROM {model} WHERE email = 'a@x.y'")
        harness.run(of("a@x.y", Fate.FAILED_ALONE))
        harness.run(of("a@x.y", Fate.GIVEN_UP))
        assert harness.past == {"a@x.y": PastFailure(1, 1)}
        assert harness.run().rows == ()
        harness.sql(f"UPDATE {{rejections}} SET retry_at = {LONG_AGO} WHERE retry_at IS NOT NULL")
        assert harness.run().identities("removed") == ["a@x.y"]

    def test_row_that_failed_too_often_is_held_for_a_while_and_stays_unknown(self, harness):
        harness.model(PEOPLE, ROWS)
        harness.run(of("a@x.y", Fate.FAILED_ALONE))
        harness.run(of("a@x.y", Fate.GIVEN_UP))
        assert harness.states()["a@x.y"] == "unknown"
        assert harness.counted() == {"quarantined": 1}
        (item,) = list_rejections(harness.warehouse, harness.store().tables.rejections, harness.name, 10)
        assert (item.state, item.code, item.response, item.attempts) == ("rejected", "http-500", RESPONSE, 2)
        harness.sql(f"UPDATE {{rejections}} SET retry_at = {LONG_AGO} WHERE retry_at IS NOT NULL")
        assert harness.run().rows[0].identity == "a@x.y"
        assert self.listed(harness) == {}

    def test_requeued_row_starts_anew(self, harness):
        harness.model(PEOPLE, ROWS)
        harness.run(of("a@x.y", Fate.FAILED_ALONE))
        harness.run(of("a@x.y", Fate.GIVEN_UP))
        assert self.requeue(harness, "a@x.y") == 1
        harness.run()
        assert harness.past == {}

    def test_table_of_an_earlier_version_gets_the_columns_it_lacks(self, harness):
        harness.model(PEOPLE, ROWS)
        harness.run(of("a@x.y", Fate.REJECTED))
        tables, dialect = harness.store().tables, harness.warehouse.dialect
        for name, _ in response_columns(dialect):
            harness.warehouse.execute(f"ALTER TABLE {tables.rejections} DROP COLUMN {name}")
        assert self.listed(harness) == {"a@x.y": "rejected invalid-data"}
        harness.sql("UPDATE {model} SET points = 2 WHERE email = 'a@x.y'")
        harness.run(of("a@x.y", Fate.FAILED_ALONE))
        assert self.listed(harness) == {"a@x.y": "failed no-answer"}

    def test_invalid_rows_are_listed_while_they_last(self, harness):
        harness.model(PEOPLE, [*ROWS, (None, "No", 1), ("A@x.y", "Twin", 1)])
        harness.run()
        assert self.listed(harness) == {None: "invalid null-identifier", "a@x.y": "invalid duplicate-key"}
        harness.sql("DELETE FROM {model} WHERE email IS NULL OR name = 'Twin'")
        harness.run()
        assert self.listed(harness) == {}
