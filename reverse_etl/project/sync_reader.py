"""Reads every definition of a dbt manifest: the syncs that can run, and the ones that cannot, with the reasons."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reverse_etl.dbt.manifest import Manifest, Model
from reverse_etl.dbt.personal_data import find_personal_mark
from reverse_etl.dbt.selection.graph import Graph
from reverse_etl.dbt.tags import TAG
from reverse_etl.dbt.unread import misspelt_marks
from reverse_etl.definition.definition_reader import TaggedModel, read_definitions
from reverse_etl.definition.faults import EntryLocation
from reverse_etl.definition.switches import ModelVersion
from reverse_etl.destinations.base import Destination
from reverse_etl.errors import Fault
from reverse_etl.guards.columns import pii
from reverse_etl.sync import BrokenSync, Sync


@dataclass(frozen=True)
class Definitions:
    """The definitions of a project: `syncs` in the order in which they run, and `broken` ones, which cannot run."""

    syncs: tuple[Sync, ...] = ()
    broken: tuple[BrokenSync, ...] = ()

    def __iter__(self) -> Iterator[Sync | BrokenSync]:
        """Yield all definitions, the broken ones first: their results come before anything is sent."""
        return iter((*self.broken, *self.syncs))


# Returns what knows the objects of the destination of that name.
VendorOf = Callable[[str], Destination]


@dataclass(frozen=True)
class ReadOptions:
    """How definitions are read for a dbt target.

    `defaults` are what entries leave out. `allowed` are the guards that stop nothing this time.
    """

    target: str
    defaults: Mapping[str, object] = field(default_factory=dict)
    allowed: Collection[str] = ()


def read_syncs(manifest: Manifest, options: ReadOptions, vendor_of: VendorOf) -> Definitions:
    """Return every definition of a manifest, which dbt wrote for the target."""
    syncs: list[Sync] = []
    broken: list[BrokenSync] = []
    for model in manifest.nodes.values():
        if TAG in model.meta:
            tagged = replace(_tagged_model(model, manifest), target=options.target, defaults=options.defaults)
            if pii.GUARD.name in options.allowed:
                tagged = replace(tagged, personal={})
            sound, wrong = _definitions_of(model, tagged, vendor_of)
            syncs += sound
            broken += wrong
    syncs, namesakes = split_namesakes(syncs)
    return Definitions(order_syncs(syncs, Graph(manifest.graph), vendor_of), (*broken, *namesakes))


def order_syncs(syncs: Sequence[Sync], graph: Graph, vendor_of: VendorOf) -> tuple[Sync, ...]:
    """Sort by the objects' turns, then by dbt's graph (a model has more ancestors than its parents), then by name."""
    ancestors = {sync.unique_id: len(graph.parents([sync.unique_id])) for sync in syncs}
    turns = {sync.name: vendor_of(sync.destination).order(sync) for sync in syncs}
    return tuple(sorted(syncs, key=lambda s: (turns[s.name], ancestors[s.unique_id], s.name)))


def split_namesakes(syncs: Sequence[Sync]) -> tuple[list[Sync], list[BrokenSync]]:
    """Return the syncs with a unique name, and the others. A sync snapshot is found by the name of its sync.

    If several syncs have one name, the owner of the sync snapshot is unknown, so none of them may run.
    """
    named: dict[str, list[Sync]] = {}
    for sync in syncs:
        named.setdefault(sync.name.lower(), []).append(sync)
    alone = [sync for sync in syncs if len(named[sync.name.lower()]) == 1]
    shared = [sync for sync in syncs if len(named[sync.name.lower()]) > 1]
    return alone, [break_sync(sync, [_name_taken(sync, named[sync.name.lower()])]) for sync in shared]


def _name_taken(sync: Sync, namesakes: Sequence[Sync]) -> Fault:
    other = next((one for one in namesakes if one is not sync), sync)
    return EntryLocation(sync.model, sync.file, None).fault(
        "duplicate-sync-name",
        f"a definition on model `{other.model}` has the same name `{sync.name}`",
        key="name",
        found=sync.name,
        allowed="a name no other definition has",
    )


def _tagged_model(model: Model, manifest: Manifest) -> TaggedModel:
    package = "" if manifest.project_name in (None, model.package) else f"{model.package}."
    return TaggedModel(
        name=model.name,
        unique_id=model.unique_id,
        relation=model.relation_name or "",
        file=str(model.patch_file or model.file),
        hidden=frozenset(column.name for column in model.columns if column.meta.get(TAG) is False),
        database=model.database or "",
        personal={column.name: mark for column in model.columns if (mark := find_personal_mark(column))},
        label=f"{package}{model.name}{f'.v{model.version}' if model.version else ''}",
        version=_version_of(model, manifest),
    )


def _definitions_of(model: Model, tagged: TaggedModel, vendor_of: VendorOf) -> tuple[list[Sync], list[BrokenSync]]:
    """Return the definitions of a model. Faults of the model itself break all of them."""
    syncs, broken = read_definitions(tagged, model.meta[TAG], lambda name: vendor_of(name).entries())
    location = EntryLocation(tagged.label, tagged.file, None)
    faults = [*_no_table(model, location), *_wrong_marks(model, location)]
    if not faults:
        return syncs, broken
    return [], [
        *(replace(one, faults=(*one.faults, *faults)) for one in broken),
        *(break_sync(sync, faults) for sync in syncs),
    ]


def _version_of(model: Model, manifest: Manifest) -> ModelVersion:
    if model.version is None:
        return ModelVersion()
    siblings = [one for one in manifest.nodes.values() if (one.package, one.name) == (model.package, model.name)]
    latest = [one for one in siblings if one.version == model.latest_version]
    known = tuple(one.version for one in siblings if one.version is not None)
    tagged = any(TAG in one.meta for one in latest)
    return ModelVersion(model.version, model.latest_version or "", known, latest_is_tagged=tagged)


def break_sync(sync: Sync, faults: Sequence[Fault]) -> BrokenSync:
    """Return a sync that was read, and still cannot run."""
    return BrokenSync(
        name=sync.name,
        model=sync.model,
        unique_id=sync.unique_id,
        relation=sync.relation,
        file=sync.file,
        destination=sync.destination,
        faults=tuple(faults),
        target=sync.target,
        database=sync.database,
    )


def _no_table(model: Model, location: EntryLocation) -> list[Fault]:
    if model.materialized != "ephemeral" and model.relation_name:
        return []
    return [location.fault("ephemeral-model", "an ephemeral model has no table to read", allowed="table, view, …")]


def _wrong_marks(model: Model, location: EntryLocation) -> list[Fault]:
    """Columns whose mark says something else than `false`: a mark that is not understood must not send its column."""
    misspelt = [
        location.fault(
            "wrong-column-mark",
            f"column `{name}` has a mark that is not read",
            key=f"columns.{name}",
            found=key,
            allowed=TAG,
        )
        for name, key in misspelt_marks(model)
    ]
    return misspelt + [
        location.fault(
            "wrong-column-mark",
            f"column `{column.name}` has a mark that is not `reverse_etl: false`",
            key=f"columns.{column.name}",
            found=column.meta[TAG],
            allowed="false, without quotes: the column is never sent",
        )
        for column in model.columns
        if TAG in column.meta and column.meta[TAG] is not False
    ]
