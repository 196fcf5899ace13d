"""Which columns say who a row is about, and which texts are e-mails and user ids that Iterable accepts.

Rules: support article 9216719179796 (project types and unique identifiers) and the Swagger document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Literal, Protocol

from pydantic import Field as Key

from reverse_etl.definition.faults import EntryLocation, location_of
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.operation import Row, UnfitRow
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, IdentityRule, PersonColumn, Requirement, Sync

# The names of identifiers in Iterable's JSON and in the arrays of its replies.
JSON_NAMES = {"email": "email", "user_id": "userId"}
REPLY_KINDS = {"email": "Emails", "user_id": "UserIds"}
# Never part of an address: invisible characters, blanks beyond ASCII and marks of direction;
# letters that become ASCII letters in lower case, so that the address would be another person's; and what surrounds
# an address in
# `mailto:jo@shop.com`, `Jo <jo@shop.com>` or `a@shop.com, b@shop.com`.
_UNSEEN = "\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f"
_UNSEEN += "\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
_FOLDING = "\u0130\u017f\u212a\ufb00-\ufb06\uff01-\uff5e"
_IN_AN_ADDRESS = rf"@[:space:][:cntrl:]:;,<>{_UNSEEN}{_FOLDING}"
EMAIL = rf"[^{_IN_AN_ADDRESS}]+@[^{_IN_AN_ADDRESS}]+\.[^.{_IN_AN_ADDRESS}]+"
USER_ID = r"[ -~]{0,51}[!-~]"
# HTTP libraries read these in a path as a parent folder, also percent-encoded.
CLIMBING = (".", "..")
_BAD_EMAIL = ("bad-email", "the e-mail is malformed")
_BAD_USER_ID = ("bad-user-id", "the user id is malformed, or longer than 52 characters")


Prefer = Annotated[
    Literal["email", "user_id"] | None,
    Key(description="hybrid projects: the identifier that takes precedence; default: user_id"),
]


class UserKeys(Protocol):
    """An entry whose rows are about users."""

    @property
    def email(self) -> str | None: ...

    @property
    def user_id(self) -> str | None: ...

    @property
    def prefer(self) -> str | None: ...


@dataclass(frozen=True)
class Identifiers:
    """The columns that say who a row is about: by `email`, by `user_id`. Which counts first depends on the project."""

    columns: Mapping[str, str]
    project: ProjectType
    prefer: str | None = None

    @classmethod
    def of(cls, entry: UserKeys, project: ProjectType) -> Identifiers:
        """Return the identifiers that an entry has columns for."""
        columns = {"email": entry.email, "user_id": entry.user_id}
        return cls({key: column for key, column in columns.items() if column}, project, entry.prefer)

    @cached_property
    def precedence(self) -> tuple[str, ...]:
        """Return the identifiers that users of the project have, the one that takes precedence first.

        The only place of this rule, for every object: support articles 205730249 and 9216719179796.
        """
        if self.project is ProjectType.USER_ID:
            return ("user_id",)
        first = "email" if self.project is ProjectType.EMAIL else self.prefer or "user_id"
        return (first, "user_id" if first == "email" else "email")

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Return the identifiers of rows. The next one identifies a row without the first one."""
        known = tuple(key for key in self.precedence if key in self.columns)
        return known or tuple(key for key in JSON_NAMES if key in self.columns)[:1] or self.precedence[:1]

    @cached_property
    def key(self) -> str:
        """Return the identifier that selects the user. The other one, if it is mapped, is data."""
        return self.keys[0]

    def rule(self, keys: Sequence[str] = ()) -> IdentityRule:
        """Return how rows that are users are identified: by `keys`, or by all identifiers that have a column."""
        first, *rest = [identity_rule(key, self.columns.get(key, "")) for key in keys or self.keys]
        return replace(first, otherwise=rest[0]) if rest else first

    def other_fields(self) -> tuple[Field, ...]:
        """Return the identifiers to keep in addition to the identity, so that a user is found by either."""
        return tuple(
            Field(key, self.columns[key], nulls="skip", as_text=True, lowered=key == "email", from_key=True)
            for key in self.keys[1:]
        )

    def requirements(self) -> tuple[Requirement, ...]:
        """Return the requirement that each row has a well-formed identifier."""
        labels = tuple(f"@{key}" for key in self.keys)
        requirements = [Requirement(labels, "null-identifier", "the identifier is NULL")]
        for number, key in enumerate(self.keys):
            rule = identity_rule(key, "")
            unless = labels[0] if number else ""
            requirements.append(
                Requirement((labels[number],), rule.code, rule.reason, rule.pattern, rule.never, unless)
            )
        return tuple(requirements)

    def user_of(self, row: Row) -> dict[str, object]:
        """Return the member of a body that names the user of a row, whose identity is that user."""
        return {JSON_NAMES[row.key or self.key]: row.identity}

    def check(self, sync: Sync) -> list[Fault]:
        """Return what is wrong with the identifiers in this project: only a hybrid project has a choice."""
        location, faults = location_of(sync), []
        if self.project is ProjectType.USER_ID and "user_id" not in self.columns:
            message = f"{sync.object.replace('_', ' ')} of a user id project need `user_id`"
            faults.append(location.fault("wrong-identifier", message, key="user_id", allowed="a column"))
        if self.prefer and self.prefer not in self.columns:
            message = f"`prefer: {self.prefer}` needs a column of that identifier"
            allowed = f"`{self.prefer}: <column>` as well"
            faults.append(location.fault("contradictory-keys", message, key="prefer", allowed=allowed))
        if self.prefer and self.prefer != self.precedence[0]:
            first = self.precedence[0]
            message = f"this project always identifies people by {first}, so `prefer` cannot change it"
            allowed = "to leave it out"
            faults.append(
                location.fault("wrong-project-type", message, key="prefer", found=self.prefer, allowed=allowed)
            )
        return faults


def person_column(key: str, label: str = "", mark: str = "") -> PersonColumn:
    """Return where a row holds a person's identifier. Letter case does not matter in email addresses."""
    return PersonColumn(key, label, mark, lowered=key == "email")


def person_columns(rule: IdentityRule, beside: Sequence[Field] = ()) -> tuple[PersonColumn, ...]:
    """Return where rows that are users hold their identifiers: in the identity, and in other fields."""
    keys = {path: key for key, path in JSON_NAMES.items()}
    columns = [person_column(rule.key), *(person_column(keys.get(one.path, one.path), one.label) for one in beside)]
    other = rule.otherwise
    return (*columns, person_column(other.key, mark=other.mark)) if other is not None else tuple(columns)


def identity_rule(key: str, column: str) -> IdentityRule:
    """Return how a column of e-mails or user ids identifies a row. `key` is `email` or `user_id`."""
    if key == "email":
        return IdentityRule(key, (column,), *_BAD_EMAIL, pattern=EMAIL, lowered=True)
    return IdentityRule(key, (column,), *_BAD_USER_ID, pattern=USER_ID, never=CLIMBING)


def missing_identifier(location: EntryLocation) -> Fault:
    """Return the fault of a definition that does not say who its rows are about."""
    message = "neither `email` nor `user_id` names a column"
    return location.fault("missing-identifier", message, allowed="email, user_id, or both")


def person_fields(email: str | None, user_id: str | None) -> tuple[Field, ...]:
    """Return the fields with the user of a row, if its identity is another value. They are compared like all values."""
    columns = {"email": email, "user_id": user_id}
    return tuple(
        Field(key, column, nulls="send", as_text=True, lowered=key == "email", from_key=True)
        for key, column in columns.items()
        if column
    )


def pick_identifier(key_values: Mapping[str, object], keys: Sequence[str]) -> dict[str, str]:
    """Return the one identifier of a row that is sent: the first of `keys` that the row has.

    Raises UnfitRow if the row has none of them.
    """
    key = next((key for key in keys if str(key_values.get(key) or "").strip()), None)
    if key is None:
        raise UnfitRow("null-identifier", "the identifier is NULL")
    return {JSON_NAMES[key]: str(key_values[key])}
