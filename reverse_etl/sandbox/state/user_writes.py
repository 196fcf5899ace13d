"""Writes one user row as Iterable would: finds the user, checks the identifiers, and changes the profile.

A row that cannot be written returns a Failure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from reverse_etl.sandbox.rules.fields import Fields, drop_nulls
from reverse_etl.sandbox.rules.identity import is_valid_email, is_valid_user_id, make_placeholder_email
from reverse_etl.sandbox.state.profile import Change, FieldChanges, Profile
from reverse_etl.sandbox.state.subscriptions import SUBSCRIPTION_FIELDS, read_data_field_ids, set_subscriptions

if TYPE_CHECKING:
    from reverse_etl.sandbox.state.project import Project

FailureReason = Literal["invalid", "notFound", "invalidData", "conflict", "forgotten", "noOp"]
Row = dict[str, Any]

# Iterable sets these itself and ignores their values in a request.
_READ_ONLY_FIELDS: Final = ("email", "userId", "profileUpdatedAt", "itblInternal", "itblDS", "itblUserId")
_SPECIAL_FIELDS: Final = {*_READ_ONLY_FIELDS, *SUBSCRIPTION_FIELDS}


@dataclass(frozen=True)
class Failure:
    """Why a row was not written, and the identifier, as sent, that the response lists."""

    reason: FailureReason
    kind: Literal["Emails", "UserIds"]
    value: str

    @property
    def array(self) -> str:
        """Return the name of the array of a bulk response that lists the identifier."""
        return self.reason + self.kind


@dataclass(frozen=True)
class WriteTarget:
    """The user of a row: the existing profile (None for a new user) and the identifiers after the write."""

    profile: Profile | None
    email: str | None
    user_id: str | None


def write_user(project: Project, row: Row, fields: Fields | None, *, update_only: bool = False) -> Failure | Profile:
    """Create or update the user of a row. `fields` are its dataFields as stored, None if they cannot be stored."""
    target = find_target(project, row)
    if isinstance(target, Failure):
        return target
    if target.profile is None and update_only:
        return fail_row(project, row, "noOp")
    if fields is None:
        return fail_row(project, row, "invalidData")
    return _write_fields(project, target, fields, merge=row.get("mergeNestedObjects") is True)


def find_target(project: Project, row: Row) -> WriteTarget | Failure:
    """Return the user of a row, or why the row cannot be written."""
    email, user_id = _lower(row.get("email")), row.get("userId")
    if failure := _check_identifiers(project, row, email, user_id):
        return failure
    profile = find_user(project, email, user_id)
    if profile is None and email is None and not project.identity_rules.user_id_unique:
        if row.get("preferUserId") is not True:
            return fail_row(project, row, "notFound")
        email = make_placeholder_email(str(user_id), project.next_id)
    return _make_target(project, row, profile, email)


def find_user(project: Project, email: str | None, user_id: str | None) -> Profile | None:
    """Return the user. In e-mail projects the e-mail decides, in other projects the userId if it exists."""
    rules = project.identity_rules
    by_email = project.email_index.find_first(email) if rules.email_unique else None
    if not rules.user_id_unique and email is not None:
        return by_email
    return project.user_id_index.find_first(user_id) or by_email


def fail_row(project: Project, row: Row, reason: FailureReason) -> Failure:
    """Return a failure that lists the row by the identifier of its project type."""
    email, user_id = row.get("email"), row.get("userId")
    if user_id is not None and (email is None or not project.identity_rules.email_unique):
        return Failure(reason, "UserIds", user_id)
    return Failure(reason, "Emails", email or "")


def _check_identifiers(project: Project, row: Row, email: str | None, user_id: str | None) -> Failure | None:
    """Return what is wrong with the identifiers, before any user is looked up."""
    fields = row.get("dataFields") or {}
    has_email = email is not None and project.identity_rules.email_unique
    if not has_email and user_id is None:
        return fail_row(project, row, "invalid")
    new_email, new_user_id = fields.get("email"), fields.get("userId")
    if isinstance(new_email, list) or isinstance(new_user_id, list):
        return fail_row(project, row, "invalid")
    for address in (row.get("email"), new_email):
        if address is not None and address.lower() not in project.email_index and not is_valid_email(address):
            return Failure("invalid", "Emails", address)
    for id_ in (user_id, new_user_id):
        if id_ is not None and id_ not in project.user_id_index and not is_valid_user_id(id_):
            return Failure("invalid", "UserIds", id_)
    return None


def _make_target(project: Project, row: Row, profile: Profile | None, email: str | None) -> WriteTarget | Failure:
    """Return the user with the identifiers after the write, and check that they are free."""
    rules, fields = project.identity_rules, row.get("dataFields") or {}
    email = email or (profile.email if profile else None)
    user_id = row.get("userId") or (profile.user_id if profile else None)
    # In an e-mail project only updateEmail changes addresses.
    if rules.user_id_unique and "email" in fields:
        email = _lower(fields["email"])
    if "userId" in fields:
        user_id = fields["userId"]
    if not (email and rules.email_unique) and not (user_id and rules.user_id_unique):
        return fail_row(project, row, "invalidData")
    target = WriteTarget(profile, email, user_id)
    return _check_free(project, row, target) or target


def _check_free(project: Project, row: Row, target: WriteTarget) -> Failure | None:
    """Return a failure if an identifier is forgotten or belongs to another user."""
    rules, email, user_id = project.identity_rules, target.email, target.user_id
    allowed = {None, target.profile}
    email_forgotten, user_id_forgotten = project.is_forgotten(email, user_id)
    if email and email_forgotten:
        return Failure("forgotten", "Emails", _find_sent_email(row, email))
    if user_id and user_id_forgotten:
        return Failure("forgotten", "UserIds", user_id)
    if email and rules.email_unique and project.email_index.find_first(email) not in allowed:
        return Failure("conflict", "Emails", _find_sent_email(row, email))
    if user_id and rules.user_id_unique and project.user_id_index.find_first(user_id) not in allowed:
        return Failure("conflict", "UserIds", user_id)
    return None


def _write_fields(project: Project, target: WriteTarget, fields: Fields, *, merge: bool) -> Profile:
    sent = {name: value for name, value in fields.items() if name not in _SPECIAL_FIELDS}
    subscription_ids = read_data_field_ids(project, fields)
    profile = target.profile
    if profile is None:
        data = {name: drop_nulls(value) for name, value in sent.items() if value is not None}
        profile = project.add_user(target.email, target.user_id, data)
        if subscription_ids:
            set_subscriptions(project, profile, subscription_ids)
        profile.add_change(Change(profile.created, "created", {}))
        return profile
    changes = _change_data(profile, sent, merge=merge)
    changes |= _list_identity_changes(profile, target)
    if subscription_ids:
        changes |= set_subscriptions(project, profile, subscription_ids)
    project.set_identifiers(profile, target.email, target.user_id)
    project.mark_updated(profile)
    if changes:
        profile.add_change(Change(profile.updated, "updated", changes))
    return profile


def _change_data(profile: Profile, sent: Fields, *, merge: bool) -> FieldChanges:
    """Write the fields into the profile and return the changed ones."""
    data: Fields = profile.data
    changes: FieldChanges = {}
    for name, value in sent.items():
        before = data.get(name)
        merges = merge and type(value) is dict and type(before) is dict
        after = _merge_objects(before, value) if merges else drop_nulls(value)
        if before == after and type(before) is type(after):
            continue
        changes[name] = (before, after)
        if after is None:
            del data[name]
        else:
            data[name] = after
    return changes


def _list_identity_changes(profile: Profile, target: WriteTarget) -> FieldChanges:
    both = {"email": (profile.email, target.email), "userId": (profile.user_id, target.user_id)}
    return {name: pair for name, pair in both.items() if pair[0] != pair[1]}


def _merge_objects(before: Any, sent: Fields) -> Fields:
    """Merge one level deep: members that are objects are replaced, null members are removed."""
    return {name: drop_nulls(value) for name, value in {**before, **sent}.items() if value is not None}


def _find_sent_email(row: Row, email: str) -> str:
    sent = (row.get("email"), (row.get("dataFields") or {}).get("email"))
    return next((text for text in sent if text is not None and text.lower() == email), email)


def _lower(email: str | None) -> str | None:
    return email.lower() if email is not None else None
