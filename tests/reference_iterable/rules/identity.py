"""The user of a row: syntax of identifiers, the three project types, what a row changes (section 5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.reference_iterable.project_memory import EMAIL, HYBRID, USER_ID, Memory, User
from tests.reference_iterable.rules.fields import USER, has_long_text, list_odd_dates, store_fields

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+([A-Za-z]{2,63}|xn--[A-Za-z0-9-]{2,59})")
_USER_ID = re.compile(r"[\x20-\x7e]{0,51}[\x21-\x7e]")
# Names that only Iterable writes (6.7).
MANAGED = {
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


@dataclass(frozen=True)
class Failure:
    """Why a row failed: the array's stem (`invalid`, `notFound`, …), `email` or `userId`, and the identifier."""

    stem: str
    key: str
    value: str

    @property
    def array(self) -> str:
        return self.stem + ("Emails" if self.key == "email" else "UserIds")


def is_email(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    return len(local) <= 64 and bool(_LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain))


def is_user_id(text: str) -> bool:
    return bool(_USER_ID.fullmatch(text))


def has_identifier(row: Mapping[str, Any]) -> bool:
    """Return whether a row has an identifier. It can be empty."""
    return "email" in row or "userId" in row


def get_leading_key(memory: Memory, row: Mapping[str, Any]) -> str:
    """Return the identifier that selects the user if a row has both."""
    order = ("email", "userId") if memory.settings.project_type == EMAIL else ("userId", "email")
    return next(key for key in order if key in row)


def find_invalid(memory: Memory, row: Mapping[str, Any]) -> Failure | None:
    """Return what is wrong with the identifiers, before any user is looked up."""
    data = row.get("dataFields", {})
    for where in (row, data):
        for key, fits in (("email", is_email), ("userId", is_user_id)):
            if where.get(key) is not None and not fits(str(where[key])):
                return Failure("invalid", key, str(where[key]))
    if memory.settings.project_type == USER_ID and "userId" not in row:
        return Failure("invalid", "email", row["email"])
    if row.get("email", "").strip().lower() in memory.forgotten_emails:
        return Failure("forgotten", "email", row["email"])
    if row.get("userId") in memory.forgotten_user_ids:
        return Failure("forgotten", "userId", row["userId"])
    return None


def find_user(memory: Memory, row: Mapping[str, Any]) -> User | Failure | None:
    """Return the user of a row. None if there is none. Two users if each has one of the identifiers."""
    by_email = memory.find_by_email(row["email"]) if "email" in row else None
    by_user_id = memory.find_by_user_id(row["userId"]) if "userId" in row else None
    kind = memory.settings.project_type
    if kind == HYBRID and by_email and by_user_id and by_email is not by_user_id:
        return Failure("conflict", "email", row["email"])
    if kind == EMAIL:
        return by_email if "email" in row else by_user_id
    return by_user_id or (by_email if kind == HYBRID else None)


def upsert_user(
    memory: Memory, row: Mapping[str, Any], dropped: tuple[str, ...] = (), *, create: bool = True
) -> User | Failure:
    """Apply one row of user data whose fields are admitted. `create`: whether an unknown user is created."""
    failure = find_invalid(memory, row)
    if failure:
        return failure
    key = get_leading_key(memory, row)
    data = row.get("dataFields", {})
    if has_long_text(data):
        return Failure("invalidData", key, row[key])
    found = find_user(memory, row)
    if isinstance(found, Failure):
        return found
    user = found or _create_user(memory, row, create=create)
    if user is None:
        return Failure("notFound", key, row[key])
    clash = _set_identifiers(memory, user, row, data)
    if clash:
        if found is None:
            memory.remove(user)
        return clash
    _write_fields(memory, user, row, dropped)
    return user


def _create_user(memory: Memory, row: Mapping[str, Any], *, create: bool) -> User | None:
    if not create:
        return None
    if memory.settings.project_type == EMAIL and "email" not in row:
        if not row.get("preferUserId"):
            return None
        local = re.sub(r"[^A-Za-z0-9._-]", "_", row["userId"])
        return memory.add(f"{local}{memory.next_number()}@placeholder.email", row["userId"])
    return memory.add(row.get("email"), row.get("userId"))


def _set_identifiers(memory: Memory, user: User, row: Mapping[str, Any], data: Mapping[str, Any]) -> Failure | None:
    """Set the other identifiers of the row on the user (5.3, 5.4)."""
    kind = memory.settings.project_type
    email = data.get("email") or row.get("email")
    user_id = data.get("userId") or row.get("userId")
    if kind == EMAIL:
        email = user.email
    holders: list[tuple[str, str | None, Callable[[str], User | None], bool]] = [
        ("email", email and email.lower(), memory.find_by_email, kind == HYBRID),
        ("userId", user_id, memory.find_by_user_id, kind != EMAIL),
    ]
    for key, value, holder, unique in holders:
        if value and unique and holder(value) not in (None, user):
            return Failure("conflict", key, value)
    user.email, user.user_id = (email and email.lower()) or user.email, user_id or user.user_id
    return None


def _write_fields(memory: Memory, user: User, row: Mapping[str, Any], dropped: tuple[str, ...]) -> None:
    data = {name: value for name, value in row.get("dataFields", {}).items() if name not in ("email", "userId")}
    kept = store_fields(data, memory.user_fields.get_types(USER), dropped)
    for name, value in data.items():
        if value is None:
            user.data.pop(name, None)
        elif name in kept and row.get("mergeNestedObjects") and isinstance(value, dict):
            _merge_objects(user.data, name, value, kept[name])
        elif name in kept:
            user.data[name] = kept[name]


def _merge_objects(held: dict[str, Any], name: str, given: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
    """Merge one level deep: members that are objects are replaced, null members are removed (6.6)."""
    inner = dict(held[name]) if isinstance(held.get(name), dict) else {}
    inner.update(kept)
    for member, value in given.items():
        if value is None:
            inner.pop(member, None)
    held[name] = inner


def iterate_advice(row: Mapping[str, Any], project_type: str) -> list[str]:
    """Yield what the API description advises against in a row of user data."""
    data = row.get("dataFields", {})
    told = [f"dates: {text!r} is no date to Iterable" for text in list_odd_dates(data)]
    told += [f"managed: {name} is Iterable's own" for name in sorted(MANAGED & set(data))]
    told += [f"names: {name!r} holds a dot" for name in data if "." in name]
    if project_type != EMAIL and "email" in row and "userId" in row:
        told.append("identity: both identifiers of one user")
    if project_type == EMAIL and "email" in data:
        told.append("identity: dataFields.email changes no address in an e-mail project")
    return told
