"""Rows of events and the replies of POST /api/events/trackBulk that speak of them."""

from __future__ import annotations

import hashlib
import json

from reverse_etl.change import Change, Kind

SIX = tuple(reason + kind for reason in ("invalid", "notFound", "forgotten") for kind in ("Emails", "UserIds"))


def tracked(rows, disallowed=(), barred=0, **failed):
    """A reply to so many events. `barred` events have a `disallowed` name; `failed` are the six arrays."""
    arrays: dict[str, list[str]] = {name: [] for name in SIX} | failed
    count = sum(len(names) for names in failed.values()) + barred
    return {
        "successCount": rows - count,
        "failCount": count,
        "disallowedEventNames": list(disallowed),
        "createdFields": [],
        "filteredOutFields": [],
        "invalidEmails": arrays["invalidEmails"],
        "invalidUserIds": [*arrays["invalidUserIds"], *arrays["notFoundUserIds"]],
        "failedUpdates": arrays,
    }


def event(number, person=None, name="Visit", **data):
    """An event of a person, by default one of its own; `person` without an @ is a user id."""
    person = f"u{number}@example.com" if person is None else person
    key = "email" if "@" in person else "userId"
    body = {key: person, "eventName": name, "id": f"e-{number}", "dataFields": {"n": number, **data}}
    return Change(number, Kind.CHANGED, f"e-{number}", json.dumps(body).encode(), f"{key} {person}")


def hashed(sync, identity):
    """The id of a row of a sync that has none of its own which Iterable would take."""
    text = json.dumps([sync, identity], separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
