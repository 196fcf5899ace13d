"""Forgotten users: a row's identity is barred permanently only if it is that user, not if the row mentions one."""

from __future__ import annotations

import pytest

from reverse_etl.destinations.iterable.objects.carts import UpdateCart
from reverse_etl.destinations.iterable.objects.email_changes import UpdateEmail
from reverse_etl.destinations.iterable.objects.events import TrackBulk
from reverse_etl.destinations.iterable.objects.lists import Subscribe
from reverse_etl.destinations.iterable.objects.purchases import TrackPurchase
from reverse_etl.destinations.iterable.objects.subscriptions import UpdateSubscriptions
from reverse_etl.destinations.iterable.objects.user_merges import MergeUsers
from reverse_etl.destinations.iterable.objects.users import BulkUpdate
from tests.destinations.iterable.objects.activity.activity_replies import tracked
from tests.destinations.iterable.objects.bulk_replies import customer, reply, user
from tests.destinations.iterable.objects.singles import change
from tests.doubles.scripted_server import Answer, refusal

FORGOTTEN = refusal(409, "ForgottenUserError")


def outcome(world, server, operation, row, answer):
    server.script(answer)
    done = world.deliver(operation, [row])
    assert done.outcomes[0].code == "forgotten-user"
    return done.outcomes[0]


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("operation", "row", "names", "barred"),
    [
        (BulkUpdate("email"), user, {"forgottenEmails": ["user0@example.com"]}, True),
        (BulkUpdate("user_id"), customer, {"forgottenUserIds": ["Cust-0"]}, True),
        (BulkUpdate("user_id"), customer, {"forgottenEmails": ["gone@example.com"]}, False),
        (BulkUpdate("email"), user, {"forgottenUserIds": ["Gone"]}, False),
        (
            BulkUpdate("user_id"),
            customer,
            {"forgottenEmails": ["gone@example.com"], "forgottenUserIds": ["Cust-0"]},
            True,
        ),
    ],
)
def test_the_identifier_that_a_bulk_reply_names(world, server, operation, row, names, barred, rows):
    mentions = {"email": "gone@example.com"} if row is customer else {"userId": "Gone"}
    changes = [row(0, **mentions), *(row(number) for number in range(1, rows))]
    server.script(Answer(200, reply(rows, **names) | {"successCount": rows - 1, "failCount": 1}))
    done = world.deliver(operation, changes)
    assert done.statuses == {0: "rejected"}
    assert done.outcomes[0].bars_identity == barred
    assert ("never" in done.outcomes[0].reason) == barred


@pytest.mark.parametrize(
    ("operation", "body", "barred"),
    [
        (UpdateCart(), {"user": {"email": "user0@example.com"}, "items": []}, True),
        (UpdateSubscriptions("email"), {"email": "user0@example.com", "emailListIds": [1]}, True),
        (Subscribe(1, "email"), {"email": "user0@example.com"}, True),
        (Subscribe(1, "email"), {"email": "user0@example.com", "dataFields": {"userId": "Gone"}}, False),
        (TrackPurchase(), {"user": {"email": "gone@example.com"}, "id": "p", "items": [], "total": 1}, False),
        (TrackBulk(), {"email": "gone@example.com", "eventName": "seen", "id": "e"}, False),
        (UpdateEmail(), {"currentEmail": "user0@example.com", "newEmail": "gone@example.com"}, False),
        (MergeUsers(), {"sourceEmail": "user0@example.com", "destinationEmail": "gone@example.com"}, False),
    ],
)
def test_a_code_names_nobody(world, server, operation, body, barred):
    assert outcome(world, server, operation, change(0, **body), FORGOTTEN).bars_identity == barred


def test_an_event_is_never_barred_by_the_user_it_is_about(world, server):
    """Its identity is an id of its own, even if that has the form of an address."""
    row = change(0, email="user0@example.com", eventName="seen", id="e")
    answer = Answer(200, tracked(1, forgottenEmails=["user0@example.com"]))
    assert not outcome(world, server, TrackBulk(), row, answer).bars_identity
