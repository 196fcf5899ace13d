"""The guard `stale_manifest`: a file with a definition is not what dbt read when it wrote the manifest."""

from __future__ import annotations

from reverse_etl.change import Problem
from reverse_etl.guards.guard import Guard, ManifestGuardContext, Phase


def _check(context: ManifestGuardContext) -> Problem | None:
    changed = context.changed_definition
    if changed is None:
        return None
    return Problem(
        "stale-manifest",
        f"{changed} was changed after dbt wrote {context.path}",
        "Run `dbt build` (or `dbt parse`) again, or pass `--allow stale_manifest`.",
        {"changed": changed, "manifest": context.path},
    )


GUARD = Guard(
    "stale_manifest",
    Phase.MANIFEST,
    "a file with a definition is not what dbt read for the manifest",
    _check,
)
