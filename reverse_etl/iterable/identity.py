"""Identity: which column says who a row is about, what Iterable takes for an e-mail or a user id, and who it has.

Rules: support article 9216719179796 (project types and unique identifiers) and the Swagger document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from reverse_etl.change import Change, Outcome, Status
from reverse_etl.errors import Fault
from reverse_etl.faults import Place, place_of
from reverse_etl.iterable.base import Endpoint, ProjectType, Reply, Request, Row
from reverse_etl.iterable.lookup import UNKNOWN_USER
from reverse_etl.iterable.questions import Answer, Lookup, Send
from reverse_etl.sync import Field, IdentityRule, Requirement, Sync

GET = Endpoint("GET", "/api/users", 100)

# Seconds until a user is looked for again: one just written may not be found for a minute (Swagger, users/update).
FIRST_RECHECK = 600.0
# What a key of a definition is called in Iterable's JSON, and in the arrays of its replies.
NAMES = {"email": "email", "user_id": "userId"}
KINDS = {"email": "Emails", "user_id": "UserIds"}
EMAIL = r"[^@\s[:cntrl:]]+@[^@\s[:cntrl:]]+\.[^@\s[:cntrl:].]+"
USER_ID = r"[ -~]{0,51}[!-~]"
# Percent-encoded or not, HTTP libraries take these in a path for a step up.
CLIMBING = (".", "..")
_ENVELOPE = {"code", "msg", "error", "message"}
_BAD_EMAIL = ("bad-email", "the e-mail is malformed")
_BAD_USER_ID = ("bad-user-id", "the user id is malformed, or longer than 52 characters")


def key_of(sync: Sync, project: ProjectType) -> str:
    """The identifier that selects the user; the other one, if mapped, is data."""
    preferred = "email" if project is ProjectType.EMAIL else "user_id"
    return preferred if preferred in sync.identifiers else next(iter(sync.identifiers), preferred)


def rule_of(key: str, column: str) -> IdentityRule:
    """How a column of e-mails or user ids identifies a row; `key` is `email` or `user_id`, whatever it is called."""
    if key == "email":
        return IdentityRule(key, (column,), *_BAD_EMAIL, pattern=EMAIL, lowered=True)
    return IdentityRule(key, (column,), *_BAD_USER_ID, pattern=USER_ID, never=CLIMBING)


def identifier_faults(sync: Sync, project: ProjectType) -> list[Fault]:
    """A user id project knows users by their user ids alone."""
    if project is not ProjectType.USER_ID or "user_id" in (*sync.identifiers, *(item.path for item in sync.own)):
        return []
    said = f"{sync.object.replace('_', ' ')} of a user id project need `user_id`"
    return [place_of(sync).fault("wrong-identifier", said, key="user_id", allowed="a column")]


def missing_identifier(place: Place) -> Fault:
    """A definition that does not say who its rows are about."""
    said = "neither `email` nor `user_id` names a column"
    return place.fault("missing-identifier", said, allowed="email, user_id, or both")


def one_identifier(identifiers: Mapping[str, str], place: Place) -> list[Fault]:
    """That a definition whose rows are users, and which sends nothing else of them, says by one column who they are."""
    if len(identifiers) == 1:
        return []
    if not identifiers:
        return [missing_identifier(place)]
    said = "`email` and `user_id` cannot both say who a row is about"
    return [place.fault("contradictory-keys", said, key="user_id", allowed="one of them: what the project goes by")]


def person_fields(email: str | None, user_id: str | None) -> tuple[Field, ...]:
    """Who a row is about, where that is not its identity: compared like any other value."""
    columns = {"email": email, "user_id": user_id}
    return tuple(
        Field(key, column, nulls="send", as_text=True, lowered=key == "email", own=True)
        for key, column in columns.items()
        if column
    )


def known_by(sync: Sync, project: ProjectType) -> tuple[Field, ...]:
    """What keys of the definition stand for in a project of this type: a user id project knows nobody by e-mail."""
    return tuple(item for item in sync.own if not (project is ProjectType.USER_ID and item.path == "email"))


def person_requirements(sync: Sync, project: ProjectType) -> tuple[Requirement, ...]:
    """That each row names somebody, well-formed: by e-mail where there is one, else by user id."""
    keys = [item.path for item in known_by(sync, project) if item.path in NAMES]
    labels = tuple(f"@{key}" for key in keys)
    found = [Requirement(labels, "null-identifier", "the identifier is NULL")]
    if "email" in keys:
        found.append(Requirement(("@email",), *_BAD_EMAIL, pattern=EMAIL))
    if "user_id" in keys:
        unless = "@email" if "email" in keys else ""
        found.append(Requirement(("@user_id",), *_BAD_USER_ID, pattern=USER_ID, never=CLIMBING, unless=unless))
    return tuple(found)


def person(own: Mapping[str, object]) -> dict[str, str]:
    """The one identifier of a row that is sent: the e-mail where there is one, else the user id."""
    key = "email" if own.get("email") else "user_id"
    return {NAMES[key]: str(own[key])}


def person_text(row: Row) -> str:
    """Who a row is about, as a text to compare."""
    [(name, value)] = person(row.own).items()
    return f"{name} {value}"


@dataclass(frozen=True)
class UserExists(Lookup):
    """Ask for one user by a query parameter, so that no value becomes part of a path."""

    key: str
    endpoint: Endpoint = GET

    def build(self, change: Change) -> Request:
        return question(self.key, change.identity)

    def read(self, change: Change, request: Request, reply: Reply) -> Answer:
        del request
        there = found(reply)
        if there is None:
            return None
        reason = "Iterable has no such user, and `mode: update` makes none"
        return Send.SEND if there else Outcome(change.ordinal, Status.SKIPPED, UNKNOWN_USER, reason)


def question(key: str, identity: str) -> Request:
    """Ask for a user by e-mail or user id."""
    path = "/api/users/getByEmail?email=" if key == "email" else "/api/users/byUserId?userId="
    return Request(GET, path + quote(identity, safe=""))


def found(reply: Reply) -> bool | None:
    """Whether a reply to that question has the user; None where it says neither yes nor no."""
    body = reply.body
    # Members that are not known are ignored, as Iterable asks; an envelope answers another question.
    if reply.status == 200 and isinstance(body, dict) and not _ENVELOPE & body.keys():
        return bool(body.get("user"))
    # As text in 2017, as a code without an envelope later; an address that is unknown is an empty 200.
    told = "noUserWithIdExists" in reply.code or reply.text.startswith("No user with that id")
    return False if told or reply.code in ("UnknownUserIdError", "UnknownEmailError") else None
