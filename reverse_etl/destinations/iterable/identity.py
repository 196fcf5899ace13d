"""Identity: which column says who a row is about, what Iterable takes for an e-mail or a user id, and who it has.

Rules: support article 9216719179796 (project types and unique identifiers) and the Swagger document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import Field as Key

from reverse_etl.change import Change, Outcome, Status
from reverse_etl.definition.faults import Place, place_of
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.protocol.reply_table import UNKNOWN_USER
from reverse_etl.destinations.operation import Answer, Lookup, Send, UnfitRow
from reverse_etl.destinations.request import Endpoint, Reply, Request
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, IdentityRule, PersonColumn, Requirement, Sync

GET = Endpoint("GET", "/api/users", 100)

# Seconds until a user is looked for again: one just written may not be found for a minute (Swagger, users/update).
FIRST_RECHECK = 600.0
# What a key of a definition is called in Iterable's JSON, and in the arrays of its replies.
NAMES = {"email": "email", "user_id": "userId"}
KINDS = {"email": "Emails", "user_id": "UserIds"}
# Never part of an address: characters without width, blanks beyond ASCII and marks of direction, which nobody sees;
# letters that fold into those of ASCII, so that the address would be somebody else's; and what surrounds an address in
# `mailto:jo@shop.com`, `Jo <jo@shop.com>` or `a@shop.com, b@shop.com`.
_UNSEEN = "\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f"
_UNSEEN += "\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
_FOLDING = "\u0130\u017f\u212a\ufb00-\ufb06\uff01-\uff5e"
_IN_AN_ADDRESS = rf"@[:space:][:cntrl:]:;,<>{_UNSEEN}{_FOLDING}"
EMAIL = rf"[^{_IN_AN_ADDRESS}]+@[^{_IN_AN_ADDRESS}]+\.[^.{_IN_AN_ADDRESS}]+"
USER_ID = r"[ -~]{0,51}[!-~]"
# Percent-encoded or not, HTTP libraries take these in a path for a step up.
CLIMBING = (".", "..")
_ENVELOPE = {"code", "msg", "error", "message"}
_BAD_EMAIL = ("bad-email", "the e-mail is malformed")
_BAD_USER_ID = ("bad-user-id", "the user id is malformed, or longer than 52 characters")


# Keys of definitions that hold an identifier under a name of their own.
_KEYS = {"current_email": "email"}
Prefer = Annotated[
    Literal["email", "user_id"] | None,
    Key(description="hybrid projects: the identifier that takes precedence; default: user_id"),
]


def precedence(sync: Sync, project: ProjectType) -> tuple[str, ...]:
    """The identifiers that people of a project are known by, the one that takes precedence first.

    The only rule of it, for every object: support articles 205730249 and 9216719179796.
    """
    if project is ProjectType.USER_ID:
        return ("user_id",)
    first = "email" if project is ProjectType.EMAIL else sync.options.get("prefer") or "user_id"
    return (first, "user_id" if first == "email" else "email")


def identifier_columns(sync: Sync) -> dict[str, str]:
    """The columns of a definition that say who a row is about: by `email`, by `user_id`."""
    own = {item.path: item.column for item in sync.own if item.path in NAMES and item.column}
    return {_KEYS.get(key, key): column for key, column in {**own, **sync.identifiers}.items()}


def keys_of(sync: Sync, project: ProjectType) -> tuple[str, ...]:
    """The identifiers that rows of a definition are known by: a row without the first one is known by the next."""
    columns = identifier_columns(sync)
    known = tuple(key for key in precedence(sync, project) if key in columns)
    return known or tuple(key for key in NAMES if key in columns)[:1] or precedence(sync, project)[:1]


def key_of(sync: Sync, project: ProjectType) -> str:
    """The identifier that selects the user; the other one, if mapped, is data."""
    return keys_of(sync, project)[0]


def user_rule(sync: Sync, project: ProjectType, keys: Sequence[str] = ()) -> IdentityRule:
    """How rows that are users are identified, by `keys` or by all that the definition has columns for."""
    columns = identifier_columns(sync)
    first, *rest = [rule_of(key, columns.get(key, "")) for key in keys or keys_of(sync, project)]
    return replace(first, otherwise=rest[0]) if rest else first


def people_of(rule: IdentityRule, beside: Sequence[Field] = ()) -> tuple[PersonColumn, ...]:
    """Where rows that are users say who they are: in their identity, and in fields beside it."""
    keys = {path: key for key, path in NAMES.items()}
    found = [PersonColumn(rule.key), *(PersonColumn(keys.get(one.path, one.path), one.label) for one in beside)]
    other = rule.otherwise
    return (*found, PersonColumn(other.key, mark=other.mark)) if other is not None else tuple(found)


def other_identifiers(sync: Sync, project: ProjectType) -> tuple[Field, ...]:
    """Identifiers that are kept beside the identity, so that a person is found again who is known by the other one."""
    columns = identifier_columns(sync)
    return tuple(
        Field(key, columns[key], nulls="skip", as_text=True, lowered=key == "email", own=True)
        for key in keys_of(sync, project)[1:]
    )


def rule_of(key: str, column: str) -> IdentityRule:
    """How a column of e-mails or user ids identifies a row; `key` is `email` or `user_id`, whatever it is called."""
    if key == "email":
        return IdentityRule(key, (column,), *_BAD_EMAIL, pattern=EMAIL, lowered=True)
    return IdentityRule(key, (column,), *_BAD_USER_ID, pattern=USER_ID, never=CLIMBING)


def identifier_faults(sync: Sync, project: ProjectType) -> list[Fault]:
    """A user id project knows users by their user ids alone; only a hybrid one leaves a choice."""
    place, columns, prefer = place_of(sync), identifier_columns(sync), sync.options.get("prefer")
    faults = []
    if project is ProjectType.USER_ID and "user_id" not in columns:
        said = f"{sync.object.replace('_', ' ')} of a user id project need `user_id`"
        faults.append(place.fault("wrong-identifier", said, key="user_id", allowed="a column"))
    if prefer and prefer not in columns:
        said = f"`prefer: {prefer}` needs a column of that identifier"
        faults.append(place.fault("contradictory-keys", said, key="prefer", allowed=f"`{prefer}: <column>` as well"))
    if prefer and prefer != precedence(sync, project)[0]:
        said = f"this project always identifies people by {precedence(sync, project)[0]}, so `prefer` cannot change it"
        faults.append(place.fault("wrong-project-type", said, key="prefer", found=prefer, allowed="to leave it out"))
    return faults


def missing_identifier(place: Place) -> Fault:
    """A definition that does not say who its rows are about."""
    said = "neither `email` nor `user_id` names a column"
    return place.fault("missing-identifier", said, allowed="email, user_id, or both")


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
    """That each row names somebody, well-formed: by the first identifier that it has."""
    labels = tuple(f"@{key}" for key in keys_of(sync, project))
    found = [Requirement(labels, "null-identifier", "the identifier is NULL")]
    for number, key in enumerate(keys_of(sync, project)):
        rule = rule_of(key, "")
        unless = labels[0] if number else ""
        found.append(Requirement((labels[number],), rule.code, rule.reason, rule.pattern, rule.never, unless))
    return tuple(found)


def person(own: Mapping[str, object], keys: Sequence[str]) -> dict[str, str]:
    """Return the one identifier of a row that is sent: the first of `keys` that the row has.

    Raises UnfitRow if the row has none of them.
    """
    key = next((key for key in keys if str(own.get(key) or "").strip()), None)
    if key is None:
        raise UnfitRow("null-identifier", "the identifier is NULL")
    return {NAMES[key]: str(own[key])}


@dataclass(frozen=True)
class UserExists(Lookup):
    """Ask for one user by a query parameter, so that no value becomes part of a path."""

    key: str
    endpoint: Endpoint = GET

    def build(self, change: Change) -> Request:
        return question(change.key or self.key, change.identity)

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
