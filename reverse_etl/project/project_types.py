"""Which types of Iterable project the definitions can work in, where nobody says which type it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reverse_etl.definition.destination import PROJECT_TYPES
from reverse_etl.destinations.iterable import bind
from reverse_etl.errors import Fault
from reverse_etl.sync import IdentityRule, Sync


def faults_by_type(sync: Sync) -> Mapping[str, Sequence[Fault]]:
    """What is wrong with a definition in each type of project."""
    return {name: bind(sync, name).check(sync) for name in PROJECT_TYPES}


def possible_types(syncs: Sequence[Sync]) -> list[str]:
    """The types in which nothing is wrong that is right in another type."""
    found = [faults_by_type(sync) for sync in syncs]
    return [name for name in PROJECT_TYPES if not any(faults_of_type(faults, name) for faults in found)]


def faults_of_type(faults: Mapping[str, Sequence[Fault]], name: str) -> list[Fault]:
    """Those of one type that some other type does not have."""
    common = {fault.message for fault in faults_everywhere(faults)}
    return [fault for fault in faults[name] if fault.message not in common]


def faults_everywhere(faults: Mapping[str, Sequence[Fault]]) -> list[Fault]:
    """Those that every type has."""
    messages = [{fault.message for fault in found} for found in faults.values()]
    common = set.intersection(*messages)
    return [fault for fault in next(iter(faults.values())) if fault.message in common]


def identity_rules(sync: Sync, types: Sequence[str]) -> list[IdentityRule]:
    """Return how a row of the sync can be identified in a project that has one of these types, each way once."""
    faults = faults_by_type(sync)
    sound = [name for name in types if not faults[name]]
    return list(dict.fromkeys(bind(sync, name).identity for name in sound))
