"""Defaults for the keys of definitions, from reverse_etl.yml: for every dbt target, and for single ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field as Key
from pydantic import ValidationError

from reverse_etl.definition.faults import YamlLocation, translate_errors
from reverse_etl.definition.policy import SyncPolicy
from reverse_etl.definition.send_key import WHAT_ROWS_CARRY, RowContent
from reverse_etl.errors import Fault, Faults, did_you_mean
from reverse_etl.settings import FILE

TARGETS = "targets"
_SEND, _USUAL = "send", "changed_fields"


class ProjectDefaults(SyncPolicy):
    """What reverse_etl.yml can say at its top, and below a target."""

    send: RowContent | None = Key(
        default=None, description=f"{WHAT_ROWS_CARRY}; for objects that have the key. Default: changed fields"
    )


# The keys of the file that are neither settings nor destinations.
DEFAULT_KEYS = (*ProjectDefaults.model_fields, TARGETS)


@dataclass(frozen=True)
class _DefaultsLocation(YamlLocation):
    """A place in reverse_etl.yml: below the keys that `under` names."""

    under: str = ""
    file: str = FILE

    @property
    def subject(self) -> str:
        return FILE

    def key(self, key: str = "") -> str:
        """Return the YAML path of a key, from the top of the file."""
        return ".".join(filter(None, (self.under, key)))


def read_defaults(content: Mapping[str, object], target: str) -> Mapping[str, object]:
    """Return the defaults that hold for a dbt target, as plain values. What the target says wins.

    `content` is the whole file. Raises Faults with everything that is wrong with its defaults, for any target.
    """
    common = {key: content[key] for key in ProjectDefaults.model_fields if key in content}
    faults = _faults_of(common, _DefaultsLocation())
    targets = content.get(TARGETS) or {}
    if not isinstance(targets, Mapping):
        faults.append(_DefaultsLocation().fault("wrong-value", f"`{TARGETS}` holds no names of targets", key=TARGETS))
        targets = {}
    for name, defaults in targets.items():
        faults += _faults_of(defaults or {}, _DefaultsLocation(f"{TARGETS}.{name}"))
    if faults:
        raise Faults(faults)
    merged = merge_values(common, targets.get(target) or {})
    # An object that keeps the fields left out of a request sends changed fields anyway; the others cannot.
    return {key: value for key, value in merged.items() if (key, value) != (_SEND, _USUAL)}


def unknown_targets(content: Mapping[str, object], known: Sequence[str]) -> list[str]:
    """Return a sentence for each target of the file that is none of the `known` ones."""
    targets = content.get(TARGETS)
    names = [str(name) for name in targets] if isinstance(targets, Mapping) else []
    return [
        f"`{TARGETS}.{name}` in {FILE} is not read: there is no target `{name}`{did_you_mean(name, known)}"
        for name in names
        if name not in known
    ]


def with_defaults(entry: object, defaults: Mapping[str, object], known: Collection[str]) -> object:
    """Return an entry of a definition with the defaults that its object has a key for. What the entry says wins."""
    if not isinstance(entry, dict):
        return entry
    return merge_values({key: value for key, value in defaults.items() if key in known}, entry)


def merge_values(lower: Mapping[str, object], upper: Mapping[str, object]) -> dict[str, object]:
    """Return both mappings as one, at any depth. `upper` wins if both have a value."""
    merged = {**lower, **upper}
    for key in lower.keys() & upper.keys():
        below, above = lower[key], upper[key]
        if isinstance(below, Mapping) and isinstance(above, Mapping):
            merged[key] = merge_values(below, above)
    return merged


def _faults_of(defaults: object, location: YamlLocation) -> list[Fault]:
    try:
        ProjectDefaults.model_validate(defaults)
    except ValidationError as error:
        return translate_errors(error, location, ProjectDefaults)
    return []
