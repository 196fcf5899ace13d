"""Rows of users and the replies that speak of them, in the shape of today."""

from __future__ import annotations

import json

from reverse_etl.change import Change, Kind

ARRAYS = {
    "invalid": "invalid-identifier",
    "notFound": "unknown-user",
    "invalidData": "invalid-data",
    "conflict": "identity-conflict",
    "forgotten": "forgotten-user",
}


def reply(rows, **failed):
    """A reply in the shape of today; `failed` are the ten arrays."""
    arrays = {reason + kind: [] for reason in ARRAYS for kind in ("Emails", "UserIds")} | failed
    count = sum(len(names) for names in failed.values())
    return {
        "successCount": rows - count,
        "failCount": count,
        "createdFields": [],
        "filteredOutFields": [],
        "invalidEmails": arrays["invalidEmails"],
        "invalidUserIds": arrays["invalidUserIds"],
        "noOpEmails": [],
        "noOpUserIds": [],
        "failedUpdates": arrays,
    }


def user(number, **data):
    identity = f"user{number}@example.com"
    body = {"email": identity, "dataFields": {"n": number, **data}}
    return Change(number, Kind.CHANGED, identity, json.dumps(body).encode())


def customer(number, **data):
    body = {"userId": f"Cust-{number}", "dataFields": {"n": number, **data}}
    return Change(number, Kind.CHANGED, f"Cust-{number}", json.dumps(body).encode())
