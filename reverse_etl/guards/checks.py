"""Guards: what stops a run before it sends, each with the figures, the limit, and the exact way past it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from reverse_etl.change import Problem
from reverse_etl.counting import agree, plural, were
from reverse_etl.definition.destination import SANDBOX
from reverse_etl.snapshot.look import Look
from reverse_etl.snapshot.provenance import SOURCE, is_same_source, relation_problem, remembered_source
from reverse_etl.snapshot.sql.counts import DiffCounts
from reverse_etl.sync import Sync

EMPTY_MODEL, REMOVED, DESTINATION, BUILD = "empty_model", "removed", "destination", "build"
RELATION, STALE_MANIFEST, WRONG_TARGET, SNAPSHOT = "relation", "stale_manifest", "wrong_target", "snapshot"
GUARDS = (SNAPSHOT, EMPTY_MODEL, REMOVED, DESTINATION, RELATION, BUILD, STALE_MANIFEST, WRONG_TARGET)
# What is done to the rows; another one is never the same under another name.
_ACTION = "action"
# What tells one project from another, as people call it.
_PROJECT = {"host": "host", "project_type": "project type", "project": "project", "key_fingerprint": "API key"}


@dataclass(frozen=True)
class Stop:
    """A guard that stopped a sync."""

    guard: str
    problem: Problem


def stopping(sync: Sync, look: Look, now: Mapping[str, object], allowed: Collection[str]) -> Stop | None:
    """The first guard that stops this run, or None. `now` is where rows would go."""
    found = (
        _snapshot(sync, look),
        _relation(sync, look.counts, look.remembered, now),
        _destination(sync, look.remembered, now),
        _empty_model(sync, look.counts),
        _removed(sync, look.counts, look.removed_before),
    )
    return next((stop for stop in found if stop is not None and stop.guard not in allowed), None)


def _snapshot(sync: Sync, look: Look) -> Stop | None:
    if look.damage is None:
        return None
    return Stop(
        SNAPSHOT,
        Problem(
            "guard-snapshot",
            f"sync `{sync.name}`: something happened to its sync snapshot: {look.damage.sentence}",
            "Restore the tables of this sync from one backup. Or send every row again, events too: with"
            f" `run --full-refresh`, or from the start after `reverse-etl state reset --select {sync.name}`. Rows that"
            " left the model meanwhile then stay in Iterable. If entries were deleted on purpose, run with"
            " `--allow snapshot`.",
            {**look.damage.facts, "table": look.diff.tables.snapshot},
        ),
    )


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
            f"sync `{sync.name}`: model `{sync.model}` has no rows now, and {counts.entries:,}"
            f" {were(counts.entries)} accepted before",
            "If the model is meant to be empty, run with `--allow empty_model`, or set `guards: {empty_model: false}`"
            " in the definition.",
            {"rows now": 0, "rows before": counts.entries, "relation": sync.relation},
        ),
    )


def _removed(sync: Sync, counts: DiffCounts, before: int) -> Stop | None:
    limit, removed, rows = sync.guards.removed, counts.removed + before, counts.entries + before
    if limit is None or sync.on_removed == "ignore" or not counts.removed or not limit.exceeded(removed, rows):
        return None
    share = 100 * removed / max(rows, 1)
    span = f"{limit.hours:g} {agree(limit.hours, 'hour', 'hours')}"
    since = f", with those of the last {span}," if before else ""
    figures = {"removed in this run": counts.removed, f"removed in the last {span}": before}
    return Stop(
        REMOVED,
        Problem(
            "guard-removed",
            f"sync `{sync.name}`: {removed:,} of {plural(rows, 'row')} ({share:.1f} %){since} would be removed"
            f" (`{'mode: mirror' if sync.mode == 'mirror' else f'on_removed: {sync.on_removed}'}`)",
            "If that is right, run with `--allow removed`, or raise"
            " `guards: {removed: {percent: …, rows: …, share: …, hours: …}}` in the definition.",
            {
                **(figures if before else {"removed": counts.removed}),
                "rows before": rows,
                "limit": str(limit),
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
