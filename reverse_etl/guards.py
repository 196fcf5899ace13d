"""Guards: what stops a run before it sends, each with the figures, the limit, and the exact way past it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from reverse_etl.change import Problem
from reverse_etl.snapshot.look import DiffCounts
from reverse_etl.sync import Sync

EMPTY_MODEL, REMOVED, DESTINATION, BUILD = "empty_model", "removed", "destination", "build"
STALE_MANIFEST = "stale_manifest"
GUARDS = (EMPTY_MODEL, REMOVED, DESTINATION, BUILD, STALE_MANIFEST)


@dataclass(frozen=True)
class Stop:
    """A guard that stopped a sync."""

    guard: str
    problem: Problem


def stopping(
    sync: Sync,
    counts: DiffCounts,
    remembered: Mapping[str, object],
    now: Mapping[str, object],
    allowed: Collection[str],
) -> Stop | None:
    """The first guard that stops this run, or None. `remembered`, `now`: where rows went, and where they would go."""
    found = (
        _destination(sync, remembered, now),
        _empty_model(sync, counts),
        _removed(sync, counts),
    )
    return next((stop for stop in found if stop is not None and stop.guard not in allowed), None)


def _destination(sync: Sync, remembered: Mapping[str, object], now: Mapping[str, object]) -> Stop | None:
    words = {"host": "host", "project_type": "project type", "project": "project", "key_fingerprint": "API key"}
    words |= {name: name.replace("_", " ") for name in now if name not in words}
    differing = [name for name in words if remembered and remembered.get(name, "") != now.get(name, "")]
    if not sync.guards.destination or not differing:
        return None
    shown = {
        f"{words[name]} {when}": values.get(name, "")
        for name in differing
        for when, values in (("before", remembered), ("now", now))
        if name != "key_fingerprint"
    }
    if "key_fingerprint" in differing:
        shown["API key"] = "its fingerprint differs (neither key is stored)"
    return Stop(
        DESTINATION,
        Problem(
            "guard-destination",
            f"sync `{sync.name}`: its rows were accepted by another destination:"
            f" {' and '.join(words[name] for name in differing)} differ{'s' if len(differing) == 1 else ''}",
            f"For a rotated key of the same project run `reverse-etl destination accept --select {sync.name}`;"
            " for another project give the definition another `name`, so that every row is sent there;"
            " for this run only, `--allow destination`.",
            shown,
        ),
    )


def _empty_model(sync: Sync, counts: DiffCounts) -> Stop | None:
    if not sync.guards.empty_model or counts.model_rows or not counts.entries:
        return None
    return Stop(
        EMPTY_MODEL,
        Problem(
            "guard-empty-model",
            f"sync `{sync.name}`: model `{sync.model}` has no rows now, and {counts.entries:,} were accepted before",
            "If the model is meant to be empty, run with `--allow empty_model`, or set `guards: {empty_model: false}`"
            " in the definition.",
            {"rows now": 0, "rows before": counts.entries, "relation": sync.relation},
        ),
    )


def _removed(sync: Sync, counts: DiffCounts) -> Stop | None:
    limit = sync.guards.removed
    if limit is None or sync.on_removed == "ignore" or not limit.exceeded(counts.removed, counts.entries):
        return None
    share = 100 * counts.removed / max(counts.entries, 1)
    return Stop(
        REMOVED,
        Problem(
            "guard-removed",
            f"sync `{sync.name}`: {counts.removed:,} of {counts.entries:,} rows ({share:.1f} %) would be removed"
            f" (`on_removed: {sync.on_removed}`)",
            "If that is right, run with `--allow removed`, or raise `guards: {removed: {percent: …, rows: …}}`"
            " in the definition.",
            {
                "removed": counts.removed,
                "rows before": counts.entries,
                "limit": f"{limit.percent:g} % and {limit.rows} rows",
            },
        ),
    )


def build_stop(sync: Sync, sentence: str) -> Stop:
    """The model, or a test on it, failed in the last build."""
    return Stop(
        BUILD,
        Problem(
            "guard-build",
            f"sync `{sync.name}` was skipped: {sentence}",
            f"Mend it and run `dbt build --select {sync.model}`; to send what is there, run with `--allow build`,"
            " or set `guards: {build: false}` in the definition.",
            {"model": sync.model, "file": sync.file},
        ),
    )
