"""Warehouse-native reverse ETL: tag a dbt model, send only its changed rows to Iterable.

    from reverse_etl import Project

    for result in Project.load("shop").run(select="iterable_users"):
        print(result.sync, result.status.value, result.counts.accepted)

The names below are loaded when they are first used, so that `import reverse_etl` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from reverse_etl.version import __version__

if TYPE_CHECKING:
    from reverse_etl.api.project import Project
    from reverse_etl.change import RunResult, SyncStatus
    from reverse_etl.errors import (
        ConfigError,
        DestinationError,
        Fault,
        Faults,
        LeaseError,
        ReverseEtlError,
        WarehouseError,
    )
    from reverse_etl.events import Event
    from reverse_etl.project.results import (
        AcceptedDestination,
        DeletedState,
        HeldRow,
        History,
        MigratedState,
        PastRun,
        ProjectStatus,
        RequeuedRows,
        Results,
        RunResults,
    )
    from reverse_etl.project.sync_reader import Definitions
    from reverse_etl.report.inspections import Finding
    from reverse_etl.report.stored_states import ListedState
    from reverse_etl.report.sync_states import SyncState
    from reverse_etl.run.journeys.journey_forecast import JourneyForecast, JourneyStart, PossibleStart
    from reverse_etl.run.planning.sync_plan import SyncPlan

_RESULTS = (
    "AcceptedDestination",
    "DeletedState",
    "HeldRow",
    "History",
    "MigratedState",
    "PastRun",
    "ProjectStatus",
    "RequeuedRows",
    "Results",
    "RunResults",
)
_ERRORS = ("ConfigError", "DestinationError", "Fault", "Faults", "LeaseError", "ReverseEtlError", "WarehouseError")
_JOURNEYS = ("JourneyForecast", "JourneyStart", "PossibleStart")
_MODULES = {
    "Definitions": "reverse_etl.project.sync_reader",
    "Event": "reverse_etl.events",
    "Finding": "reverse_etl.report.inspections",
    "ListedState": "reverse_etl.report.stored_states",
    "Project": "reverse_etl.api.project",
    "RunResult": "reverse_etl.change",
    "SyncPlan": "reverse_etl.run.planning.sync_plan",
    "SyncState": "reverse_etl.report.sync_states",
    "SyncStatus": "reverse_etl.change",
    **dict.fromkeys(_RESULTS, "reverse_etl.project.results"),
    **dict.fromkeys(_ERRORS, "reverse_etl.errors"),
    **dict.fromkeys(_JOURNEYS, "reverse_etl.run.journeys.journey_forecast"),
}
__all__ = [
    "AcceptedDestination",
    "ConfigError",
    "Definitions",
    "DeletedState",
    "DestinationError",
    "Event",
    "Fault",
    "Faults",
    "Finding",
    "HeldRow",
    "History",
    "JourneyForecast",
    "JourneyStart",
    "LeaseError",
    "ListedState",
    "MigratedState",
    "PastRun",
    "PossibleStart",
    "Project",
    "ProjectStatus",
    "RequeuedRows",
    "Results",
    "ReverseEtlError",
    "RunResult",
    "RunResults",
    "SyncPlan",
    "SyncState",
    "SyncStatus",
    "WarehouseError",
    "__version__",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
