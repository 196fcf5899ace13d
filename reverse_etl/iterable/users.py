"""Users: profiles by POST /api/users/bulkUpdate, single deletes, and the question whether a user exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import orjson

from reverse_etl.change import Change, Outcome, Status
from reverse_etl.errors import Fault
from reverse_etl.faults import place_of
from reverse_etl.iterable.base import (
    Body,
    Endpoint,
    IterableObject,
    Lookup,
    Operation,
    Operations,
    ProjectType,
    Reading,
    Reply,
    Request,
    Sense,
    Stage,
)
from reverse_etl.iterable.failures import Counts, Failure, Identifier, counts_in, failures_in, identifier, texts
from reverse_etl.iterable.lookup import UNKNOWN_USER
from reverse_etl.sync import Field, IdentityRule, Sync

# Limits: Swagger document. The body limit is 4 MB, which is taken as 4,000,000 bytes; no row count is documented.
BULK_UPDATE = Endpoint("POST", "/api/users/bulkUpdate", 5)
DELETE = Endpoint("DELETE", "/api/users", 100)
GET = Endpoint("GET", "/api/users", 100)

# Kept by Iterable itself: support articles 217744303 and 206430145.
MANAGED = frozenset(
    {
        "itblInternal",
        "itblDS",
        "itblUserId",
        "profileUpdatedAt",
        "signupSource",
        "emailListIds",
        "userListIds",
        "subscribedMessageTypeIds",
        "unsubscribedChannelIds",
        "unsubscribedMessageTypeIds",
        "devices",
        "shoppingCartItems",
        "phoneNumberDetails",
        "receivedSMSDisclaimer",
    }
)
_NAMES = {"email": "email", "user_id": "userId"}

# What being named in an array of a reply means.
_MEANING: Mapping[str, tuple[str, str]] = {
    "forgotten": ("forgotten-user", "the user was forgotten on request and is never sent again"),
    "conflict": ("identity-conflict", "the new e-mail or user id belongs to another user"),
    "notFound": (UNKNOWN_USER, "Iterable has no such user"),
    "invalidData": ("invalid-data", "Iterable refused the values of the row"),
    "invalid": ("invalid-identifier", "Iterable takes the e-mail or user id for malformed"),
}
_KINDS = {"email": "Emails", "user_id": "UserIds"}
_EMAIL = r"[^@\s[:cntrl:]]+@[^@\s[:cntrl:]]+\.[^@\s[:cntrl:].]+"
_USER_ID = r"[ -~]{0,51}[!-~]"
# Percent-encoded or not, HTTP libraries take these in a path for a step up.
_CLIMBING = (".", "..")


@dataclass(frozen=True)
class BulkUpdate(Operation):
    """Update users, or make them, many at once. `updating`: users that Iterable lacks are skipped, not rejected."""

    key: str
    create_new_fields: bool | None = None
    updating: bool = False
    allow_dropped_fields: bool = False
    endpoint: Endpoint = BULK_UPDATE
    overhead: int = 100

    def build(self, changes: Sequence[Change]) -> Request:
        flag = "" if self.create_new_fields is None else f',"createNewFields":{str(self.create_new_fields).lower()}'
        body = b'{"users":[' + b",".join([change.body for change in changes]) + b"]" + flag.encode() + b"}"
        return Request(self.endpoint, self.endpoint.path, body)

    def read(self, changes: Sequence[Change], reply: Reply) -> Reading:
        counts = counts_in(reply.body)
        if counts is None or not isinstance(reply.body, dict):
            return Reading(Sense.MALFORMED)
        named = failures_in(reply.body)
        refused, strange = self._blamed(changes, named, counts)
        if counts.failed != len(refused) or not counts.cover(len(changes)) or strange:
            return Reading(Sense.UNATTRIBUTED if counts.failed or named else Sense.MALFORMED)
        dropped = texts(reply.body.get("filteredOutFields"))
        if dropped and not self.allow_dropped_fields:
            refused |= {c.ordinal: _dropped(c, dropped) for c in changes if c.ordinal not in refused}
        return Reading(Sense.CERTAIN, refused, tuple(dropped))

    def _blamed(
        self, changes: Sequence[Change], named: Mapping[Identifier, Failure], counts: Counts
    ) -> tuple[dict[int, Outcome], bool]:
        """The rows at fault by ordinal, and whether a name is left that fits no row, or several."""
        if len(changes) == 1 and counts.failed == 1:
            return {changes[0].ordinal: self._refused_one(changes[0], named)}, False
        refused: dict[int, Outcome] = {}
        owners = self._owners(changes) if named else {}
        for identity, failure in named.items():
            rows = owners.get(identity, ())
            if len(rows) != 1:
                return refused, True
            refused.setdefault(rows[0].ordinal, self._outcome(rows[0], identity, failure))
        return refused, False

    def _refused_one(self, change: Change, named: Mapping[Identifier, Failure]) -> Outcome:
        """What befell the only row of a request: the name need not be its own, where it took over another's."""
        for identity, failure in named.items():
            return self._outcome(change, identity, failure)
        return Outcome(change.ordinal, Status.REJECTED, "refused", "Iterable refused the row without a reason")

    def _owners(self, changes: Sequence[Change]) -> dict[Identifier, list[Change]]:
        """Which rows hold an identifier, as their identity or among their data: a reply may name either."""
        owners: dict[Identifier, list[Change]] = {}
        for change in changes:
            data = orjson.loads(change.body).get("dataFields", {})
            held = {identifier(_KINDS[name], str(data[field])) for name, field in _NAMES.items() if data.get(field)}
            for one in {*held, identifier(_KINDS[self.key], change.identity)}:
                owners.setdefault(one, []).append(change)
        return owners

    def _outcome(self, change: Change, named: Identifier, failure: Failure) -> Outcome:
        own = named == identifier(_KINDS[self.key], change.identity)
        # Which array names an unknown user id is not documented, beside the deprecated one; the id itself was
        # checked before it was sent.
        doubtful = failure.reason == "invalid" and failure.deprecated and self.key == "user_id"
        if self.updating and own and (failure.reason == "notFound" or doubtful):
            return Outcome(change.ordinal, Status.SKIPPED, *_MEANING["notFound"])
        return Outcome(change.ordinal, Status.REJECTED, *_MEANING[failure.reason])


@dataclass(frozen=True)
class DeleteUser(Operation):
    """Delete one user; one that does not exist is as good as deleted."""

    key: str
    endpoint: Endpoint = DELETE
    max_rows: int = 1

    def build(self, changes: Sequence[Change]) -> Request:
        inner = "byUserId/" if self.key == "user_id" else ""
        return Request(self.endpoint, f"{self.endpoint.path}/{inner}{quote(changes[0].identity, safe='')}")

    def read(self, changes: Sequence[Change], reply: Reply) -> Reading:
        del changes
        done = isinstance(reply.body, dict) and reply.code in ("Success", "Accepted")
        return Reading(Sense.CERTAIN if done else Sense.MALFORMED)

    def refused_alone(self, change: Change, reply: Reply) -> Outcome | None:
        message = reply.body.get("msg") if isinstance(reply.body, dict) else ""
        if reply.status == 400 and "exist" in str(message).lower():
            return Outcome(change.ordinal, Status.ACCEPTED)
        return None


@dataclass(frozen=True)
class UserExists(Lookup):
    """Ask for one user by a query parameter, so that no value becomes part of a path."""

    key: str
    endpoint: Endpoint = GET

    def build(self, change: Change) -> Request:
        path = "/api/users/getByEmail?email=" if self.key == "email" else "/api/users/byUserId?userId="
        return Request(self.endpoint, path + quote(change.identity, safe=""))

    def found(self, reply: Reply) -> bool | None:
        body = reply.body
        if reply.status == 200 and isinstance(body, dict) and (not body or "user" in body):
            return bool(body.get("user"))
        # As text in 2017, as a code without an envelope later; an address that is unknown is an empty 200.
        told = "noUserWithIdExists" in reply.code or reply.text.startswith("No user with that id")
        return False if told or reply.code in ("UnknownUserIdError", "UnknownEmailError") else None


class Users(IterableObject):
    """User profiles."""

    name = "users"
    stage = Stage.PROFILES

    def check(self, sync: Sync, project: ProjectType) -> list[Fault]:
        place = place_of(sync)
        faults = []
        key = self._key(sync, project)
        if project is ProjectType.USER_ID and "user_id" not in sync.identifiers:
            faults.append(
                place.fault(
                    "wrong-identifier", "users of a user id project need `user_id`", key="user_id", allowed="a column"
                )
            )
        makes_none = project is ProjectType.EMAIL and key == "user_id" and sync.mode == "upsert"
        if makes_none and not sync.option("prefer_user_id"):
            faults.append(
                place.fault(
                    "wrong-identifier",
                    "an e-mail project makes no users from a user id alone",
                    key="prefer_user_id",
                    allowed="an `email` column, `mode: update`, or `prefer_user_id: true` for placeholder addresses",
                )
            )
        for item in sync.fields or ():
            top = item.path.split(".")[0]
            if top in MANAGED or item.path in [_NAMES[name] for name in sync.identifiers]:
                says = "is kept by Iterable itself" if top in MANAGED else "is sent as the identifier already"
                faults.append(
                    place.fault(
                        "managed-field", f"field `{item.path}` {says}", key=f"fields.{item.path}", found=item.path
                    )
                )
        return faults

    def identity(self, sync: Sync, project: ProjectType) -> IdentityRule:
        key = self._key(sync, project)
        column = sync.identifiers.get(key, "")
        if key == "email":
            return IdentityRule(key, column, lowered=True, pattern=_EMAIL, code="bad-email")
        return IdentityRule(key, column, lowered=False, pattern=_USER_ID, code="bad-user-id", never=_CLIMBING)

    def extra_fields(self, sync: Sync, project: ProjectType) -> tuple[Field, ...]:
        key = self._key(sync, project)
        others = [(name, column) for name, column in sync.identifiers.items() if name != key]
        return tuple(Field(_NAMES[name], column, nulls="skip", as_text=True) for name, column in others)

    def operations(self, sync: Sync, project: ProjectType) -> Operations:
        key = self._key(sync, project)
        updating = sync.mode == "update"
        # An e-mail project refuses an unknown user id by itself; everywhere else the user would be made.
        knows_itself = project is ProjectType.EMAIL and key == "user_id" and not sync.option("prefer_user_id")
        write = BulkUpdate(
            key,
            create_new_fields=sync.options.get("create_new_fields"),
            updating=updating,
            allow_dropped_fields=sync.option("allow_dropped_fields"),
        )
        remove = {"delete": DeleteUser(key), "clear": write}.get(sync.on_removed)
        return Operations(write, remove, UserExists(key) if updating and not knows_itself else None)

    def body(self, sync: Sync, project: ProjectType) -> Body:
        name = _NAMES[self._key(sync, project)]
        switches = {"preferUserId": "prefer_user_id", "mergeNestedObjects": "merge_nested_objects"}
        flags = {flag: True for flag, option in switches.items() if sync.option(option)}

        def make(identity: str, data: Mapping[str, object]) -> Mapping[str, object]:
            return {name: identity, "dataFields": data, **flags}

        return make

    def _key(self, sync: Sync, project: ProjectType) -> str:
        """The identifier that selects the user; the other one, if mapped, is sent as data."""
        preferred = "email" if project is ProjectType.EMAIL else "user_id"
        return preferred if preferred in sync.identifiers else next(iter(sync.identifiers), preferred)


def _dropped(change: Change, fields: Sequence[str]) -> Outcome:
    names = ", ".join(f"`{name}`" for name in fields[:10])
    return Outcome(
        change.ordinal, Status.FAILED, "dropped-fields", f"Iterable took the row but dropped {names}", tainted=True
    )
