"""Makes a sync snapshot belong to the current destination and relation of its sync. Sends nothing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reverse_etl.counting import agree, plural
from reverse_etl.errors import ConfigError, Faults
from reverse_etl.provenance import is_same_source, names_relation, plain_relation, remembered_source
from reverse_etl.run.checks.guard_checks import target_error
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.leases import acquire_lease, new_lease, release_on_error
from reverse_etl.run.remembered_destination import destination_to_remember
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.run.sending.journal import lease_lost_error
from reverse_etl.snapshot.held_rows import requeue
from reverse_etl.snapshot.lease import Lease, LeaseRow
from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.warehouses.base import Warehouse

_WORDS = {"host": "host", "project": "project", "project_type": "project type"}


@dataclass(frozen=True)
class TypedNames:
    """What the user typed: hosts or projects, and relations. `full_refresh`: the next run sends every row again."""

    to: Sequence[str] = ()
    relations: Sequence[str] = ()
    full_refresh: bool = False


class Acceptance:
    """Accepts the current destination and relation for one sync."""

    def __init__(
        self, runnable: RunnableSync, warehouse: Warehouse, environment: RunEnvironment, typed: TypedNames
    ) -> None:
        """Write nothing yet."""
        self._runnable, self._warehouse, self._environment, self._typed = runnable, warehouse, environment, typed
        self._name = runnable.sync.name
        self._store = SnapshotStore(warehouse, environment.settings.state_schema, runnable.sync, runnable.layout)

    def problems(self) -> list[ConfigError]:
        """Return what the user has to type, or to change, first."""
        error = target_error(self._runnable)
        if error is not None:
            return [error]
        row = self._store.lease_row()
        if row is None or not row.destination:
            return []
        self._store.check_lease(row)
        problems = [self._check_destination(row), self._check_relation(row)]
        return [problem for problem in problems if problem is not None]

    def accept(self) -> str:
        """Note the current destination and relation, under the lease, as a run does. Return what was done, in words.

        A crashed run is recovered first. Raises the `problems`, and LeaseError if a run is active.
        """
        problems = self.problems()
        if problems:
            raise problems[0] if len(problems) == 1 else Faults(problems)
        before = self._store.lease_row()
        if before is None or not before.destination:
            return f"sync {self._name}: nothing was sent yet, so there is nothing to accept"
        environment = self._environment
        lease = new_lease(self._store, environment, environment.clock.wall())
        row = acquire_lease(self._store, lease, environment)
        with release_on_error(lease):
            trusted = self._accept_under_lease(lease, row)
        return f"sync {self._name}: {self._runnable.destination.host} is its destination now; {self._describe(trusted)}"

    def _accept_under_lease(self, lease: Lease, row: LeaseRow) -> int:
        """Return the number of entries that count as accepted, or are forgotten."""
        if row.run is not None:
            self._store.recover(lease, row.run)
        trusted = self._store.accepted_entries()
        if self._typed.full_refresh:
            self._forget()
        # What only the destination knows, such as a list's id, stays as it was.
        remembered = destination_to_remember(row.destination, self._runnable.remembered(row.salt), ())
        lease.remember(remembered, self._runnable.layout.key_columns)
        if not lease.close(entries=self._store.live_entries(), unknown=False):
            raise lease_lost_error(lease.fence)
        return trusted

    def _forget(self) -> None:
        """Let the next run send every row, also rows that the earlier destination refused."""
        self._store.leave_out_new_fields()
        self._store.prepare_snapshot()
        self._store.forget_acceptance()
        requeue(self._warehouse, self._store.tables.rejections, self._name, [])

    def _describe(self, rows: int) -> str:
        if self._typed.full_refresh:
            return f"the next run sends its {plural(rows, 'accepted row')} again"
        return f"its {plural(rows, 'accepted row')} {agree(rows, 'counts', 'count')} as accepted there"

    def _check_destination(self, row: LeaseRow) -> ConfigError | None:
        now = self._runnable.remembered(row.salt)
        known = [str(now[name]) for name in ("host", "project") if now.get(name)]
        unknown = [name for name in self._typed.to if name not in known]
        if unknown:
            return self._other_destination(unknown[0], known)
        differing = [name for name in _WORDS if row.destination.get(name, "") != now.get(name, "")]
        needed = [str(now[name]) for name in differing if name != "project_type" and now.get(name)] or known[:1]
        if not differing or all(name in self._typed.to for name in needed):
            return None
        return self._destination_not_named(row.destination, differing, needed)

    def _destination_not_named(
        self, before: Mapping[str, object], differing: Sequence[str], needed: Sequence[str]
    ) -> ConfigError:
        now, rows = self._runnable.remembered(""), self._store.accepted_entries()
        to = "".join(f" --to {shlex.quote(name)}" for name in needed)
        target = f" -t {shlex.quote(self._runnable.sync.target)}" if self._runnable.sync.target else ""
        command = f"reverse-etl destination accept{target} --select {shlex.quote(self._name)}{to}"
        changes = {
            f"{_WORDS[name]} {when}": values.get(name, "") or "none"
            for name in differing
            for when, values in (("before", before), ("now", now))
        }
        old, new = before.get("host"), now["host"]
        place = new if old != new else f"the other project at {new}"
        return ConfigError(
            "destination-not-named",
            f"sync `{self._name}`: {plural(rows, 'row')} that {old} accepted would count as accepted by {place}, and"
            " would not be sent there",
            context={**changes, "accepted rows": rows},
            hint=f"To send every row there, run `{command} --full-refresh`, then `reverse-etl run`. Only if"
            f" {agree(rows, 'this row is', 'these rows are')} there already, run `{command}`.",
        )

    def _other_destination(self, typed: str, known: Sequence[str]) -> ConfigError:
        return ConfigError(
            "other-destination-named",
            f"sync `{self._name}`: `--to {typed}` is not its destination",
            context={"typed": typed, "destination": ", ".join(known)},
            hint=f"Type `--to {shlex.quote(known[0])}`, or correct `base_url` or `project` of the destination.",
        )

    def _check_relation(self, row: LeaseRow) -> ConfigError | None:
        before, sync = remembered_source(row.destination), self._runnable.sync
        named = any(names_relation(pattern, sync.relation) for pattern in self._typed.relations)
        if named or is_same_source(before, self._runnable.source):
            return None
        typed = shlex.quote(plain_relation(sync.relation))
        return ConfigError(
            "relation-not-named",
            f"sync `{self._name}`: its sync snapshot belongs to {before.get('relation')}, and the model is"
            f" {sync.relation} now",
            context={
                "target before": before.get("target", ""),
                "target now": sync.target,
                "accepted rows": self._store.accepted_entries(),
            },
            hint=f"If the table was only renamed or moved, add `--relation {typed}`. If not, run with the target that"
            " the sync snapshot belongs to.",
        )
