"""The project's catalogs: fields, items, and writes that are accepted but not yet applied. Knows no endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from reverse_etl.sandbox.rules.catalog_types import misfit, value_at
from reverse_etl.sandbox.state.collection import Shelf
from reverse_etl.sandbox.state.store import Topic

if TYPE_CHECKING:
    from reverse_etl.sandbox.rules.fields import Fields
    from reverse_etl.sandbox.state.journal import Journal

Action = Literal["replace", "merge", "delete"]


@dataclass(slots=True)
class Item:
    """One item. `searchable` are the typed fields, as paths, whose value was sent after the type was set.

    `modified` in seconds since 1970.
    """

    id: int
    catalog_id: int
    key: str
    value: Fields
    searchable: list[str]
    modified: float

    def document(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Catalog:
    """`fields` gives every field that has been there its type, or None; members of a typed object by dotted path."""

    id: int
    name: str
    fields: dict[str, str | None] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)

    @property
    def types(self) -> dict[str, str]:
        return {path: kind for path, kind in self.fields.items() if kind is not None}

    def document(self) -> dict[str, Any]:
        """The items are written by themselves."""
        return {"id": self.id, "name": self.name, "fields": self.fields}


@dataclass(frozen=True)
class ItemWrite:
    """What a request asked for, to be applied when it is due; `types` are those known when it was sent."""

    id: int
    catalog_id: int
    due: float
    action: Action
    documents: dict[str, Fields]
    types: dict[str, str]

    def document(self) -> dict[str, Any]:
        return asdict(self)


class Catalogs(Topic):
    """Catalogs by name, whatever its case."""

    def __init__(self) -> None:
        self._catalogs: Shelf[Catalog] = Shelf("catalogs")
        self._items: Shelf[Item] = Shelf("catalog_items")
        self._writes: Shelf[ItemWrite] = Shelf("catalog_writes")
        self._by_name: dict[str, Catalog] = {}

    def __iter__(self) -> Iterator[Catalog]:
        return iter(self._catalogs)

    def __len__(self) -> int:
        return len(self._catalogs)

    def find(self, name: str) -> Catalog | None:
        return self._by_name.get(name.lower())

    def seed(self, names: Iterable[str]) -> None:
        """Make the catalogs that are not there."""
        for name in names:
            if self.find(name) is None:
                self.create(name)

    def create(self, name: str) -> Catalog:
        made = self._catalogs.put(Catalog(self._catalogs.next_id, name))
        self._by_name[name.lower()] = made
        return made

    def delete(self, catalog: Catalog) -> None:
        for item in catalog.items.values():
            self._items.drop(item)
        self._catalogs.drop(catalog)
        del self._by_name[catalog.name.lower()]

    def set_fields(self, catalog: Catalog, fields: dict[str, str | None]) -> None:
        """Add fields, and types of fields that had none."""
        if any(path not in catalog.fields or catalog.fields[path] != kind for path, kind in fields.items()):
            catalog.fields.update(fields)
            self._catalogs.put(catalog)

    def accept(self, catalog: Catalog, action: Action, documents: dict[str, Fields], due: float) -> None:
        """Take a write, which `catch_up` applies; for a deletion the documents are empty."""
        self.set_fields(catalog, {name: catalog.fields.get(name) for name in fields_of(documents.values())})
        self._writes.put(ItemWrite(self._writes.next_id, catalog.id, due, action, documents, catalog.types))

    def catch_up(self, now: float) -> None:
        for write in list(self._writes):
            if write.due <= now:
                self._apply(write)
                self._writes.drop(write)

    def shelves(self) -> Sequence[Shelf[Any]]:
        return self._catalogs, self._items, self._writes

    def load(self, journal: Journal) -> None:
        self._catalogs.load(journal.documents("catalogs"), lambda _, document: Catalog(**document))
        self._items.load(journal.documents("catalog_items"), lambda _, document: Item(**document))
        self._writes.load(journal.documents("catalog_writes"), lambda _, document: ItemWrite(**document))
        self._by_name.update((catalog.name.lower(), catalog) for catalog in self._catalogs)
        for item in self._items:
            self._catalogs.things[item.catalog_id].items[item.key] = item

    def _apply(self, write: ItemWrite) -> None:
        catalog = self._catalogs.things.get(write.catalog_id)
        if catalog is None:
            return
        for key, document in write.documents.items():
            if write.action != "delete":
                self._put(catalog, key, document, write)
            elif (gone := catalog.items.pop(key, None)) is not None:
                self._items.drop(gone)

    def _put(self, catalog: Catalog, key: str, given: Fields, write: ItemWrite) -> None:
        item = catalog.items.get(key)
        if item is None:
            item = catalog.items[key] = Item(self._items.next_id, catalog.id, key, {}, [], write.due)
        if write.action == "replace":
            item.value, item.searchable = given, []
        else:
            # A null that is merged takes the field away.
            merged = {**item.value, **given}
            item.value = {name: value for name, value in merged.items() if value is not None or name not in given}
            item.searchable = [path for path in item.searchable if path.partition(".")[0] not in given]
        item.searchable += _searchable(given, write.types)
        item.modified = write.due
        self._items.put(item)


def fields_of(documents: Iterable[Fields]) -> Iterator[str]:
    """The fields that documents bring to a catalog; a null brings none."""
    return (name for document in documents for name, value in document.items() if value is not None)


def _searchable(given: Fields, types: dict[str, str]) -> list[str]:
    """The typed fields of a document whose value is there and is of the type."""
    found = ((path, kind, value_at(given, path)) for path, kind in types.items())
    return [path for path, kind, value in found if value is not None and misfit(kind, value) is None]
