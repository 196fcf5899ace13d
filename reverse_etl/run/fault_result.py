"""The result of a sync that could not start, because of its definition, destination or model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reverse_etl.change import Problem, RunResult, SyncStatus
from reverse_etl.counting import plural
from reverse_etl.errors import Faults, ReverseEtlError
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.runnable_sync import problem_of
from reverse_etl.snapshot.run_history import RunRow, record_run
from reverse_etl.snapshot.tables import Tables, create_runs
from reverse_etl.sync import BrokenSync, Sync
from reverse_etl.warehouses.base import Warehouse
from reverse_etl.warehouses.mark import Mark


def fault_result(definition: Sync | BrokenSync, errors: Sequence[ReverseEtlError], started_at: str) -> RunResult:
    """Return the result of a sync that has errors. There is at least one."""
    one = definition
    problem = fault_problem(one.name, errors)
    return RunResult(
        one.name,
        one.unique_id,
        one.relation,
        one.destination,
        SyncStatus.ERROR,
        problem=problem,
        started_at=started_at,
        target=one.target,
        database=one.database,
    )


def fault_problem(sync: str, errors: Sequence[ReverseEtlError]) -> Problem:
    """Return all errors of a sync as one problem that names it."""
    if len(errors) == 1:
        return problem_of(errors[0]).naming(sync)
    codes = {error.code for error in errors}
    several = Faults(errors)
    return Problem(
        codes.pop() if len(codes) == 1 else several.code,
        f"sync `{sync}`: {plural(len(errors), 'fault')}: {'; '.join(error.message for error in errors)}",
        several.hint,
        {f"fault {number}": f"{error.code}: {error.message}" for number, error in enumerate(errors, start=1)},
    )


@dataclass(frozen=True)
class FaultRecorder:
    """Writes faults into the history. `create`: create its table if there is none yet."""

    warehouse: Warehouse
    environment: RunEnvironment
    create: bool

    def write(self, tables: Tables, result: RunResult) -> None:
        """Write one row for a result that has a problem. Raises WarehouseError."""
        with self.warehouse.session(Mark(self.environment.invocation.id, tables.sync, "record")) as warehouse:
            self._write(warehouse, tables, result)

    def _write(self, warehouse: Warehouse, tables: Tables, result: RunResult) -> None:
        if warehouse.columns(tables.runs) is None:
            if not self.create:
                return
            warehouse.create_schema(tables.schema)
            warehouse.execute(create_runs(warehouse.dialect, tables))
        code = result.problem.code if result.problem else None
        invocation, counts = self.environment.invocation, result.counts.as_dict()
        status, began = result.status.value, result.started_at
        row = RunRow(invocation.id, 0, status, began, "", counts, code, invocation.origin())
        record_run(warehouse, tables, row)
