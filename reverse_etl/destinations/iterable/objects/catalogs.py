"""Catalog items: what a definition of them may say, and how they are sent once their catalog was looked up."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar, Literal

from pydantic import Field as Key

from reverse_etl.counting import are, plural
from reverse_etl.definition.entry import ColumnName, FieldsEntry
from reverse_etl.definition.faults import EntryLocation, location_of
from reverse_etl.definition.send_key import WHAT_ROWS_CARRY, RowContent
from reverse_etl.destinations.bound_object import BoundObject, SyncContext, TypedField
from reverse_etl.destinations.column_body import ColumnBody
from reverse_etl.destinations.inspection import Inspection, NewField
from reverse_etl.destinations.iterable.base import IterableObject, ProjectType, SyncOrder
from reverse_etl.destinations.iterable.fields.comparable_values import FieldComparison
from reverse_etl.destinations.iterable.fields.field_types import (
    INFERRED_TYPES,
    add_parents,
    as_new_field,
    clash_error,
    find_clashes,
)
from reverse_etl.destinations.iterable.objects.catalog_uploads import (
    DeleteItems,
    UploadItems,
    build_document,
    build_documents,
)
from reverse_etl.destinations.iterable.resources.catalog_types import (
    CATALOG_NAME,
    CONVERTIBLE,
    Catalog,
    create_catalog,
    find_catalog_name,
    find_typable_fields,
    read_catalog,
    set_types,
    unknown_catalog,
)
from reverse_etl.destinations.iterable.resources.stored_items import StoredItems
from reverse_etl.destinations.operation import Operations, Row
from reverse_etl.destinations.request import ApiCaller
from reverse_etl.errors import Fault
from reverse_etl.sync import IdentityRule, OnRemoved, Sync

# Support article 360033215072.
MAX_CATALOG_FIELDS = 350
_NO_TYPE = "has no type: it is kept, and cannot be searched"


class CatalogItemsEntry(FieldsEntry):
    """Items of a catalog, by POST /api/catalogs/{catalog}/items."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("item_id",)
    object: Literal["catalog_items"]
    mode: Literal["upsert", "update", "mirror"] = Key(
        default="upsert",
        description="upsert: replaces whole items; update: only the mapped fields; mirror: as upsert, and items"
        " whose row left the model are deleted",
    )
    catalog: str = Key(min_length=1, description="name of the catalog in Iterable")
    item_id: ColumnName
    send: RowContent | None = Key(
        default=None, description=f"{WHAT_ROWS_CARRY}; default: changed_fields in mode update, else whole_row"
    )
    create_catalog: bool = Key(default=False, description="create a missing catalog, with types of its fields")

    def scope(self) -> Mapping[str, str]:
        return {"catalog": self.catalog.lower()}

    def creates_scope(self) -> bool:
        return self.create_catalog

    def removal_action(self) -> OnRemoved:
        return "delete" if self.mode == "mirror" else "ignore"

    def sends_changed_fields(self) -> bool:
        return self.mode == "update" and self.send != "whole_row"

    def faults(self, location: EntryLocation) -> list[Fault]:
        faults = []
        if not re.fullmatch(CATALOG_NAME, self.catalog):
            message = f"`catalog: {self.catalog}` cannot be the name of a catalog"
            allowed = "letters, digits and dashes, at most 255"
            faults.append(
                location.fault("wrong-catalog-name", message, key="catalog", found=self.catalog, allowed=allowed)
            )
        if self.send == "changed_fields" and self.mode != "update":
            message = f"`mode: {self.mode}` replaces whole items, so changed fields cannot go without the others"
            faults.append(location.fault("contradictory-keys", message, key="send", allowed="mode: update, whole_row"))
        return faults


def bind(entry: CatalogItemsEntry, project: ProjectType) -> BoundObject:
    """Return how items are identified and sent. They are the same in every type of project."""
    del project
    reason = "an item id holds letters, digits and dashes only, 255 at most"
    return BoundObject(
        identity=IdentityRule("item_id", (entry.item_id,), "bad-item-id", reason, pattern=CATALOG_NAME),
        operations=_operations(entry, Catalog(entry.catalog)),
        body=partial(_body, entry.mode == "update"),
        by_column=ColumnBody(partial(build_documents, entry.mode == "update")),
        check=_check,
        inspect=partial(_inspect, entry),
        connector=partial(_connect, entry),
        open_stored_rows=partial(_open_stored_rows, entry),
    )


def _check(sync: Sync) -> list[Fault]:
    location, fields = location_of(sync), sync.fields or ()
    faults = [
        location.fault(
            "wrong-field-name",
            f"column `{item.column}` has a period in its name, and fields of catalogs have none",
            key=f"fields.{item.path}",
            found=item.path,
            allowed="another name of the column, or `field: column` with a field name of your own",
        )
        for item in fields
        if item.path == item.column and "." in item.path
    ]
    count = len({item.path.partition(".")[0] for item in fields})
    if count > MAX_CATALOG_FIELDS:
        message = f"{plural(count, 'field')} {are(count)} mapped, and a catalog has {MAX_CATALOG_FIELDS} at most"
        faults.append(location.fault("too-many-fields", message, key="fields", allowed="a list of the fields to send"))
    return faults


def _body(partial_update: bool, row: Row) -> Mapping[str, object]:  # noqa: FBT001  bound by position
    return build_document(row.data, partial=partial_update)


def _operations(entry: CatalogItemsEntry, catalog: Catalog) -> Operations:
    remove = DeleteItems(catalog.name, catalog.just_created) if entry.removal_action() == "delete" else None
    return Operations(UploadItems(catalog.name, catalog.just_created, partial=entry.mode == "update"), remove)


def _inspect(entry: CatalogItemsEntry, context: SyncContext, caller: ApiCaller) -> Inspection:
    existing = _find_catalog(entry, context.sync, caller)
    catalog = existing or Catalog(entry.catalog)
    _refuse_clashes(context, catalog)
    missing = [item for item in add_parents(context.fields) if not catalog.has_type(item.field)]
    typed = find_typable_fields(catalog, missing) if entry.create_catalog else []
    untyped = [item for item in missing if item not in typed]
    return Inspection(
        [as_new_field(item) if item in typed else NewField(item.field, "", _NO_TYPE) for item in missing],
        {item.field: catalog.types[item.field] for item in context.fields if item.field in catalog.types},
        _warn_of_untyped(entry, catalog, untyped),
        () if existing else (f"the first run creates catalog `{catalog.name}`",),
        inferring=False,
        types_read=True,
    )


def _connect(entry: CatalogItemsEntry, bound: BoundObject, context: SyncContext, caller: ApiCaller) -> BoundObject:
    catalog = _find_catalog(entry, context.sync, caller) or create_catalog(caller, entry.catalog)
    _refuse_clashes(context, catalog)
    warnings: Sequence[str] = ()
    if entry.create_catalog:
        catalog = set_types(caller, catalog, find_typable_fields(catalog, context.fields))
        missing = [item for item in add_parents(context.fields) if not catalog.has_type(item.field)]
        warnings = _warn_of_untyped(entry, catalog, missing)
    return replace(bound, operations=_operations(entry, catalog), casts=_casts(context, catalog), warnings=warnings)


def _open_stored_rows(
    entry: CatalogItemsEntry, bound: BoundObject, context: SyncContext, caller: ApiCaller
) -> StoredItems:
    del bound
    catalog = _find_catalog(entry, context.sync, caller) or Catalog(entry.catalog)
    paths = [item.path for item in context.sync.fields or ()]
    # Values without a type are stored as they come.
    comparison = FieldComparison(paths, catalog.types, infers_dates=False)
    return StoredItems(catalog.name, comparison, replaces_items=entry.mode != "update")


def _find_catalog(entry: CatalogItemsEntry, sync: Sync, caller: ApiCaller) -> Catalog | None:
    """Return the catalog; None if it does not exist and may be created. Raises DestinationError."""
    name, others = find_catalog_name(caller, entry.catalog)
    if name is not None:
        return read_catalog(caller, name)
    if entry.create_catalog:
        return None
    raise unknown_catalog(sync, entry.catalog, others)


def _refuse_clashes(context: SyncContext, catalog: Catalog) -> None:
    """Raise DestinationError if values of a column can never be of the type that their field has."""
    clashes = find_clashes(context.fields, catalog.types, CONVERTIBLE)
    if clashes:
        raise clash_error(context.sync.name, clashes)


def _casts(context: SyncContext, catalog: Catalog) -> dict[str, str]:
    """Return the types of fields whose values must be converted one by one."""
    known = {item: catalog.types[item.field] for item in context.fields if item.field in catalog.types}
    return {item.field: theirs for item, theirs in known.items() if INFERRED_TYPES.get(item.kind) != theirs}


def _warn_of_untyped(entry: CatalogItemsEntry, catalog: Catalog, fields: Sequence[TypedField]) -> Sequence[str]:
    """Return a warning about fields without a type. An item can be searched only if its field had a type before it."""
    if not fields:
        return ()
    names = ", ".join(f"`{item.field}`" for item in fields[:10]) + (", …" if len(fields) > 10 else "")
    way = "" if entry.create_catalog else ", or set `create_catalog: true` if no item has the field yet"
    message = (
        f"catalog `{catalog.name}` has no type for {names}, so collections cannot search there: set it in Iterable"
    )
    return (f"{message}{way}; items that were sent before are then to be sent again (`--full-refresh`)",)


CATALOG_ITEMS = IterableObject(CatalogItemsEntry, SyncOrder.CATALOGS, bind)
