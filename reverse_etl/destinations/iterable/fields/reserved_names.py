"""Managed: names that Iterable keeps for itself, and that no definition may map to; knows no object."""

from __future__ import annotations

from collections.abc import Collection

from reverse_etl.definition.faults import Place
from reverse_etl.destinations.iterable.identity import NAMES
from reverse_etl.errors import Fault
from reverse_etl.sync import Sync

# Support articles 217744303 and 206430145.
_EVERYWHERE = frozenset({"itblInternal", "itblDS", "itblUserId"})
USER_FIELDS = _EVERYWHERE | {
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
# Support article 206430615.
EVENT_FIELDS = _EVERYWHERE | {"createdAt"}


def user_field_faults(sync: Sync, place: Place) -> list[Fault]:
    """A fault for each field of a user's profile that cannot be mapped."""
    return field_faults(sync, place, USER_FIELDS, [NAMES[name] for name in sync.identifiers])


def field_faults(sync: Sync, place: Place, managed: Collection[str], taken: Collection[str] = ()) -> list[Fault]:
    """A fault for each mapped field that Iterable keeps by itself, or that is `taken`: sent as an identifier."""
    faults = []
    for item in sync.fields or ():
        top = item.path.split(".")[0]
        if top in managed or item.path in taken:
            says = "is kept by Iterable itself" if top in managed else "is sent as the identifier already"
            faults.append(
                place.fault("managed-field", f"field `{item.path}` {says}", key=f"fields.{item.path}", found=item.path)
            )
    return faults
