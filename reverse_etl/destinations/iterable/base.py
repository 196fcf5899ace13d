"""What an object of Iterable is: what its entry may say, when its syncs run, and how an entry binds to a project."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from typing import Generic, TypeVar

from reverse_etl.definition.entry import Entry
from reverse_etl.destinations.bound_object import BoundObject
from reverse_etl.sync import Sync


class ProjectType(str, Enum):
    """What identifies a user in a project; fixed when the project is made (support article 9216719179796)."""

    EMAIL = "email"
    USER_ID = "user_id"
    HYBRID = "hybrid"


class SyncOrder(IntEnum):
    """The order of syncs: objects that others refer to first, deletions last."""

    CATALOGS = 1
    IDENTITY = 2
    PROFILES = 3
    MEMBERSHIPS = 4
    ACTIVITY = 5
    COMMERCE = 6
    DELETIONS = 7


EntryT = TypeVar("EntryT", bound=Entry)


@dataclass(frozen=True)
class IterableObject(Generic[EntryT]):
    """One object: the class of its entry, when its syncs run, and the function that binds an entry.

    `names_both_identifiers`: its rows may name one user by e-mail and another by user id, independent of other syncs.
    """

    entry: type[EntryT]
    order: SyncOrder
    bind: Callable[[EntryT, ProjectType], BoundObject]
    names_both_identifiers: bool = False

    def bind_sync(self, sync: Sync, project: ProjectType) -> BoundObject:
        """Return how the rows of a sync of this object are identified, encoded and sent in the project."""
        if not isinstance(sync.entry, self.entry):
            raise TypeError(f"sync `{sync.name}` holds no {self.entry.__name__}")
        # `mode: update` skips users that Iterable does not have.
        return replace(self.bind(sync.entry, project), expects_skips=sync.mode == "update")
