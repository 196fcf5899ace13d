"""Users: profiles by POST /api/users/bulkUpdate, single deletes, and the question whether a user exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

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
)
from reverse_etl.iterable.lookup import UNKNOWN_USER
from reverse_etl.sync import Field, IdentityRule, Sync

# Limits: Swagger document. The body limit is 4 MB, which is taken as 4,000,000 bytes; no row count is documented.
BULK_UPDATE = Endpoint("POST", "/api/users/bulkUpdate", 5)
DELETE = Endpoint("DELETE", "/api/users", 100)
GET = Endpoint("GET", "/api/users", 100)

# Kept by Iterable itself: support articles 217744303 and 206430145.
MANAGED = frozenset(
    "itblInternal itblDS itblUserId profileUpdatedAt signupSource emailListIds userListIds subscribedMessageTypeIds"
    " unsubscribedChannelIds unsubscribedMessageTypeIds devices shoppingCartItems phoneNumberDetails"
    " receivedSMSDisclaimer".split()
)
_NAMES = {"email": "email", "user_id": "userId"}

# The arrays of `failedUpdates`, and what being named in one means. Swagger, UserBulkUpdateListResponse.
_ARRAYS: Mapping[str, tuple[str, str]] = {
    "forgotten": ("forgotten-user", "the user was forgotten on request and is never sent again"),
    "conflict": ("identity-conflict", "the new e-mail or user id belongs to another user"),
    "notFound": (UNKNOWN_USER, "Iterable has no such user"),
    "invalidData": ("invalid-data", "Iterable refused the values of the row"),
    "invalid": ("invalid-identifier", "Iterable takes the e-mail or user id for malformed"),
}
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
        body = reply.body
        if not isinstance(body, dict) or not _count(body, "successCount") or not _count(body, "failCount"):
            return Reading(Sense.MALFORMED)
        named = self._named(body)
        by_identity = {change.identity.lower() if self.key == "email" else change.identity: change for change in changes}
        refused = {
            by_identity[identity].ordinal: self._outcome(by_identity[identity], array)
            for identity, array in named.items()
            if identity in by_identity
        }
        if len(changes) == 1 and named and body["failCount"] == 1 and not refused:
            refused = {changes[0].ordinal: self._outcome(changes[0], next(iter(named.values())))}
        strange = [identity for identity in named if identity not in by_identity]
        adds_up = body["failCount"] == len(refused) and body["successCount"] + body["failCount"] == len(changes)
        if not adds_up or (strange and len(changes) > 1):
            return Reading(Sense.UNATTRIBUTED if body["failCount"] else Sense.MALFORMED)
        dropped = _texts(body.get("filteredOutFields"))
        if dropped and not self.allow_dropped_fields:
            refused |= {c.ordinal: _dropped(c, dropped) for c in changes if c.ordinal not in refused}
        return Reading(Sense.CERTAIN, refused, tuple(dropped))

    def _named(self, body: Mapping[str, object]) -> dict[str, str]:
        """Identity to the array that names it; the deprecated arrays count where the new ones do not name it."""
        failed = body.get("failedUpdates")
        failed = failed if isinstance(failed, dict) else {}
        named: dict[str, str] = {}
        for source, arrays in ((failed, _ARRAYS), (body, {"invalid": _ARRAYS["invalid"]})):
            for array in arrays:
                for kind in ("Emails", "UserIds"):
                    for identity in _texts(source.get(array + kind)):
                        named.setdefault(identity.lower() if self.key == "email" else identity, array)
        return named

    def _outcome(self, change: Change, array: str) -> Outcome:
        code, reason = _ARRAYS[array]
        # Which array names an unknown user id is not documented; the id itself was checked before it was sent.
        if self.updating and array in ("notFound", "invalid"):
            return Outcome(change.ordinal, Status.SKIPPED, UNKNOWN_USER, _ARRAYS["notFound"][1])
        return Outcome(change.ordinal, Status.REJECTED, code, reason)


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
        del changes, reply
        return Reading(Sense.CERTAIN)

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
        body = reply.body if isinstance(reply.body, dict) else {}
        if reply.status == 200 and "code" not in body:
            return bool(body.get("user"))
        unknown = "noUserWithIdExists" in str(body.get("code")) or reply.code in ("UnknownUserIdError", "UnknownEmailError")
        return False if unknown or (reply.status == 400 and self.key == "user_id" and not reply.code) else None


class Users(IterableObject):
    """User profiles."""

    name = "users"

    def check(self, sync: Sync, project: ProjectType) -> list[Fault]:
        place = place_of(sync)
        faults = []
        key = self._key(sync, project)
        if project is ProjectType.USER_ID and "user_id" not in sync.identifiers:
            faults.append(
                place.fault("wrong-identifier", "users of a user id project need `user_id`", key="user_id", allowed="a column")
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
                faults.append(place.fault("managed-field", f"field `{item.path}` {says}", key=f"fields.{item.path}", found=item.path))
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


def _count(body: Mapping[str, object], name: str) -> bool:
    return isinstance(body.get(name), int) and not isinstance(body.get(name), bool)


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _dropped(change: Change, fields: Sequence[str]) -> Outcome:
    names = ", ".join(f"`{name}`" for name in fields[:10])
    return Outcome(change.ordinal, Status.FAILED, "dropped-fields", f"Iterable took the row but dropped {names}", tainted=True)
