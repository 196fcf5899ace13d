"""The lists of a project and their members."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from reverse_etl.sandbox.state.store import Store
from reverse_etl.sandbox.state.table import Table

if TYPE_CHECKING:
    from reverse_etl.sandbox.state.journal import Journal
    from reverse_etl.sandbox.state.profile import Profile

ListType = Literal["Standard", "Dynamic"]

# 2020-01-01: a list that exists from the start is older than any delay.
_INITIAL_LIST_CREATED: Final = 1_577_836_800.0


@dataclass(frozen=True)
class UserList:
    """`created` is in seconds since 1970. The API changes only Standard lists. Every user is on a Dynamic list."""

    id: int
    name: str
    created: float
    description: str | None = None
    type: ListType = "Standard"

    def to_document(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Membership:
    """One user on one list. `since` is in seconds since 1970."""

    id: int
    list_id: int
    profile_id: int
    since: float

    def to_document(self) -> dict[str, Any]:
        return asdict(self)


class Lists(Store):
    """Lists by their id. Memberships follow a merged user and end when the user is removed."""

    def __init__(self) -> None:
        self._lists: Table[UserList] = Table("lists")
        self._memberships: Table[Membership] = Table("list_members")
        self._by_list: dict[int, dict[int, Membership]] = {}
        self._by_user: dict[int, dict[int, Membership]] = {}

    def __iter__(self) -> Iterator[UserList]:
        return iter(self._lists)

    def find(self, number: int) -> UserList | None:
        return self._lists.records.get(number)

    def get_name(self, number: int) -> str:
        """Return the name of a list, or "deleted list" if it no longer exists."""
        user_list = self.find(number)
        return user_list.name if user_list is not None else "deleted list"

    def add_initial(self, lists: Iterable[tuple[int, str]], type_: ListType) -> None:
        """Add lists with fixed ids, unless a list with the id exists."""
        for number, name in lists:
            if number not in self._lists.records:
                self._lists.save(UserList(number, name, _INITIAL_LIST_CREATED, type=type_))

    def create(self, name: str, description: str | None, now: float) -> UserList:
        return self._lists.save(UserList(self._lists.next_id, name, now, description))

    def delete(self, user_list: UserList) -> None:
        for membership in list(self._by_list.get(user_list.id, {}).values()):
            self._end_membership(membership)
        self._lists.remove(user_list)

    def add_member(self, list_id: int, profile: Profile, now: float) -> bool:
        """Put a user on a list. Return whether the user was not on it before."""
        if list_id in self._by_user.get(profile.id, {}):
            return False
        membership = Membership(self._memberships.next_id, list_id, profile.id, now)
        self._index_membership(self._memberships.save(membership))
        return True

    def remove_member(self, list_id: int, profile: Profile) -> bool:
        """Take a user off a list. Return whether the user was on it before."""
        membership = self._by_user.get(profile.id, {}).get(list_id)
        if membership is not None:
            self._end_membership(membership)
        return membership is not None

    def get_memberships(self, list_id: int) -> Mapping[int, Membership]:
        """Return the memberships of a Standard list by user number, in the order of joining."""
        return self._by_list.get(list_id, {})

    def list_ids_of(self, profile: Profile) -> list[int]:
        """Return the ids of a user's lists, in the order of joining."""
        return list(self._by_user.get(profile.id, {}))

    def iterate_lists_of(self, profile: Profile) -> Iterator[tuple[UserList, float]]:
        """Yield the lists of a user, each with the time of joining."""
        for number, membership in self._by_user.get(profile.id, {}).items():
            yield self._lists.records[number], membership.since

    def list_tables(self) -> Sequence[Table[Any]]:
        return self._lists, self._memberships

    def load_journal(self, journal: Journal) -> None:
        self._lists.load_documents(journal.read_documents("lists"), lambda _, document: UserList(**document))
        self._memberships.load_documents(
            journal.read_documents("list_members"), lambda _, document: Membership(**document)
        )
        for membership in self._memberships:
            self._index_membership(membership)

    def transfer_user(self, source: Profile, destination: Profile) -> None:
        for list_id, membership in self._by_user.get(source.id, {}).items():
            self.add_member(list_id, destination, membership.since)

    def remove_user(self, profile: Profile) -> None:
        for membership in list(self._by_user.get(profile.id, {}).values()):
            self._end_membership(membership)

    def _index_membership(self, membership: Membership) -> None:
        self._by_list.setdefault(membership.list_id, {})[membership.profile_id] = membership
        self._by_user.setdefault(membership.profile_id, {})[membership.list_id] = membership

    def _end_membership(self, membership: Membership) -> None:
        self._memberships.remove(membership)
        _remove_entry(self._by_list, membership.list_id, membership.profile_id)
        _remove_entry(self._by_user, membership.profile_id, membership.list_id)


def _remove_entry(index: dict[int, dict[int, Membership]], first: int, second: int) -> None:
    del index[first][second]
    if not index[first]:
        del index[first]
