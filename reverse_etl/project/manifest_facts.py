"""ManifestFacts: what the guards of the manifest look at, worked out from dbt's files when a guard asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from reverse_etl.dbt.manifest import Manifest
from reverse_etl.dbt.project import Locations
from reverse_etl.dbt.staleness import Staleness, find_stale
from reverse_etl.dbt.targets import TargetCheck, dbt_flags
from reverse_etl.guards.guard import TargetMismatch


class ManifestFacts:
    """A manifest, compared with the target of the command and with the files of the project."""

    def __init__(
        self,
        manifest: Manifest,
        locations: Locations,
        target: str,
        flags: Mapping[str, object],
        judge: Callable[[], TargetCheck | None],
    ) -> None:
        """`flags` are the command's flags, by name. `judge` compares the manifest with the profile's targets."""
        self.path = locations.manifest
        self.target = target
        self.dbt_flags = dbt_flags(flags)
        self._manifest = manifest
        self._locations = locations
        self._judge = judge

    @cached_property
    def mismatch(self) -> TargetMismatch | None:
        """Return why the manifest belongs to another target; None if no difference is found."""
        mismatch = self._judge()
        if mismatch is None:
            return None
        example = mismatch.example
        relation = example.relation_name if example is not None else None
        return TargetMismatch(mismatch.targets, mismatch.reason, relation, has_example=example is not None)

    @cached_property
    def staleness(self) -> Staleness:
        """Return the files that changed after dbt read them."""
        return find_stale(self._manifest, self._locations)

    @property
    def changed_definition(self) -> Path | None:
        """Return a file with a definition that changed after dbt wrote the manifest; None if there is none."""
        return self.staleness.defining
