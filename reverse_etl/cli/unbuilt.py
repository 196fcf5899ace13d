"""Unbuilt: which syncs the last dbt builds and tests hold back, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from reverse_etl.cli.session import Session
from reverse_etl.errors import WarehouseError

if TYPE_CHECKING:
    from reverse_etl.change import Problem
    from reverse_etl.run.builds import Builds
    from reverse_etl.sync import Sync
    from reverse_etl.warehouses.base import Reader, Warehouse


class Unbuilt:
    """What the last and the remembered results of dbt say of the syncs of one command."""

    def __init__(self, session: Session, syncs: Sequence[Sync], reader: Reader) -> None:
        """The results are read, and said to be of no use if they are."""
        self._session = session
        from reverse_etl.guards.build import GUARD

        self._syncs = [sync for sync in syncs if not GUARD.is_off(sync)]
        schemas = dict.fromkeys(self._schema(sync) for sync in self._syncs)
        with reader.step("builds"):
            self._builds: Mapping[str, Builds] = {schema: session.project.builds(reader, schema) for schema in schemas}

    def problems(self) -> dict[str, Problem]:
        """By name, the syncs whose model or tests failed when dbt last ran them, unless that is allowed."""
        from reverse_etl.guards.build import GUARD

        if GUARD.name in self._session.project.flags.allow:
            return {}
        self._warn()
        problems = {sync.name: self._problem(sync) for sync in self._syncs}
        return {name: problem for name, problem in problems.items() if problem is not None}

    def _problem(self, sync: Sync) -> Problem | None:
        from reverse_etl.guards.guard import BuildContext, first_problem
        from reverse_etl.guards.table import BUILD_GUARDS

        hold = self._builds[self._schema(sync)].hold(sync)
        return first_problem(BUILD_GUARDS, BuildContext(sync, hold))

    def remember(self, warehouse: Warehouse) -> None:
        """Keep what dbt's last results say, since its next command overwrites them. A fault of this is a warning."""
        from reverse_etl.run.builds import remember_builds

        try:
            with warehouse.step("builds"):
                for schema, builds in self._builds.items():
                    remember_builds(builds, warehouse, schema)
        except WarehouseError as error:
            said = f"the results of dbt's last build could not be remembered: {error.message}"
            self._session.console.say("BuildNotRemembered", said, "warn")

    def _schema(self, sync: Sync) -> str:
        return self._session.project.settings_of(sync).state_schema

    def _warn(self) -> None:
        """Say so if the results that are there say nothing of these syncs."""
        builds = next(iter(self._builds.values()), None)
        unknown = [sync.model for sync in self._syncs if self._builds[self._schema(sync)].is_unknown(sync)]
        if builds is None or not unknown:
            return
        names = ", ".join(f"`{name}`" for name in dict.fromkeys(unknown))
        why = f"dbt wrote its last results by `dbt {builds.latest.command}`, which builds nothing"
        if builds.other_target:
            why = "dbt's last results are about the tables of another target"
        said = f"{why}: nothing says how the last build of {names} ended; `dbt build` for this target does"
        self._session.console.say("BuildUnknown", said, "warn")
