"""Which syncs the last dbt builds and tests stop, and what is reported about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reverse_etl.change import Problem
from reverse_etl.errors import WarehouseError
from reverse_etl.guards.guard import BuildGuardContext, first_problem
from reverse_etl.guards.inputs.build import GUARD
from reverse_etl.guards.table import BUILD_GUARDS
from reverse_etl.project.session import ProjectSession
from reverse_etl.run.checks.builds import Builds, remember_builds
from reverse_etl.sync import Sync
from reverse_etl.warehouses.base import Reader, Warehouse


class BuildChecks:
    """What the last and the remembered results of dbt say about the syncs of one operation."""

    def __init__(self, session: ProjectSession, syncs: Sequence[Sync], reader: Reader) -> None:
        """Read the results. Raises ConfigError if they cannot be read, WarehouseError."""
        self._session = session
        self._syncs = [sync for sync in syncs if not GUARD.is_off(sync)]
        schemas = dict.fromkeys(self._schema(sync) for sync in self._syncs)
        with reader.step("builds"):
            self._builds: Mapping[str, Builds] = {schema: session.context.builds(reader, schema) for schema in schemas}

    def problems(self) -> dict[str, Problem]:
        """Return the syncs whose model or tests failed when dbt last ran them, by name, unless that is allowed."""
        if GUARD.name in self._session.context.options.allow:
            return {}
        self._warn()
        problems = {sync.name: self._problem(sync) for sync in self._syncs}
        return {name: problem for name, problem in problems.items() if problem is not None}

    def remember(self, warehouse: Warehouse) -> None:
        """Keep what dbt's last results say, because its next command overwrites them. A failure is only a warning."""
        try:
            with warehouse.step("builds"):
                for schema, builds in self._builds.items():
                    remember_builds(builds, warehouse, schema)
        except WarehouseError as error:
            said = f"the results of dbt's last build could not be remembered: {error.message}"
            self._session.reporter.say("BuildNotRemembered", said, "warn")

    def _problem(self, sync: Sync) -> Problem | None:
        hold = self._builds[self._schema(sync)].hold(sync)
        return first_problem(BUILD_GUARDS, BuildGuardContext(sync, hold))

    def _schema(self, sync: Sync) -> str:
        return self._session.context.settings_of(sync).state_schema

    def _warn(self) -> None:
        """Warn if the results say nothing about these syncs."""
        builds = next(iter(self._builds.values()), None)
        unknown = [sync.model for sync in self._syncs if self._builds[self._schema(sync)].is_unknown(sync)]
        if builds is None or not unknown:
            return
        names = ", ".join(f"`{name}`" for name in dict.fromkeys(unknown))
        why = f"dbt wrote its last results by `dbt {builds.latest.command}`, which builds nothing"
        if builds.other_target:
            why = "dbt's last results are about the tables of another target"
        said = f"{why}, so the result of the last build of {names} is not known. Run `dbt build` for this target"
        self._session.reporter.say("BuildUnknown", said, "warn")
