"""The catalogs of a project: fields, items, and item writes that are accepted but not yet applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from reverse_etl.sandbox.rules.catalog_types import find_misfit, read_path
from reverse_etl.sandbox.state.store import Store
from reverse_etl.sandbox.state.table import Table

if TYPE_CHECKING:
    from reverse_etl.sandbox.rules.fields import Fields
    from reverse_etl.sandbox.state.journal import Journal

WriteAction = Literal["replace", "merge", "delete"]


@dataclass(slots=True)
class CatalogItem:
    """One item. `searchable` are the paths of typed fields whose value was sent after the type was set.

    `modified` is in seconds since 1970.
    """

    id: int
    catalog_id: int
    key: str
    value: Fields
    searchable: list[str]
    modified: float

    def to_document(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Catalog:
    """`fields` maps every field that was ever sent to its type, or to None. Members of objects have dotted paths."""

    id: int
    name: str
    fields: dict[str, str | None] = field(default_factory=dict)
    items: dict[str, CatalogItem] = field(default_factory=dict)

    @property
    def types(self) -> dict[str, str]:
        return {path: type_ for path, type_ in self.fields.items() if type_ is not None}

    def to_document(self) -> dict[str, Any]:
        """Return the catalog without its items, which have their own table."""
        return {"id": self.id, "name": self.name, "fields": self.fields}


@dataclass(frozen=True)
class ItemWrite:
    """A write that is applied when it is due. `types` are the field types at the time of the request."""

    id: int
    catalog_id: int
    due: float
    action: WriteAction
    documents: dict[str, Fields]
    types: dict[str, str]

    def to_document(self) -> dict[str, Any]:
        return asdict(self)


class Catalogs(Store):
    """Catalogs by name. Upper and lower case are the same."""

    def __init__(self) -> None:
        self._catalogs: Table[Catalog] = Table("catalogs")
        self._items: Table[CatalogItem] = Table("catalog_items")
        self._writes: Table[ItemWrite] = Table("catalog_writes")
        self._by_name: dict[str, Catalog] = {}

    def __iter__(self) -> Iterator[Catalog]:
        return iter(self._catalogs)

    def __len__(self) -> int:
        return len(self._catalogs)

    def find(self, name: str) -> Catalog | None:
        return self._by_name.get(name.lower())

    def add_initial(self, names: Iterable[str]) -> None:
        """Create the catalogs that do not exist yet."""
        for name in names:
            if self.find(name) is None:
                self.create(name)

    def create(self, name: str) -> Catalog:
        catalog = self._catalogs.save(Catalog(self._catalogs.next_id, name))
        self._by_name[name.lower()] = catalog
        return catalog

    def delete(self, catalog: Catalog) -> None:
        for item in catalog.items.values():
            self._items.remove(item)
        self._catalogs.remove(catalog)
        del self._by_name[catalog.name.lower()]

    def set_fields(self, catalog: Catalog, fields: dict[str, str | None]) -> None:
        """Add fields, and types to fields that have none."""
        if any(path not in catalog.fields or catalog.fields[path] != type_ for path, type_ in fields.items()):
            catalog.fields.update(fields)
            self._catalogs.save(catalog)

    def accept_write(self, catalog: Catalog, action: WriteAction, documents: dict[str, Fields], due: float) -> None:
        """Save a write, which `apply_due` applies. The documents of a deletion are empty."""
        self.set_fields(catalog, {name: catalog.fields.get(name) for name in iterate_fields(documents.values())})
        self._writes.save(ItemWrite(self._writes.next_id, catalog.id, due, action, documents, catalog.types))

    def apply_due(self, now: float) -> None:
        for write in list(self._writes):
            if write.due <= now:
                self._apply(write)
                self._writes.remove(write)

    def list_tables(self) -> Sequence[Table[Any]]:
        return self._catalogs, self._items, self._writes

    def load_journal(self, journal: Journal) -> None:
        self._catalogs.load_documents(journal.read_documents("catalogs"), lambda _, document: Catalog(**document))
        self._items.load_documents(journal.read_documents("catalog_items"), lambda _, document: CatalogItem(**document))
        self._writes.load_documents(journal.read_documents("catalog_writes"), lambda _, document: ItemWrite(**document))
        self._by_name.update((catalog.name.lower(), catalog) for catalog in self._catalogs)
        for item in self._items:
            self._catalogs.records[item.catalog_id].items[item.key] = item

    def _apply(self, write: ItemWrite) -> None:
        catalog = self._catalogs.records.get(write.catalog_id)
        if catalog is None:
            return
        for key, document in write.documents.items():
            if write.action != "delete":
                self._save_item(catalog, key, document, write)
            elif (removed := catalog.items.pop(key, None)) is not None:
                self._items.remove(removed)

    def _save_item(self, catalog: Catalog, key: str, document: Fields, write: ItemWrite) -> None:
        item = catalog.items.get(key)
        if item is None:
            item = catalog.items[key] = CatalogItem(self._items.next_id, catalog.id, key, {}, [], write.due)
        if write.action == "replace":
            item.value, item.searchable = document, []
        else:
            # A null in a merge removes the field.
            merged = {**item.value, **document}
            item.value = {name: value for name, value in merged.items() if value is not None or name not in document}
            item.searchable = [path for path in item.searchable if path.partition(".")[0] not in document]
        item.searchable += _list_searchable(document, write.types)
        item.modified = write.due
        self._items.save(item)


def iterate_fields(documents: Iterable[Fields]) -> Iterator[str]:
    """Yield the fields that documents add to a catalog. A null adds no field."""
    return (name for document in documents for name, value in document.items() if value is not None)


def _list_searchable(document: Fields, types: dict[str, str]) -> list[str]:
    """Return the typed fields of a document that have a value of their type."""
    values = ((path, type_, read_path(document, path)) for path, type_ in types.items())
    return [path for path, type_, value in values if value is not None and find_misfit(type_, value) is None]
