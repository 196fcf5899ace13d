"""Combines dbt's last results with the remembered ones, for the models of a project."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from reverse_etl.build_result import EMPTY, MISSING, SAMPLE, SKIPPED, BuildResult, Key
from reverse_etl.dbt.build_results import Hold, Judge, is_bad, is_same_target, read_build_results
from reverse_etl.dbt.manifest import Manifest
from reverse_etl.dbt.results import Build
from reverse_etl.guards.guard import BuildHold
from reverse_etl.snapshot.build_results import load_build_results, save_build_results
from reverse_etl.sync import Sync
from reverse_etl.warehouses.base import Reader, Warehouse

# The first dbt with `dbt retry`.
_RETRY = (1, 6)


@dataclass(frozen=True)
class Builds:
    """The results of each node: `current` from dbt's `latest` results, `remembered` from earlier ones."""

    manifest: Manifest
    latest: Build
    current: Mapping[Key, BuildResult]
    remembered: Mapping[Key, BuildResult]

    def hold(self, sync: Sync) -> BuildHold | None:
        """Return why the model of a sync must not be sent, or None."""
        hold = self._judge.find_hold(sync.unique_id)
        return BuildHold(hold.sentence, self._remedy(sync, hold)) if hold is not None else None

    def is_unknown(self, sync: Sync) -> bool:
        """Return whether the last results cannot be about the model, and nothing is remembered of it."""
        blind = self.other_target or not (self.latest.builds or self.latest.tests)
        return blind and self._judge.of(self.manifest.nodes[sync.unique_id]) is None

    @property
    def other_target(self) -> bool:
        """Return whether the last results are about the tables of another target than the manifest."""
        return not is_same_target(self.latest, self.manifest)

    def news(self) -> list[BuildResult]:
        """Return the results to remember: failures, and successes of nodes that are remembered as failed."""
        return [
            result
            for key, result in self.current.items()
            if result.lasting and (is_bad(result) or key in self.remembered) and self._is_newest(result)
        ]

    @cached_property
    def _judge(self) -> Judge:
        newest = {key: result for key, result in self.current.items() if self._is_newest(result)}
        return Judge(self.manifest, {**self.remembered, **newest})

    def _is_newest(self, result: BuildResult) -> bool:
        before = self.remembered.get(result.key)
        return before is None or before.at < result.at

    def _remedy(self, sync: Sync, hold: Hold) -> str:
        """Return what to do, as the beginning of a sentence."""
        build = f"`dbt build --select +{sync.selector}`"
        if hold.result.status in (EMPTY, SAMPLE):
            return f"Run {build} without `--{hold.result.status}`"
        if hold.result.status == MISSING:
            return f"Run {build}, and look at how `{sync.model}` ends"
        retries = hold.result.invocation_id == self.latest.invocation_id and _version(self.manifest) >= _RETRY
        if hold.result.status == SKIPPED:
            return f"Run {'`dbt retry`' if retries else build}, so that {_describe_node(hold)} is not skipped"
        what = f"Fix what {_describe_node(hold)} reports"
        if retries:
            return f"{what}, then run `dbt retry`: it runs again what failed and what was skipped"
        return f"{what}, then run {build}"


def read_builds(manifest: Manifest, latest: Build, watched: Collection[str], reader: Reader, schema: str) -> Builds:
    """Return what is known of the `watched` models, which are unique ids, and of all that they depend on."""
    return Builds(manifest, latest, read_build_results(latest, manifest, watched), load_build_results(reader, schema))


def remember_builds(builds: Builds, warehouse: Warehouse, schema: str) -> None:
    """Save new results of the last dbt command, since the next one overwrites them."""
    news = builds.news()
    if news:
        save_build_results(warehouse, schema, news)


def _describe_node(hold: Hold) -> str:
    return f"{hold.failed.resource_type.replace('_', ' ')} `{hold.failed.name}`"


def _version(manifest: Manifest) -> tuple[int, ...]:
    return tuple(int(part) for part in manifest.dbt_version.split(".")[:2] if part.isdigit())
