"""The Python API: everything a command or an orchestrator can do with a dbt project.

Nothing here prints, exits the process or handles signals. Every error is a `ReverseEtlError`. What happens in a run is
passed to `on_event`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reverse_etl.api.opened_project import Names, names_in
from reverse_etl.api.state_operations import StateOperations
from reverse_etl.events import Listener, silent
from reverse_etl.project.sandboxes.sandbox_use import SandboxUse

if TYPE_CHECKING:
    from reverse_etl.project.operations.baseline_syncs import Confirm
    from reverse_etl.project.results import HeldRow, History, ProjectStatus, RequeuedRows, Results, RunResults
    from reverse_etl.project.sync_reader import Definitions
    from reverse_etl.report.inspections import Finding
    from reverse_etl.run.planning.sync_plan import SyncPlan


def _never() -> bool:
    return False


class Project(StateOperations):
    """A dbt project and the syncs that its models define. Make one with `Project.load`.

    Each operation reads dbt's files again, opens the warehouse and closes it. So a `Project` may be kept while dbt
    builds. `select` and `exclude` choose syncs as in dbt. `allow` names guards that stop nothing this time.

    Operations raise ConfigError if a file, an option or a variable is wrong, WarehouseError if the warehouse cannot be
    used, and DestinationError if the destination refuses everything. What is wrong with a single sync is in its result.
    """

    @classmethod
    def load(
        cls,
        project_dir: str | Path | None = None,
        *,
        target: str | None = None,
        profile: str | None = None,
        profiles_dir: str | Path | None = None,
        variables: Mapping[str, object] | str | None = None,
        target_path: str | Path | None = None,
        manifest: str | Path | None = None,
        sandbox: bool = False,
        env: Mapping[str, str] | None = None,
        on_event: Listener = silent,
    ) -> Project:
        """Return the dbt project in a folder; without one, the folder that dbt itself would use.

        The options are dbt's. `variables` are values, or YAML as after `--vars`. `sandbox`: send to a local sandbox
        that runs as long as the operation, instead of the real destinations. `env` replaces the environment of this
        process. `on_event` is called with each `Event`, in the thread in which it happens.

        Raises ConfigError if there is no dbt project.
        """
        from reverse_etl.dbt.variables import read_variables
        from reverse_etl.project.context import ProjectContext, ProjectOptions

        options = ProjectOptions(
            project_dir=_path(project_dir),
            profiles_dir=_path(profiles_dir),
            profile=profile,
            target=target,
            variables=variables if isinstance(variables, Mapping) else read_variables(variables),
            target_path=_path(target_path),
            manifest=_path(manifest),
        )
        env = dict(os.environ if env is None else env)
        ProjectContext(options, env).locations  # noqa: B018  raises if there is no project
        return cls(options, env, on_event, sandbox=sandbox)

    def run(
        self,
        select: Names = (),
        exclude: Names = (),
        *,
        allow: Names = (),
        full_refresh: bool = False,
        full_comparison: bool = False,
        fail_fast: bool = False,
        threads: int | None = None,
        wait: float | None = None,
        limit: int | None = None,
        only: Names = (),
        max_runtime: float | str | None = None,
        stop: Callable[[], bool] = _never,
    ) -> RunResults:
        """Send what changed, and return how each sync ended; write the result file, as `reverse-etl run` does.

        `full_refresh`: send every row again. `full_comparison`: compare all rows, also of syncs that are `incremental`.
        `fail_fast`: skip the other syncs after one fails.
        `threads`, `wait` (seconds) and `max_runtime` (seconds, or a text such as `30m`) replace the settings
        `concurrency`, `wait` and `max_runtime`. `limit` is the most rows of each sync that are sent,
        and `only` are keys: then only rows with one of them take part. `stop` is asked
        before each request: when it returns True, the run finishes open requests, commits what was accepted, and ends.

        If a limit ends the run of a sync, its status is `warn`, `ended_by` says why, and `left` rows wait for the next
        run. Raises ConfigError or Faults if no sync can run.
        """
        from reverse_etl.project.operations.run_syncs import RunRequest, run_syncs
        from reverse_etl.run.environment import RowChoice

        rows = RowChoice(limit, tuple(names_in(only)))
        request = RunRequest(full_refresh, fail_fast, threads, wait, self._sandbox, stop, rows, max_runtime)
        request = replace(request, full_comparison=full_comparison)
        with self._open(SandboxUse.SEND, select, exclude, allow, request.settings) as session:
            return run_syncs(session, request)

    def plan(
        self,
        select: Names = (),
        exclude: Names = (),
        *,
        allow: Names = (),
        full_refresh: bool = False,
        full_comparison: bool = False,
        limit: int | None = None,
        only: Names = (),
        examples: int = 3,
        payloads: int = 0,
        cost: bool = False,
    ) -> Results[SyncPlan]:
        """Return what `run` would do for each sync, with up to `examples` changed values of each field; send nothing.

        `cost`: only estimate what the comparison reads and costs. Nothing is compared.
        `payloads` is the number of rows of each kind whose exact requests are shown. A plan with `problems` would be
        stopped. Examples and payloads hold personal data. Raises ConfigError or Faults if no sync
        can run.
        """
        from reverse_etl.project.operations.plan_syncs import plan_syncs
        from reverse_etl.project.run_environment import RunOptions
        from reverse_etl.run.environment import RowChoice
        from reverse_etl.run.planning.sync_plan import PlanSamples

        with self._open(SandboxUse.ASK, select, exclude, allow) as session:
            rows = RowChoice(limit, tuple(names_in(only)))
            options = RunOptions(full_refresh, rows=rows, full_comparison=full_comparison)
            return plan_syncs(session, options, PlanSamples(examples, payloads, cost))

    def baseline(
        self,
        select: Names,
        exclude: Names = (),
        *,
        allow: Names = (),
        trust: bool = False,
        compare: bool = False,
        until: str | None = None,
        confirm: Confirm | None = None,
        wait: float | None = None,
        stop: Callable[[], bool] = _never,
    ) -> RunResults:
        """Take rows as already accepted, send nothing, and return how each sync ended, as `run` does.

        `trust`: all rows. `compare`: rows that the destination holds with the same values; this is the default. `until`
        is a time such as `2026-11-01`: only rows that happened up to then are trusted. `confirm` gets the plan of each
        sync and returns whether to continue; if it returns False, nothing happens and the results are empty.

        Raises ConfigError or Faults if no sync can run, or if a time or a combination of options is wrong.
        """
        from reverse_etl.project.operations.baseline_syncs import baseline_syncs, make_request
        from reverse_etl.project.operations.run_syncs import RunRequest

        baseline = make_request(trust=trust, compare=compare, until=until)
        run = RunRequest(wait=wait, sandbox=self._sandbox, stop=stop)
        with self._open(SandboxUse.SEND, select, exclude, allow, run.settings) as session:
            return baseline_syncs(session, baseline, confirm, run)

    def validate(
        self, select: Names = (), exclude: Names = (), *, allow: Names = (), online: bool = False
    ) -> Sequence[Finding]:
        """Return what is wrong with each definition, in `errors`. `online`: also ask the warehouse and Iterable."""
        from reverse_etl.project.operations.validation import validate_syncs

        with self._open(SandboxUse.ASK if online else SandboxUse.LOOK, select, exclude, allow) as session:
            return validate_syncs(session, online=online)

    def list(self, select: Names = (), exclude: Names = (), *, allow: Names = ()) -> Definitions:
        """Return the definitions: `syncs` that can run and `broken` ones with their faults. Opens no connection."""
        with self._open(SandboxUse.NONE, select, exclude, allow) as session:
            return session.select_definitions()

    def status(self, select: Names = (), exclude: Names = (), *, allow: Names = ()) -> ProjectStatus:
        """Return how each sync stands: its last run, what was accepted and held back, and who runs it now."""
        from reverse_etl.project.operations.sync_status import read_status

        with self._open(SandboxUse.LOOK, select, exclude, allow) as session:
            return read_status(session)

    def history(self, select: Names = (), exclude: Names = (), *, allow: Names = (), limit: int = 10) -> History:
        """Return the last runs of each sync, the newest first; `limit` of each at most."""
        from reverse_etl.project.operations.sync_status import read_history

        with self._open(SandboxUse.LOOK, select, exclude, allow) as session:
            return read_history(session, limit)

    def rejected(
        self, select: Names = (), exclude: Names = (), *, allow: Names = (), limit: int = 100
    ) -> Sequence[HeldRow]:
        """Return the rows that were not accepted, the newest first; `limit` of each sync at most. Personal data."""
        from reverse_etl.project.operations.held_rows import list_held_rows

        with self._open(SandboxUse.LOOK, select, exclude, allow) as session:
            return list_held_rows(session, limit)

    def requeue(
        self, keys: Names = (), select: Names = (), exclude: Names = (), *, allow: Names = ()
    ) -> Results[RequeuedRows]:
        """Let the next run send rejected and skipped rows again: rows with one of `keys` (e-mails, ids), or all."""
        from reverse_etl.project.operations.held_rows import requeue_rows

        with self._open(SandboxUse.LOOK, select, exclude, allow) as session:
            return requeue_rows(session, names_in(keys))


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)
