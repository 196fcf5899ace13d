"""The statements of a run other than the comparison, the plan and the merge, by dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from reverse_etl.build_result import BuildResult
from reverse_etl.change import Outcome, Response, Status
from reverse_etl.snapshot.build_results import load_build_results, save_build_results
from reverse_etl.snapshot.columns.layout_builder import build_layout
from reverse_etl.snapshot.counting.changed_rows import read_changed_rows
from reverse_etl.snapshot.counting.comparer import count_differences
from reverse_etl.snapshot.held_rows import count_rejections, list_rejections, requeue
from reverse_etl.snapshot.lease import Holder, Lease, OpenRun, note_in_free_lease
from reverse_etl.snapshot.model_versions.snapshot_facts import read_facts
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.snapshot.rejections import Recheck, Rejections
from reverse_etl.snapshot.run_history import RunRow, last_runs, prune_runs, recent_removals, record_run
from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.snapshot.state_transfer import StateTransfer
from reverse_etl.sync import Field, Sync
from reverse_etl.warehouses.columns import Column, ColumnKind
from reverse_etl.warehouses.dialect import Dialect
from tests.contracts.sync_harness import RULE
from tests.snapshot.recorder import LEASE, Recorder

FIELDS = (Field("firstName", "name"), Field("spent", "spent", nulls="skip"))
SYNC = Sync("it's", "users", "m", "marts.users", "f", "users", "upsert", "d", {"email": "email"}, (), FIELDS, "delete")
KEYED = replace(SYNC, primary_key=("spent",), fields=FIELDS[:1])
RUN = RunRow("a1b2", 7, "success", "2026-01-01 00:00:00", "", {}, None)


class Scene:
    """A sync whose model has one table in a dialect. `known`: our tables are there."""

    def __init__(self, dialect: Dialect, *, known: bool, sync: Sync = SYNC) -> None:
        text, number = dialect.text_type, dialect.integer_type
        model = [Column("email", text, ColumnKind.TEXT), Column("name", text, ColumnKind.TEXT)]
        model += [Column("spent", number, ColumnKind.INTEGER)]
        layout = build_layout(sync, RULE, model, dialect)
        self.warehouse = Recorder(dialect, {"marts.users": model})
        self.store = SnapshotStore(self.warehouse, "s", sync, layout)
        names = [("identity", text), *((value.name, value.type) for value in layout.values)]
        self.stored_column = [Column(name, kind, ColumnKind.TEXT) for name, kind in names]
        if known:
            self.know()
        self.lease = Lease(self.warehouse, self.store.tables, Holder("holder"), 120.0, 90.0)

    def know(self) -> None:
        """Our tables are there, with the plan of the lease's fence."""
        tables = self.store.tables
        named = (tables.snapshot, tables.lease, tables.rejections, tables.runs, f"s.{tables.plan_name(LEASE[4])}")
        self.warehouse.columns_of |= dict.fromkeys(named, self.stored_column)

    def rejections(self) -> Rejections:
        return Rejections(self.warehouse, self.store.diff(), 7, Recheck(3600, 600))


def first_tables(dialect: Dialect) -> list[str]:
    """Before the first run: our tables are made."""
    scene = Scene(dialect, known=False)
    lacking = scene.store.lease_row
    scene.store.lease_row = lambda: lacking() or scene.know() or None  # type: ignore[method-assign, func-returns-value]
    scene.store.prepare_lease("lineage", "it's \\ salt")
    del scene.warehouse.columns_of[scene.store.tables.snapshot]
    scene.store.prepare_snapshot()
    return scene.warehouse.told


def one_run(dialect: Dialect) -> list[str]:
    """From the lease to the record of the run."""
    scene = Scene(dialect, known=True)
    store, lease = scene.store, scene.lease
    assert lease.acquire()
    lease.open_run()
    store.write_plan(store.diff(), lease.fence)
    store.changed_fields(lease.fence)
    lease.remember({"host": "h"}, "[]")
    rejections = scene.rejections()
    rejections.record_invalid()
    lease.flush(10, Ranges())
    list(store.planned(lease.fence, 0, 10, 5))
    response = Response(500, "Odd", "it's \\", "r-1")
    failed = Outcome(5, Status.FAILED, "no-answer", "", True, response, rows=1, alone=True)
    rejections.past_failures(0, 10)
    rejections.save_outcomes(
        [Outcome(3, Status.SKIPPED, "unknown-user", "it's \\"), Outcome(4, Status.REJECTED, "bad"), failed]
    )
    lease.flush(10, Ranges([(0, 10)]))
    store.commit(OpenRun(lease.fence, 10, Ranges([(0, 10)])), Ranges(), stale=True)
    rejections.clear_accepted()
    rejections.clear_gone()
    rejections.clear_settled()
    rejections.readmit(["it's", "other"])
    lease.close(entries=store.live_entries(), unknown=True)
    store.finish(lease.fence)
    prune_runs(scene.warehouse, store.tables, 400, 10_000)
    record_run(scene.warehouse, store.tables, RUN)
    return scene.warehouse.told


def comparison(dialect: Dialect) -> list[str]:
    """A comparison that finds a few rows, and the plan of these rows."""
    scene = Scene(dialect, known=True)
    compare_and_plan(scene)
    return scene.warehouse.told


def comparison_keyed(dialect: Dialect) -> list[str]:
    """The same for rows with a key."""
    scene = Scene(dialect, known=True, sync=KEYED)
    compare_and_plan(scene)
    return scene.warehouse.told


def quiet_comparison(dialect: Dialect) -> list[str]:
    """A comparison that finds nothing."""
    scene = Scene(dialect, known=True)
    scene.warehouse.candidates = 0
    count_differences(scene.warehouse, scene.store.diff())
    return scene.warehouse.told


def compare_and_plan(scene: Scene) -> None:
    """Count what differs, and write the plan of the next run."""
    diff, _ = count_differences(scene.warehouse, scene.store.diff())
    scene.store.write_plan(diff, LEASE[4] + 1)


def edited_definition(dialect: Dialect) -> list[str]:
    """A field has come, another one's type has changed, and everything is to be sent again."""
    scene = Scene(dialect, known=True)
    [identity, _, spent] = scene.stored_column
    table = scene.store.tables.snapshot
    scene.warehouse.columns_of[table] = [identity, replace(spent, type=dialect.text_type)]
    scene.store.prepare_snapshot()
    scene.store.forget_acceptance()
    return scene.warehouse.told


def dead_run(dialect: Dialect) -> list[str]:
    """A run that died is rolled forward; the one after it lets go again."""
    scene = Scene(dialect, known=True)
    scene.lease.fence = 8
    scene.lease.beat()
    scene.store.recover(scene.lease, OpenRun(7, 10, Ranges([(0, 5)])))
    scene.lease.release()
    return scene.warehouse.told


def looks(dialect: Dialect) -> list[str]:
    """What the commands that look ask, and `requeue`."""
    scene = Scene(dialect, known=True)
    tables = scene.store.tables
    read_changed_rows(scene.warehouse, scene.store.diff(), 3)
    list_rejections(scene.warehouse, tables.rejections, "it's", 100)
    count_rejections(scene.warehouse, tables.rejections, "it's")
    last_runs(scene.warehouse, tables, 5)
    recent_removals(scene.warehouse, tables, 20)
    requeue(scene.warehouse, tables.rejections, "it's", ["a@x.y", "b@x.y"])
    return scene.warehouse.told


def moved(dialect: Dialect) -> list[str]:
    """The state moves here."""
    scene, other = Scene(dialect, known=True), Scene(dialect, known=True)
    moving = StateTransfer(other.store, scene.store)
    moving.entries()
    moving.doubt_differences(scene.warehouse)
    moving.rejections()
    moving.runs()
    scene.lease.note_moved("elsewhere")
    [row] = [scene.store.lease_row()]
    assert row is not None
    scene.lease.adopt(row)
    return scene.warehouse.told


def builds(dialect: Dialect) -> list[str]:
    """What dbt's last results say is remembered."""
    scene = Scene(dialect, known=True)
    verdict = BuildResult("model.shop.it's", '"a"."b"', "error", "2026-01-02 03:04:05.000000", "i1", "build")
    table = scene.warehouse.table("s", "build_verdicts")
    scene.warehouse.columns_of |= {table: scene.stored_column}
    load_build_results(scene.warehouse, "s")
    save_build_results(scene.warehouse, "s", [verdict, replace(verdict, unique_id="test.shop.unique")])
    return scene.warehouse.told


def unchanged_model(dialect: Dialect) -> list[str]:
    """What is read of our tables if the model has not changed, and how a quiet run notes that."""
    scene = Scene(dialect, known=True)
    row = scene.store.lease_row()
    assert row is not None
    read_facts(scene.warehouse, scene.store.tables)
    note_in_free_lease(scene.warehouse, scene.store.tables, row, {"host": "h"})
    return scene.warehouse.told


_ALL = (
    *(first_tables, one_run, comparison, comparison_keyed, quiet_comparison),
    *(edited_definition, dead_run, looks, moved, builds, unchanged_model),
)
SCENES: Mapping[str, Callable[[Dialect], list[str]]] = {scene.__name__: scene for scene in _ALL}
