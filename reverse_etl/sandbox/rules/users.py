"""Writes one user row as Iterable would: who is meant, whether that may be, and what becomes of the profile.

Knows no HTTP: a row that cannot be written comes back as a Failure, named as bulkUpdate names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from reverse_etl.sandbox.rules.fields import Fields, without_nulls
from reverse_etl.sandbox.rules.identity import placeholder_email, valid_email, valid_user_id
from reverse_etl.sandbox.rules.subscription_rules import FIELDS, choices_among_fields, choose
from reverse_etl.sandbox.state.profile import Change, Profile

if TYPE_CHECKING:
    from reverse_etl.sandbox.state.project import Project

Reason = Literal["invalid", "notFound", "invalidData", "conflict", "forgotten", "noOp"]
Row = dict[str, Any]

# Iterable writes these itself and overrides what a request says.
_READ_ONLY: Final = ("email", "userId", "profileUpdatedAt", "itblInternal", "itblDS", "itblUserId")
_NOT_DATA: Final = {*_READ_ONLY, *FIELDS}


@dataclass(frozen=True)
class Failure:
    """Why a row was not written, and the identifier, as sent, that the reply names."""

    reason: Reason
    kind: Literal["Emails", "UserIds"]
    value: str

    @property
    def array(self) -> str:
        return self.reason + self.kind


@dataclass(frozen=True)
class Target:
    """Who a row means: the profile there is (None: one to be made) and the identifiers it shall have afterwards."""

    profile: Profile | None
    email: str | None
    user_id: str | None


def write(project: Project, row: Row, fields: Fields | None, *, update_only: bool = False) -> Failure | Profile:
    """Create or update the user that a row means. `fields` are its dataFields as stored; None: they cannot be."""
    target = resolve(project, row)
    if isinstance(target, Failure):
        return target
    if target.profile is None and update_only:
        return own(project, row, "noOp")
    if fields is None:
        return own(project, row, "invalidData")
    return _apply(project, target, fields, merge=row.get("mergeNestedObjects") is True)


def resolve(project: Project, row: Row) -> Target | Failure:
    """Find whom a row means, or why nobody can be meant."""
    email, user_id = _lower(row.get("email")), row.get("userId")
    if fault := _fault(project, row, email, user_id):
        return fault
    profile = locate(project, email, user_id)
    if profile is None and email is None and not project.rules.user_id_unique:
        if row.get("preferUserId") is not True:
            return own(project, row, "notFound")
        email = placeholder_email(str(user_id), project.next_id)
    return _wanted(project, row, profile, email)


def locate(project: Project, email: str | None, user_id: str | None) -> Profile | None:
    """The user these identifiers mean now. In e-mail projects the e-mail decides, elsewhere the userId if it exists."""
    by_email = project.emails.first(email) if project.rules.email_unique else None
    if not project.rules.user_id_unique and email is not None:
        return by_email
    return project.user_ids.first(user_id) or by_email


def own(project: Project, row: Row, reason: Reason) -> Failure:
    """A failure that names the row by the identifier it is known by."""
    email, user_id = row.get("email"), row.get("userId")
    if user_id is not None and (email is None or not project.rules.email_unique):
        return Failure(reason, "UserIds", user_id)
    return Failure(reason, "Emails", email or "")


def _fault(project: Project, row: Row, email: str | None, user_id: str | None) -> Failure | None:
    """What is wrong with the identifiers before anyone is looked for."""
    fields = row.get("dataFields") or {}
    usable = email is not None and project.rules.email_unique
    if not usable and user_id is None:
        return own(project, row, "invalid")
    new_email, new_user_id = fields.get("email"), fields.get("userId")
    if isinstance(new_email, list) or isinstance(new_user_id, list):
        return own(project, row, "invalid")
    for given in (row.get("email"), new_email):
        if given is not None and given.lower() not in project.emails and not valid_email(given):
            return Failure("invalid", "Emails", given)
    for given in (user_id, new_user_id):
        if given is not None and given not in project.user_ids and not valid_user_id(given):
            return Failure("invalid", "UserIds", given)
    return None


def _wanted(project: Project, row: Row, profile: Profile | None, email: str | None) -> Target | Failure:
    """Put together the identifiers the user shall have, and check that they are free."""
    rules, fields = project.rules, row.get("dataFields") or {}
    email = email or (profile.email if profile else None)
    user_id = row.get("userId") or (profile.user_id if profile else None)
    # An e-mail project changes addresses through updateEmail alone.
    if rules.user_id_unique and "email" in fields:
        email = _lower(fields["email"])
    if "userId" in fields:
        user_id = fields["userId"]
    if not (email and rules.email_unique) and not (user_id and rules.user_id_unique):
        return own(project, row, "invalidData")
    target = Target(profile, email, user_id)
    return _blocked(project, row, target) or target


def _blocked(project: Project, row: Row, target: Target) -> Failure | None:
    """The failure of taking an identifier that was forgotten, or that another user has."""
    rules, email, user_id = project.rules, target.email, target.user_id
    free = {None, target.profile}
    email_gone, user_id_gone = project.is_forgotten(email, user_id)
    if email and email_gone:
        return Failure("forgotten", "Emails", _as_sent(row, email))
    if user_id and user_id_gone:
        return Failure("forgotten", "UserIds", user_id)
    if email and rules.email_unique and project.emails.first(email) not in free:
        return Failure("conflict", "Emails", _as_sent(row, email))
    if user_id and rules.user_id_unique and project.user_ids.first(user_id) not in free:
        return Failure("conflict", "UserIds", user_id)
    return None


def _apply(project: Project, target: Target, fields: Fields, *, merge: bool) -> Profile:
    given = {name: value for name, value in fields.items() if name not in _NOT_DATA}
    chosen = choices_among_fields(project, fields)
    profile = target.profile
    if profile is None:
        data = {name: without_nulls(value) for name, value in given.items() if value is not None}
        profile = project.add(target.email, target.user_id, data)
        if chosen:
            choose(project, profile, chosen)
        profile.remember(Change(profile.created, "created", {}))
        return profile
    changed = _changes(profile, given, merge=merge)
    changed |= _identity_changes(profile, target)
    if chosen:
        changed |= choose(project, profile, chosen)
    project.identify(profile, target.email, target.user_id)
    project.touch(profile)
    if changed:
        profile.remember(Change(profile.updated, "updated", changed))
    return profile


def _changes(profile: Profile, given: Fields, *, merge: bool) -> dict[str, tuple[Any, Any]]:
    """Write the fields into the profile and tell which of them altered it: name to (before, after)."""
    data, changed = profile.data, {}
    for name, value in given.items():
        before = data.get(name)
        after = (
            _merged(before, value) if merge and type(value) is dict and type(before) is dict else without_nulls(value)
        )
        if before == after and type(before) is type(after):
            continue
        changed[name] = (before, after)
        if after is None:
            del data[name]
        else:
            data[name] = after
    return changed


def _identity_changes(profile: Profile, target: Target) -> dict[str, tuple[Any, Any]]:
    both = {"email": (profile.email, target.email), "userId": (profile.user_id, target.user_id)}
    return {name: pair for name, pair in both.items() if pair[0] != pair[1]}


def _merged(before: Fields, given: Fields) -> Fields:
    """One level deep: members that are objects are overwritten whole, null members go."""
    return {name: without_nulls(value) for name, value in {**before, **given}.items() if value is not None}


def _as_sent(row: Row, email: str) -> str:
    sent = (row.get("email"), (row.get("dataFields") or {}).get("email"))
    return next((text for text in sent if text is not None and text.lower() == email), email)


def _lower(email: str | None) -> str | None:
    return email.lower() if email is not None else None
