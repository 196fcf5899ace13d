"""The master invariant under random edits, fates and crashes: an entry never claims more than the destination holds."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from enum import Enum
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reverse_etl.snapshot.held_rows import requeue
from reverse_etl.sync import Field
from reverse_etl.warehouses import Connection, open_warehouse
from reverse_etl.warehouses.base import WaitPolicy
from tests.contracts.sync_harness import Crash, Fate, SyncHarness

COLUMNS = {"email": "VARCHAR", "id": "BIGINT", "name": "VARCHAR", "tags": "VARCHAR[]"}
FIELDS = (Field("name", "name"), Field("tags", "tags"))
SKIPPING = (Field("name", "name", nulls="skip"), Field("tags", "tags"))
# What an edit of the mapping adds, to take it away again or change it later.
EDITS = ((), (Field("source", None, constant="shop"),), (Field("source", None, constant="web"), Field("alias", "name")))


class Way(Enum):
    """What a run does with its plan. A limit sends only the first row; a canary stops the others if it is rejected."""

    SEND = "send"
    REFRESH = "full refresh"
    LIMIT = "limit"
    CANARY = "canary"
    ADOPT = "baseline"


rows = st.tuples(
    st.sampled_from(["a@x.y", " A@x.Y", "b@x.y", "c@x.y", None, "broken"]),
    st.sampled_from([1, 2, 3, None]),
    st.sampled_from([None, "", "x", "X"]),
    st.sampled_from([None, [], [None], ["x"]]),
)
fates = st.sampled_from([fate for fate in Fate if fate is not Fate.FORGOTTEN])
steps = st.tuples(
    st.lists(rows, max_size=5),
    st.lists(fates, min_size=1, max_size=4),
    st.one_of(st.none(), st.sampled_from(list(Crash))),
    st.sampled_from(EDITS),
    st.sampled_from([Way.SEND, Way.SEND, Way.REFRESH, Way.LIMIT, Way.CANARY, Way.ADOPT]),
)


def day(name, tags, fate=Fate.ACCEPTED, crash=None, way=Way.SEND):
    """A step of one row."""
    return [("a@x.y", 1, name, tags)], [fate], crash, (), way


# A value that landed without an answer and is taken back, next to another change; and one that was refused.
LANDED = [day("x", []), day("X", [], Fate.LANDED), day("x", ["x"])]
CRASHED = [day("x", []), day("X", [], crash=Crash.AFTER_SEND), day("x", ["x"])]
REFUSED = [day("x", []), day("X", [], Fate.REJECTED), day("", [])]
# A baseline that dies before or after its merge, with a change behind it.
ADOPTED = [
    day("x", [], way=Way.ADOPT),
    day("X", [], crash=Crash.AFTER_SEND, way=Way.ADOPT),
    day("", [], crash=Crash.AFTER_FLUSH, way=Way.ADOPT),
    day("x", ["x"]),
]
# A canary of changed fields that is rejected: its row may have arrived, and the others were never sent.
PEOPLE = [(f"{name}@x.y", number, "x", []) for number, name in enumerate("abc", 1)]
CHANGED = [(*person[:2], "X", []) for person in PEOPLE]
STOPPED = [
    (PEOPLE, [Fate.ACCEPTED], None, (), Way.CANARY),
    (CHANGED, [Fate.REJECTED_AFTER_LANDING, Fate.ACCEPTED], None, (), Way.CANARY),
    (CHANGED, [Fate.REJECTED], Crash.AFTER_SEND, EDITS[1], Way.CANARY),
]
REJECTED = {Fate.REJECTED, Fate.REJECTED_AFTER_LANDING, Fate.GIVEN_UP}


def identity(row):
    return None if row[0] is None else row[0].strip().lower()


def valid_rows(model, *, keyed):
    """Rows that can be sent, by identity."""
    identities, keys = Counter(map(identity, model)), Counter(row[1] for row in model)
    fit = [row for row in model if identity(row) not in (None, "broken") and identities[identity(row)] == 1]
    return {identity(row): row for row in fit if not keyed or (row[1] is not None and keys[row[1]] == 1)}


def choose_fates(turn, way):
    """A function that says what becomes of the rows of a run, which are asked for in their order."""
    first = []

    def fate(row):
        chosen = turn[row.ordinal % len(turn)]
        stops = bool(first) and (way is Way.LIMIT or (way is Way.CANARY and first[0] in REJECTED))
        first.append(chosen)
        return Fate.ABORTED if stops else chosen

    return fate


def run(harness, model, turn, crash, *, way=Way.SEND):
    fate = choose_fates(turn, way)
    harness.model(COLUMNS, model)
    if way is Way.ADOPT:
        ran = harness.adopt(crash=crash)
    else:
        ran = harness.run(fate, crash=crash, full_refresh=way is Way.REFRESH)
    sendable = [row.identity for row in ran.rows if row.kind != "invalid"]
    assert len(sendable) == len(set(sendable)), "two planned rows have one identity"
    if crash is None:
        assert harness.lying_entries() == []


def check_all_arrived(harness, model, *, keyed, skips):
    valid = valid_rows(model, keyed=keyed)
    for name, (_, _, first, tags) in valid.items():
        held = harness.sent[name]
        assert held["tags"] == tags
        assert held.get("name") == first or (skips and first is None)
    strangers = set(harness.sent) - set(map(identity, model))
    assert not strangers or (keyed and len(valid) < len(model))
    assert harness.run().kinds.keys() <= {"invalid"}


def check_history(history, *, keyed, skips, partial):
    """Run every step, then let the destination accept everything: it must end with the model."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.duckdb"
        duckdb.connect(str(path)).close()
        wait = WaitPolicy(0, time.monotonic, time.sleep)
        warehouse = open_warehouse(Connection("duckdb", {"path": str(path)}, path.parent, "200MB", wait))
        fields = SKIPPING if skips else FIELDS
        harness = SyncHarness(
            warehouse, fields=fields, primary_key=("id",) if keyed else (), sends_changed_fields=partial
        )
        for model, turn, crash, edit, way in history:
            harness.fields = (*fields, *edit)
            run(harness, model, turn, crash, way=way)
        harness.fields = fields
        requeue(warehouse, harness.store().tables.rejections, harness.name, ())
        run(harness, model, [Fate.ACCEPTED], None)
        check_all_arrived(harness, model, keyed=keyed, skips=skips)
        warehouse.close()


CALM = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
CHOICES = {"keyed": st.booleans(), "skips": st.booleans(), "partial": st.booleans()}


@pytest.mark.slow
@settings(CALM, max_examples=12)
@example(history=LANDED, keyed=False, skips=False, partial=True)
@example(history=CRASHED, keyed=True, skips=True, partial=True)
@example(history=ADOPTED, keyed=True, skips=False, partial=True)
@example(history=REFUSED, keyed=False, skips=True, partial=True)
@example(history=STOPPED, keyed=False, skips=False, partial=True)
@given(history=st.lists(steps, min_size=2, max_size=3), **CHOICES)
def test_entries_never_claim_more_than_the_destination_holds(history, keyed, skips, partial):
    check_history(history, keyed=keyed, skips=skips, partial=partial)


@pytest.mark.slow
@pytest.mark.repeat
@settings(CALM, max_examples=60)
@given(history=st.lists(steps, min_size=3, max_size=6), **CHOICES)
def test_longer_histories_end_with_the_model_too(history, keyed, skips, partial):
    check_history(history, keyed=keyed, skips=skips, partial=partial)
