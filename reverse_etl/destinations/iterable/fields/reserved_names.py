"""Names of fields that Iterable writes itself, so that no definition can map to them."""

from __future__ import annotations

from collections.abc import Collection

from reverse_etl.definition.faults import EntryLocation
from reverse_etl.destinations.iterable.identity import JSON_NAMES
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


def find_reserved_user_fields(sync: Sync, location: EntryLocation) -> list[Fault]:
    """Return a fault for each field of a user's profile that cannot be mapped."""
    return find_reserved_fields(sync, location, USER_FIELDS, [JSON_NAMES[name] for name in sync.identifiers])


def find_reserved_fields(
    sync: Sync, location: EntryLocation, reserved: Collection[str], identifiers: Collection[str] = ()
) -> list[Fault]:
    """Return a fault for each mapped field that Iterable writes itself, or that is sent as an identifier."""
    faults = []
    for item in sync.fields or ():
        top = item.path.split(".")[0]
        if top in reserved or item.path in identifiers:
            says = "is written by Iterable itself" if top in reserved else "is sent as the identifier already"
            faults.append(
                location.fault(
                    "managed-field", f"field `{item.path}` {says}", key=f"fields.{item.path}", found=item.path
                )
            )
    return faults
