"""The project's lists and who is on them since when. Knows a user by number alone, and no endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from reverse_etl.sandbox.state.collection import Shelf
from reverse_etl.sandbox.state.store import Topic

if TYPE_CHECKING:
    from reverse_etl.sandbox.state.journal import Journal
    from reverse_etl.sandbox.state.profile import Profile

ListType = Literal["Standard", "Dynamic"]

# 2020-01-01: a list that was there from the start is older than any delay.
_FROM_THE_START: Final = 1_577_836_800.0


@dataclass(frozen=True)
class UserList:
    """`created` in seconds since 1970. The API changes Standard lists only; on a Dynamic one is everybody."""

    id: int
    name: str
    created: float
    description: str | None = None
    type: ListType = "Standard"

    def document(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Membership:
    """One user on one list since a moment, in seconds since 1970."""

    id: int
    list_id: int
    profile_id: int
    since: float

    def document(self) -> dict[str, Any]:
        return asdict(self)


class Lists(Topic):
    """Lists by their id; memberships follow a user through moves and merges, and end with the user."""

    def __init__(self) -> None:
        self._lists: Shelf[UserList] = Shelf("lists")
        self._members: Shelf[Membership] = Shelf("list_members")
        self._of_list: dict[int, dict[int, Membership]] = {}
        self._of_user: dict[int, dict[int, Membership]] = {}

    def __iter__(self) -> Iterator[UserList]:
        return iter(self._lists)

    def get(self, number: int) -> UserList | None:
        return self._lists.things.get(number)

    def name(self, number: int) -> str:
        """The name of a list, or a word for one that is gone."""
        found = self.get(number)
        return found.name if found is not None else "deleted list"

    def seed(self, lists: Iterable[tuple[int, str]], type_: ListType) -> None:
        """Add lists under ids of their own, where there are none with these."""
        for number, name in lists:
            if number not in self._lists.things:
                self._lists.put(UserList(number, name, _FROM_THE_START, type=type_))

    def create(self, name: str, description: str | None, now: float) -> UserList:
        return self._lists.put(UserList(self._lists.next_id, name, now, description))

    def delete(self, gone: UserList) -> None:
        for membership in list(self._of_list.get(gone.id, {}).values()):
            self._end(membership)
        self._lists.drop(gone)

    def join(self, list_id: int, profile: Profile, now: float) -> bool:
        """Whether the user was not on the list before."""
        if list_id in self._of_user.get(profile.id, {}):
            return False
        self._index(self._members.put(Membership(self._members.next_id, list_id, profile.id, now)))
        return True

    def part(self, list_id: int, profile: Profile) -> bool:
        """Whether the user was on the list before."""
        membership = self._of_user.get(profile.id, {}).get(list_id)
        if membership is not None:
            self._end(membership)
        return membership is not None

    def members(self, list_id: int) -> Mapping[int, Membership]:
        """By the number of the user, those who joined first in front."""
        return self._of_list.get(list_id, {})

    def of(self, profile: Profile) -> list[int]:
        """Ids of the lists that a user is on, in the order of joining."""
        return list(self._of_user.get(profile.id, {}))

    def of_user(self, profile: Profile) -> Iterator[tuple[UserList, float]]:
        """The lists that a user is on, and since when."""
        for number, membership in self._of_user.get(profile.id, {}).items():
            yield self._lists.things[number], membership.since

    def shelves(self) -> Sequence[Shelf[Any]]:
        return self._lists, self._members

    def load(self, journal: Journal) -> None:
        self._lists.load(journal.documents("lists"), lambda _, document: UserList(**document))
        self._members.load(journal.documents("list_members"), lambda _, document: Membership(**document))
        for membership in self._members:
            self._index(membership)

    def follow(self, source: Profile, destination: Profile) -> None:
        for list_id, membership in self._of_user.get(source.id, {}).items():
            self.join(list_id, destination, membership.since)

    def leave(self, profile: Profile) -> None:
        for membership in list(self._of_user.get(profile.id, {}).values()):
            self._end(membership)

    def _index(self, membership: Membership) -> None:
        self._of_list.setdefault(membership.list_id, {})[membership.profile_id] = membership
        self._of_user.setdefault(membership.profile_id, {})[membership.list_id] = membership

    def _end(self, membership: Membership) -> None:
        self._members.drop(membership)
        _take(self._of_list, membership.list_id, membership.profile_id)
        _take(self._of_user, membership.profile_id, membership.list_id)


def _take(index: dict[int, dict[int, Membership]], first: int, second: int) -> None:
    del index[first][second]
    if not index[first]:
        del index[first]
