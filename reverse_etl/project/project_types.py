"""Finds the project types that the definitions can work with, if the type is not set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reverse_etl.destinations.base import Destination
from reverse_etl.errors import Fault
from reverse_etl.project.sync_reader import VendorOf
from reverse_etl.sync import IdentityRule, Sync


def faults_by_type(sync: Sync, vendor: Destination) -> Mapping[str, Sequence[Fault]]:
    """Return what is wrong with a definition in each type of project."""
    return {name: vendor.bind(sync, name).check(sync) for name in vendor.project_types}


def possible_types(syncs: Sequence[Sync], vendor: Destination) -> list[str]:
    """Return the types in which nothing is wrong that is right in another type."""
    found = [faults_by_type(sync, vendor) for sync in syncs]
    return [name for name in vendor.project_types if not any(faults_only_in(faults, name) for faults in found)]


def faults_only_in(faults: Mapping[str, Sequence[Fault]], name: str) -> list[Fault]:
    """Return the faults of one project type that some other type does not have."""
    common = {fault.message for fault in common_faults(faults)}
    return [fault for fault in faults[name] if fault.message not in common]


def common_faults(faults: Mapping[str, Sequence[Fault]]) -> list[Fault]:
    """Return the faults that every project type has."""
    messages = [{fault.message for fault in found} for found in faults.values()]
    common = set.intersection(*messages)
    return [fault for fault in next(iter(faults.values())) if fault.message in common]


def identity_rules(sync: Sync, types: Sequence[str], vendor: Destination) -> list[IdentityRule]:
    """Return how a row of the sync can be identified in a project that has one of these types, each way once."""
    faults = faults_by_type(sync, vendor)
    sound = [name for name in types if not faults[name]]
    return list(dict.fromkeys(vendor.bind(sync, name).identity for name in sound))


def conflicts_between(syncs: Sequence[tuple[Sync, str]], vendor_of: VendorOf) -> Mapping[str, str]:
    """Warnings about syncs that do not fit together, by name of the sync. Each comes with its project type."""
    by_destination: dict[str, list[tuple[Sync, str]]] = {}
    for sync, project_type in syncs:
        by_destination.setdefault(sync.destination, []).append((sync, project_type))
    return {
        name: warning
        for destination, group in by_destination.items()
        for name, warning in vendor_of(destination).find_conflicts(group).items()
    }
