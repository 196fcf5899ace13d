"""Reads the `reverse_etl` entries of a model into syncs, with everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reverse_etl.definition.defaults import with_defaults
from reverse_etl.definition.entry import DESTINATION, LONGEST_NAME, EntriesOf, Entry
from reverse_etl.definition.entry_checks import check_entry
from reverse_etl.definition.faults import EntryLocation, find_field_faults
from reverse_etl.definition.personal_columns import find_personal_columns
from reverse_etl.definition.switches import ModelVersion, applies_to, find_unknown_versions, is_off
from reverse_etl.errors import Fault
from reverse_etl.sync import BrokenSync, Sync


@dataclass(frozen=True)
class TaggedModel:
    """A dbt model with a definition: what a Sync takes from it. `file` is relative to the dbt project.

    `target` is dbt's target, `database` the relation's. `label` is the name for people, with package and version.
    `defaults` are what its entries leave out. `personal` are columns with what marks them as personal data; empty if
    the guard `pii` is allowed.
    """

    name: str
    unique_id: str
    relation: str
    file: str
    hidden: frozenset[str] = frozenset()
    target: str = ""
    database: str = ""
    label: str = ""
    version: ModelVersion = field(default_factory=ModelVersion)
    defaults: Mapping[str, object] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)

    @property
    def default_name(self) -> str:
        """Return the name of a sync whose entry has no `name`."""
        return self.name + self.version.suffix


def read_definitions(model: TaggedModel, meta: object, entries_of: EntriesOf) -> tuple[list[Sync], list[BrokenSync]]:
    """Return the syncs of one model's `meta.reverse_etl`: one entry or a list. A wrong entry breaks no other."""
    found = meta if isinstance(meta, list) else [meta]
    syncs: list[Sync] = []
    broken: list[BrokenSync] = []
    for index, entry in enumerate(found):
        location = EntryLocation(model.label or model.name, model.file, index if isinstance(meta, list) else None)
        default = _default_name(model, entry, index, all(map(_own_name, found[:index])))
        strange = [] if is_off(entry) else find_unknown_versions(entry, model.version)
        if strange:
            broken.append(_broken(model, entry, default, [_unknown_version(location, strange, model.version)]))
        if strange or is_off(entry) or not applies_to(entry, model.version):
            continue
        checked, partial, wrong = _check_with_defaults(entry, model, location, entries_of)
        if checked is not None:
            sync = _sync(model, checked, default)
            wrong += [*checked.faults(location), *_check(sync, location)]
            wrong += find_personal_columns(sync, model.personal, location)
            syncs += [] if wrong else [sync]
        elif partial is not None:
            sync = _sync(model, partial, default)
            wrong += [*_check(sync, location), *find_personal_columns(sync, model.personal, location)]
        if wrong:
            broken.append(_broken(model, entry, default, wrong))
    if not found:
        location = EntryLocation(model.label or model.name, model.file, None)
        empty = location.fault("empty-definition", "the list of definitions is empty")
        broken.append(_broken(model, None, model.default_name, [empty]))
    return syncs, broken


def _check_with_defaults(
    entry: object, model: TaggedModel, location: EntryLocation, entries_of: EntriesOf
) -> tuple[Entry | None, Entry | None, list[Fault]]:
    """Return what `check_entry` finds in an entry with its defaults."""
    kinds = entries_of(_destination_name(entry))
    kind = kinds.get(str(_pairs(entry).get("object")), Entry)
    return check_entry(with_defaults(entry, model.defaults, kind.model_fields), location, kinds)


def _unknown_version(location: EntryLocation, named: Sequence[str], model: ModelVersion) -> Fault:
    return location.fault(
        "unknown-model-version",
        f"there is no version {', '.join(named)} of this model",
        key="versions",
        found=", ".join(named),
        allowed=f"latest, all, or a list of {', '.join(model.all_versions)}",
    )


def _broken(model: TaggedModel, entry: object, default: str, faults: Sequence[Fault]) -> BrokenSync:
    """Return what can be read of an entry that cannot be used."""
    texts = {key: value for key, value in _pairs(entry).items() if isinstance(value, str) and value}
    return BrokenSync(
        name=texts.get("name", default)[:LONGEST_NAME],
        model=model.label or model.name,
        unique_id=model.unique_id,
        relation=model.relation,
        file=model.file,
        destination=texts.get("destination", DESTINATION),
        faults=tuple(faults),
        target=model.target,
        database=model.database,
    )


def _destination_name(entry: object) -> str:
    name = _pairs(entry).get("destination", DESTINATION)
    return name if isinstance(name, str) else DESTINATION


def _pairs(entry: object) -> Mapping[object, object]:
    return entry if isinstance(entry, dict) else {}


def _own_name(entry: object) -> bool:
    """Return whether an entry has a `name`."""
    return bool(_pairs(entry).get("name"))


def _default_name(model: TaggedModel, entry: object, index: int, is_first: bool) -> str:  # noqa: FBT001  a fact of the entry
    """Return the name of a sync whose entry has none: the first gets the model's name, the others add their object.

    So a definition keeps its name when others are added after it.
    """
    kind = _pairs(entry).get("object")
    if is_first:
        return model.default_name
    return f"{model.default_name}.{kind}" if isinstance(kind, str) else f"{model.default_name}[{index}]"


def _sync(model: TaggedModel, entry: Entry, default: str) -> Sync:
    identifiers = entry.identifiers()
    name = model.version.versioned_name(entry.name) if entry.name else default
    return Sync(
        name=name,
        model=model.label or model.name,
        unique_id=model.unique_id,
        relation=model.relation,
        file=model.file,
        object=entry.object,
        mode=entry.mode,
        destination=entry.destination_name(),
        identifiers=identifiers,
        primary_key=() if tuple(identifiers.values())[:1] == entry.primary_key else entry.primary_key,
        fields=entry.mapped_fields(),
        key_fields=entry.key_fields(),
        scope=entry.scope(),
        hidden=model.hidden,
        on_removed=entry.removal_action(),
        entry=entry.model_copy(update={"name": name}),
        creates_scope=entry.creates_scope(),
        guards=entry.guard_settings(),
        target=model.target,
        database=model.database,
        reject_limit=entry.reject_limit.limit(),
        invalid_limit=entry.invalid_limit.limit() if entry.invalid_limit is not None else None,
        budget=entry.budget.budget(),
        sends_changed_fields=entry.sends_changed_fields(),
        first_run=entry.first_run,
        incremental=entry.incremental.incremental() if entry.incremental is not None else None,
    )


def _check(sync: Sync, location: EntryLocation) -> list[Fault]:
    faults = find_field_faults(sync.fields or (), location)
    for column in sync.named_columns():
        if column.lower() in {name.lower() for name in sync.hidden}:
            faults.append(
                location.fault(
                    "hidden-column",
                    f"column `{column}` is marked `reverse_etl: false` and is never sent",
                    found=column,
                    allowed="a column without that mark",
                )
            )
    return faults
