"""Catalog items: what a definition of them may say, and how they are sent once their catalog was looked up."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field as Key

from reverse_etl.counting import are, plural
from reverse_etl.definition.entry import ColumnName, FieldsEntry
from reverse_etl.definition.faults import Place, place_of
from reverse_etl.destinations.bound_object import SyncContext, TypedField
from reverse_etl.destinations.inspection import Inspection, NewField
from reverse_etl.destinations.iterable.base import IterableObject, Prepared, ProjectType, Stage
from reverse_etl.destinations.iterable.fields.field_types import GIVEN, clash_error, clashes, shown, with_parents
from reverse_etl.destinations.iterable.objects.catalog_uploads import DeleteItems, UploadItems, document
from reverse_etl.destinations.iterable.resources.catalog_types import (
    FITTING,
    NAME,
    Catalog,
    find_catalog,
    make_catalog,
    read_catalog,
    set_types,
    typable,
    unknown_catalog,
)
from reverse_etl.destinations.operation import Body, Operations, Row
from reverse_etl.destinations.request import ApiCaller
from reverse_etl.errors import Fault
from reverse_etl.sync import IdentityRule, OnRemoved, Sync

# Support article 360033215072.
MOST_FIELDS = 350
_NO_TYPE = "has no type: it is kept, and cannot be searched"


class CatalogItemsEntry(FieldsEntry):
    """Items of a catalog, by POST /api/catalogs/{catalog}/items."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("item_id",)
    OPTIONS: ClassVar[tuple[str, ...]] = ("catalog", "create_catalog")
    object: Literal["catalog_items"]
    mode: Literal["upsert", "update", "mirror"] = Key(
        default="upsert",
        description="upsert: items are replaced whole; update: only the mapped fields; mirror: as upsert, and items"
        " whose row left the model are deleted",
    )
    catalog: str = Key(min_length=1, description="name of the catalog in Iterable")
    item_id: ColumnName
    create_catalog: bool = Key(default=False, description="make the catalog if it is missing, and type its fields")

    def scope(self) -> Mapping[str, str]:
        return {"catalog": self.catalog.lower()}

    def removal(self) -> OnRemoved:
        return "delete" if self.mode == "mirror" else "ignore"

    def faults(self, place: Place) -> list[Fault]:
        if re.fullmatch(NAME, self.catalog):
            return []
        said = f"`catalog: {self.catalog}` cannot be the name of a catalog"
        allowed = "letters, digits and dashes, at most 255"
        return [place.fault("wrong-catalog-name", said, key="catalog", found=self.catalog, allowed=allowed)]


class CatalogItems(IterableObject):
    """Items of a catalog."""

    name = "catalog_items"
    entry = CatalogItemsEntry
    stage = Stage.CATALOGS

    def check(self, sync: Sync, project: ProjectType) -> list[Fault]:
        del project
        place, fields = place_of(sync), sync.fields or ()
        faults = [
            place.fault(
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
        if count > MOST_FIELDS:
            said = f"{plural(count, 'field')} {are(count)} mapped, and a catalog has {MOST_FIELDS} at most"
            faults.append(place.fault("too-many-fields", said, key="fields", allowed="a list of the fields to send"))
        return faults

    def identity(self, sync: Sync, project: ProjectType) -> IdentityRule:
        del project
        reason = "an item id holds letters, digits and dashes only, 255 at most"
        return IdentityRule("item_id", (sync.identifiers["item_id"],), "bad-item-id", reason, pattern=NAME)

    def operations(self, sync: Sync, project: ProjectType) -> Operations:
        del project
        return operations_on(Catalog(str(sync.options["catalog"])), sync)

    def body(self, sync: Sync, project: ProjectType) -> Body:
        del project
        partial = sync.mode == "update"

        def make(row: Row) -> Mapping[str, object]:
            return document(row.data, partial=partial)

        return make

    def inspect(self, context: SyncContext, project: ProjectType, asker: ApiCaller) -> Inspection:
        del project
        sync, found = context.sync, looked_up(context.sync, asker)
        catalog = found or Catalog(str(sync.options["catalog"]))
        refuse_clashes(context, catalog)
        lacking = [item for item in with_parents(context.fields) if not catalog.has_type(item.field)]
        typed = typable(catalog, lacking) if sync.option("create_catalog") else []
        untyped = [item for item in lacking if item not in typed]
        return Inspection(
            [shown(item) if item in typed else NewField(item.field, "", _NO_TYPE) for item in lacking],
            {item.field: catalog.types[item.field] for item in context.fields if item.field in catalog.types},
            unsearchable(catalog, untyped, sync),
            () if found else (f"catalog `{catalog.name}` would be made",),
            inferring=False,
            types_read=True,
        )

    def prepare(self, context: SyncContext, project: ProjectType, asker: ApiCaller) -> Prepared:
        sync = context.sync
        catalog = looked_up(sync, asker) or make_catalog(asker, str(sync.options["catalog"]))
        refuse_clashes(context, catalog)
        warnings: Sequence[str] = ()
        if sync.option("create_catalog"):
            catalog = set_types(asker, catalog, typable(catalog, context.fields))
            lacking = [item for item in with_parents(context.fields) if not catalog.has_type(item.field)]
            warnings = unsearchable(catalog, lacking, sync)
        made, body = operations_on(catalog, sync), self.body(sync, project)
        return Prepared(made, body, casts=casts(context, catalog), warnings=warnings)


def operations_on(catalog: Catalog, sync: Sync) -> Operations:
    """How items are sent to a catalog."""
    remove = DeleteItems(catalog.name, catalog.fresh) if sync.on_removed == "delete" else None
    return Operations(UploadItems(catalog.name, catalog.fresh, partial=sync.mode == "update"), remove)


def looked_up(sync: Sync, asker: ApiCaller) -> Catalog | None:
    """The catalog of a sync; None where there is none and it may be made. Raises DestinationError."""
    wanted = str(sync.options["catalog"])
    found, others = find_catalog(asker, wanted)
    if found is not None:
        return read_catalog(asker, found)
    if sync.option("create_catalog"):
        return None
    raise unknown_catalog(sync, wanted, others)


def refuse_clashes(context: SyncContext, catalog: Catalog) -> None:
    """Raise DestinationError where values of a column can never be of the type that their field has."""
    found = clashes(context.fields, catalog.types, FITTING)
    if found:
        raise clash_error(context.sync.name, found)


def casts(context: SyncContext, catalog: Catalog) -> dict[str, str]:
    """Types of the fields whose values have to be looked at one by one."""
    known = {item: catalog.types[item.field] for item in context.fields if item.field in catalog.types}
    return {item.field: theirs for item, theirs in known.items() if GIVEN.get(item.kind) != theirs}


def unsearchable(catalog: Catalog, fields: Sequence[TypedField], sync: Sync) -> Sequence[str]:
    """What warns of fields without a type. Once items have a field, its type makes none of those searchable."""
    if not fields:
        return ()
    names = ", ".join(f"`{item.field}`" for item in fields[:10]) + (", …" if len(fields) > 10 else "")
    way = "" if sync.option("create_catalog") else ", or by `create_catalog: true` where no item has the field yet"
    said = f"catalog `{catalog.name}` has no type for {names}, so collections cannot search there: set it in Iterable"
    return (f"{said}{way}; items that were sent before are then to be sent again (`--full-refresh`)",)
