"""The warehouse contract: rows known only by their primary key, what else a row needs, and keys of a definition."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reverse_etl.destinations.iterable.identity import identity_rule
from reverse_etl.snapshot.columns.row_layout import PRIMARY_KEY
from reverse_etl.snapshot.sql.paused_rows import PausedRows, RecentCalls
from reverse_etl.sync import Field, IdentityRule, PersonColumn, Requirement
from tests.contracts.sync_harness import LONG_AGO, MODEL_SCHEMA, STATE_SCHEMA, Fate, SyncHarness, of

VISITS = {"shop": "VARCHAR", "number": "BIGINT", "email": "VARCHAR", "user_id": "BIGINT", "what": "VARCHAR"}
ROWS = [("eu", 1, "A@x.y ", None, "seen"), ("us", 1, None, 7, "bought"), ("eu", 2, "b@x.y", 8, "seen")]
KEYS = ['["eu","1"]', '["eu","2"]', '["us","1"]']
EMAIL = Field("email", "email", as_text=True, lowered=True, from_key=True)
USER_ID = Field("user_id", "user_id", as_text=True, from_key=True)
NAME = Field("event_name", None, constant="Visit", from_key=True)
WHAT = Field("what", "what")
SOMEBODY = Requirement(("@email", "@user_id"), "null-identifier", "the identifier is NULL")
ADDRESS = Requirement(("@email",), "bad-email", "the e-mail is malformed", pattern=r"[^@\s]+@.+", never=("no@one",))
NUMBER = Requirement(("@user_id",), "bad-user-id", "the user id is malformed", pattern=r"\d", unless="@email")


FOLDING = (
    "\u0130@example.com",
    "\u212a@example.com",
    "\u017f@example.com",
    "\uff4ao@example.com",
    "\ufb01@example.com",
)
UNSEEN = tuple(
    f"j{char}o@example.com"
    for char in ("\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u00a0", "\u202e", "\u3000", "\ufe0f")
)
SURROUNDED = ("mailto:jo@example.com", "MAILTO:jo@example.com", "<jo@example.com>", "jo@example.com,k@example.com")


class RowIdentityContract:
    """Rows of a composite identity that are about a user, and what a definition's own keys take from them."""

    @pytest.fixture
    def visits(self, harness) -> SyncHarness:
        """Three visits, known by shop and number, all accepted."""
        harness.rule = IdentityRule(PRIMARY_KEY, ("shop", "number"))
        harness.primary_key = ("shop", "number")
        harness.fields = (WHAT, EMAIL, USER_ID, NAME)
        harness.requirements = (SOMEBODY, ADDRESS, NUMBER)
        harness.model(VISITS, ROWS)
        assert harness.run().identities("added") == KEYS
        return harness

    def invalid(self, harness: SyncHarness) -> dict[str, int]:
        return dict(harness.read_status().counts.invalid)

    def test_composite_identity_without_change_plans_nothing(self, visits):
        assert visits.counted() == {}
        assert visits.sent[KEYS[0]] == {"what": "seen", "email": "a@x.y", "user_id": None, "event_name": '"Visit"'}

    def test_parts_of_an_identity_are_never_taken_for_each_other(self, visits):
        visits.sql("""INSERT INTO {model} VALUES ('eu","1', 1, 'c@x.y', NULL, 'x'), ('eu,1', 1, 'c@x.y', NULL, 'x')""")
        assert visits.run().kinds == {"added": 2}
        assert len(visits.sent) == 5

    def test_changed_part_of_the_identity_is_another_row(self, visits):
        visits.sql("UPDATE {model} SET number = 3 WHERE what = 'bought'")
        assert visits.counted() == {"added": 1, "removed": 1}
        visits.run()
        assert sorted(visits.sent) == [*KEYS[:2], '["us","3"]']
        assert visits.lying_entries() == []

    def test_part_that_is_null_leaves_no_identity(self, visits):
        visits.sql("UPDATE {model} SET shop = NULL WHERE what = 'bought'")
        assert self.invalid(visits) == {"null-identifier": 1}

    def test_two_rows_of_one_composite_identity_are_both_held_back(self, visits):
        visits.sql("INSERT INTO {model} VALUES ('us', 1, 'c@x.y', NULL, 'x')")
        assert self.invalid(visits) == {"duplicate-key": 2}
        assert KEYS[2] in visits.sent

    def test_other_order_of_the_parts_is_another_key(self, visits):
        before = visits.layout().key_columns
        visits.rule = IdentityRule(PRIMARY_KEY, ("number", "shop"))
        assert visits.layout().key_columns != before

    def test_refused_row_of_a_composite_identity_is_held_until_it_changes(self, visits):
        visits.sql("UPDATE {model} SET what = 'left' WHERE shop = 'us'")
        visits.run(of(KEYS[2], Fate.REJECTED))
        assert visits.counted() == {"quarantined": 1}
        visits.sql("UPDATE {model} SET what = 'came' WHERE shop = 'us'")
        assert visits.run().identities("changed") == [KEYS[2]]

    def test_rows_that_miss_a_requirement_are_counted_by_its_code(self, visits):
        visits.model(
            VISITS,
            [
                ("eu", 1, "A@x.y", None, "seen"),
                ("eu", 2, None, None, "nobody"),
                ("eu", 3, " ", None, "nobody either"),
                ("eu", 4, "nowhere", 7, "a bad address beside a good number"),
                ("eu", 5, "no@one", None, "an address that lets through"),
                ("eu", 6, None, 77, "a bad number"),
                ("eu", 7, "c@x.y", 77, "a bad number beside a good address"),
            ],
        )
        assert self.invalid(visits) == {"null-identifier": 2, "bad-email": 2, "bad-user-id": 1}
        ran = visits.run()
        assert ran.kinds["invalid"] == 5
        assert ran.identities("added") == ['["eu","7"]']
        assert visits.layout().reasons()["bad-email"] == "the e-mail is malformed"

    def test_array_that_is_required_may_be_empty_and_not_null(self, harness):
        harness.fields = (Field("items", "items", from_key=True),)
        harness.requirements = (Requirement(("@items",), "null-items", "`items` is NULL"),)
        harness.builder.create_schema(MODEL_SCHEMA)
        array = "SELECT 'a@x.y' AS email, {} AS items UNION ALL SELECT 'b@x.y', NULL"
        harness.builder.execute(f"CREATE TABLE {harness.relation} AS {array.format(self.empty_array)}")
        assert self.invalid(harness) == {"null-items": 1}

    # An empty array in the warehouse's own words.
    empty_array = "CAST([] AS VARCHAR[])"

    def test_what_a_key_takes_is_told_apart_from_a_field_of_its_name(self, visits):
        visits.fields = (*visits.fields, Field("event_name", "what"))
        visits.run()
        visits.sql("UPDATE {model} SET what = 'new', email = 'n@x.y' WHERE number = 2")
        assert visits.run().changed_fields == {"what": 1, "event_name": 1, "@email": 1}

    def test_constant_of_a_key_that_changes_resends_every_row(self, visits):
        visits.fields = (WHAT, EMAIL, USER_ID, Field("event_name", None, constant="Visited", from_key=True))
        assert visits.run().changed_fields == {"@event_name": 3}
        assert visits.counted() == {}

    def test_letter_case_and_blanks_of_an_address_change_nothing(self, visits):
        visits.sql("UPDATE {model} SET email = upper(email)")
        assert visits.counted() == {}

    def test_addresses_that_are_somebody_else_or_nobody_are_held_back(self, harness):
        """Letters that become ASCII in lower case, invisible characters, and what surrounds an address."""
        bad = (*FOLDING, *UNSEEN, *SURROUNDED)
        sound = ("i@example.com", "k@example.com", "o'neil+tag@sub.example.co.uk", "\u7528\u6237@example.com")
        harness.rule = identity_rule("email", "email")
        harness.fields = (WHAT,)
        harness.model(VISITS, [(None, number, address, None, "x") for number, address in enumerate((*bad, *sound))])
        assert self.invalid(harness) == {"bad-email": len(bad)}
        assert harness.run().identities("added") == sorted(sound)

    def test_letters_beyond_ascii_are_lowered_like_others(self, harness):
        harness.rule = identity_rule("email", "email")
        harness.fields = (WHAT,)
        harness.model(VISITS, [(None, 1, " STRASSE\u00c9@Example.com", None, "x")])
        assert harness.run().identities("added") == ["strasse\u00e9@example.com"]

    @pytest.fixture
    def members(self, harness) -> SyncHarness:
        """Three people by number, or else by address; who is gone is removed."""
        address = IdentityRule("email", ("email",), "bad-email", "…", pattern=r"[^@\s]+@.+", lowered=True)
        harness.rule = IdentityRule("number", ("number",), "bad-number", "…", pattern=r"\d", otherwise=address)
        harness.fields = (WHAT, replace(EMAIL, nulls="skip"))
        harness.on_removed = "remove"
        rows = [(None, 1, "a@x.y", None, ""), (None, None, "B@x.y", None, ""), (None, 3, None, None, "")]
        harness.model(VISITS, rows)
        assert harness.run().identities("added") == ["1", "3", "email → b@x.y"]
        return harness

    def test_row_without_its_first_identifier_goes_by_the_other_one(self, members):
        assert members.counted() == {}
        members.sql("INSERT INTO {model} VALUES (NULL, NULL, 'nowhere', 1, ''), (NULL, 77, 'c@x.y', 1, '')")
        members.sql("INSERT INTO {model} VALUES (NULL, NULL, ' ', 1, '')")
        assert self.invalid(members) == {"bad-email": 1, "bad-number": 1, "null-identifier": 1}

    def test_person_who_gains_or_loses_the_first_identifier_is_not_removed(self, members):
        members.sql("UPDATE {model} SET number = 2 WHERE email = 'B@x.y'")
        members.sql("UPDATE {model} SET number = NULL WHERE email = 'a@x.y'")
        ran = members.run()
        assert (ran.identities("added"), ran.identities("removed")) == (["2", "email → a@x.y"], [])
        members.sql("DELETE FROM {model} WHERE email IS NOT NULL")
        assert members.run().identities("removed") == ["1", "2", "email → a@x.y", "email → b@x.y"]
        assert sorted(members.sent) == ["3"]

    def test_rows_of_users_who_were_sent_lately_come_last_in_a_plan(self, members):
        """By either identifier; the sync snapshot belongs to another sync, whose rows have the same users."""
        store = members.store()
        people = (
            PersonColumn("number"),
            PersonColumn("email", "@email", lowered=True),
            PersonColumn("email", mark="email → ", lowered=True),
        )
        members.sql("UPDATE {snapshot} SET changed_at = " + LONG_AGO + " WHERE identity = '3'")
        recent = [RecentCalls(store.tables.snapshot, people)]
        other = replace(members, name="other", fields=(WHAT, replace(EMAIL, nulls="skip")), sent={})
        members.sql("INSERT INTO {model} VALUES (NULL, NULL, 'c@x.y', NULL, ''), (NULL, 5, 'A@X.y', NULL, '')")
        lease = other.prepared()
        waiting = PausedRows(members.warehouse.dialect, 60, people, recent, recent)
        counted = other.store().write_plan(replace(other.store().diff(), waiting=waiting), lease.fence)
        assert counted == {"added": 5}
        plan = members.warehouse.table(STATE_SCHEMA, other.store().tables.plan_name(lease.fence))
        rows = members.warehouse.query(f"SELECT identity FROM {plan} WHERE ordinal < 2 ORDER BY identity")
        assert [row[0] for row in rows] == ["3", "email → c@x.y"]
        assert other.store().count_paused_rows(lease.fence) == (3, 0)

    def test_removed_rows_of_users_who_were_sent_lately_wait(self, members):
        members.sql("DELETE FROM {model} WHERE number = 3")
        lease, store = members.prepared(), members.store()
        recent = [RecentCalls(store.tables.snapshot, (PersonColumn("number"),))]
        waiting = PausedRows(members.warehouse.dialect, 60, (PersonColumn("number"),), (), recent)
        store.write_plan(replace(store.diff(), waiting=waiting), lease.fence)
        assert store.count_paused_rows(lease.fence) == (0, 1)
