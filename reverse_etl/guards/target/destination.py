"""The guard `destination`: rows would go elsewhere than the rows that the sync snapshot says were accepted."""

from __future__ import annotations

from collections.abc import Sequence

from reverse_etl.change import Problem
from reverse_etl.guards.guard import Guard, Phase, SendGuardContext
from reverse_etl.provenance import ACTION, SOURCE
from reverse_etl.sync import Sync

# What distinguishes one project from another, in words for people.
_PROJECT = {"host": "host", "project_type": "project type", "project": "project", "key_fingerprint": "API key"}


def _check(context: SendGuardContext) -> Problem | None:
    sync, before, now = context.sync, context.before, context.now
    scopes = [name for name in now if name not in (*_PROJECT, SOURCE)]
    words = {**_PROJECT, **{name: name.replace("_", " ") for name in scopes}}
    # An older sync snapshot need not know every part of the project, such as a list.
    known = [name for name in words if before and (name in _PROJECT or name in before)]
    differing = [name for name in known if before.get(name, "") != now.get(name, "")]
    if not differing:
        return None
    context_of_problem = {
        f"{words[name]} {when}": values.get(name, "")
        for name in differing
        for when, values in (("before", before), ("now", now))
        if name != "key_fingerprint"
    }
    if "key_fingerprint" in differing:
        context_of_problem["API key"] = "its fingerprint differs (neither key is stored)"
    elsewhere = "for something else" if ACTION in differing else "elsewhere in the project"
    whose = "by another destination" if set(differing) & set(_PROJECT) else elsewhere
    return Problem(
        "guard-destination",
        f"sync `{sync.name}`: its rows were accepted {whose}:"
        f" {' and '.join(words[name] for name in differing)} differ{'s' if len(differing) == 1 else ''}",
        f"{_remedy(sync, differing)}; for this run only, `--allow destination`.",
        context_of_problem,
    )


def _remedy(sync: Sync, differing: Sequence[str]) -> str:
    """Return what to do: rows would go to another project, or to another place within it."""
    accept = f"run `reverse-etl destination accept --select {sync.name}`"
    rename = "give the definition another `name`, so that every row is sent"
    if set(differing) & set(_PROJECT) - {"key_fingerprint"}:
        return f"{rename[0].upper()}{rename[1:]}; or {accept}, which shows how many rows it would trust"
    if set(differing) & set(_PROJECT):
        return f"For a rotated key of the same project {accept}; for another project {rename}"
    renamed = [name for name in differing if name in sync.scope and name != ACTION]
    remedy = f"{rename[0].upper()}{rename[1:]}"
    return remedy + (f"; for a {renamed[0]} that was only renamed {accept}" if renamed else "")


GUARD = Guard(
    "destination",
    Phase.SEND,
    "host, project type, `project`, key, a part of the project such as a list, or what is done to the rows differ from"
    " what the sync snapshot was sent to",
    _check,
    bool,
    for_baseline=True,
)
