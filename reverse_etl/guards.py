"""Guards: what stops a run before it sends, each with the figures, the limit, and the exact way past it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from reverse_etl.change import Problem
from reverse_etl.destination import SANDBOX
from reverse_etl.provenance import SOURCE, is_same_source, relation_problem, remembered_source
from reverse_etl.snapshot.look import DiffCounts
from reverse_etl.sync import Sync

EMPTY_MODEL, REMOVED, DESTINATION, BUILD = "empty_model", "removed", "destination", "build"
RELATION, STALE_MANIFEST, WRONG_TARGET = "relation", "stale_manifest", "wrong_target"
GUARDS = (EMPTY_MODEL, REMOVED, DESTINATION, RELATION, BUILD, STALE_MANIFEST, WRONG_TARGET)
# What is done to the rows; another one is never the same under another name.
_ACTION = "action"
# What tells one project from another, as people call it.
_PROJECT = {"host": "host", "project_type": "project type", "project": "project", "key_fingerprint": "API key"}


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
        _relation(sync, counts, remembered, now),
        _destination(sync, remembered, now),
        _empty_model(sync, counts),
        _removed(sync, counts),
    )
    return next((stop for stop in found if stop is not None and stop.guard not in allowed), None)


def to_remember(
    remembered: Mapping[str, object], now: Mapping[str, object], allowed: Collection[str]
) -> dict[str, object]:
    """What a sync snapshot remembers after a run. What is allowed for one run does not change what it is held to."""
    kept = {**remembered, **now}
    if DESTINATION in allowed and remembered:
        kept = {**remembered, SOURCE: now[SOURCE]}
    if RELATION in allowed and remembered_source(remembered):
        kept[SOURCE] = remembered[SOURCE]
    return kept


def _relation(
    sync: Sync, counts: DiffCounts, remembered: Mapping[str, object], now: Mapping[str, object]
) -> Stop | None:
    before, source = remembered_source(remembered), remembered_source(now)
    if not sync.guards.relation or is_same_source(before, source):
        return None
    flag = " --sandbox" if now.get("host") == SANDBOX else ""
    return Stop(RELATION, relation_problem(sync, counts.entries, before, flag))


def _destination(sync: Sync, remembered: Mapping[str, object], now: Mapping[str, object]) -> Stop | None:
    places = [name for name in now if name not in (*_PROJECT, SOURCE)]
    words = {**_PROJECT, **{name: name.replace("_", " ") for name in places}}
    # A place within the project, such as a list, need not have been known by this name.
    known = [name for name in words if remembered and (name in _PROJECT or name in remembered)]
    differing = [name for name in known if remembered.get(name, "") != now.get(name, "")]
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
    elsewhere = "for something else" if _ACTION in differing else "elsewhere in the project"
    whose = "by another destination" if set(differing) & set(_PROJECT) else elsewhere
    return Stop(
        DESTINATION,
        Problem(
            "guard-destination",
            f"sync `{sync.name}`: its rows were accepted {whose}:"
            f" {' and '.join(words[name] for name in differing)} differ{'s' if len(differing) == 1 else ''}",
            f"{_way_past(sync, differing)}; for this run only, `--allow destination`.",
            shown,
        ),
    )


def _way_past(sync: Sync, differing: Sequence[str]) -> str:
    """What to do where rows would go elsewhere: to another project, or within it to another place."""
    accept = f"run `reverse-etl destination accept --select {sync.name}`"
    anew = "give the definition another `name`, so that every row is sent"
    if set(differing) & set(_PROJECT) - {"key_fingerprint"}:
        return f"{anew[0].upper()}{anew[1:]}; or {accept}, which shows how many rows it would trust"
    if set(differing) & set(_PROJECT):
        return f"For a rotated key of the same project {accept}; for another project {anew}"
    renamed = [name for name in differing if name in sync.scope and name != _ACTION]
    return f"{anew[0].upper()}{anew[1:]}" + (f"; for a {renamed[0]} that was only renamed {accept}" if renamed else "")


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
            f" (`{'mode: mirror' if sync.mode == 'mirror' else f'on_removed: {sync.on_removed}'}`)",
            "If that is right, run with `--allow removed`, or raise `guards: {removed: {percent: …, rows: …}}`"
            " in the definition.",
            {
                "removed": counts.removed,
                "rows before": counts.entries,
                "limit": f"{limit.percent:g} % and {limit.rows} rows",
            },
        ),
    )


def build_stop(sync: Sync, sentence: str, remedy: str) -> Stop:
    """The last build or test speaks against the model; `remedy` is what to do about it."""
    return Stop(
        BUILD,
        Problem(
            "guard-build",
            f"sync `{sync.name}` was skipped: {sentence}",
            f"{remedy}. To send what is there, run with `--allow build`, or set `guards: {{build: false}}`"
            " in the definition.",
            {"model": sync.model, "file": sync.file},
        ),
    )
