"""The guard `wrong_target`: dbt made the manifest for another target than the command uses."""

from __future__ import annotations

import shlex

from reverse_etl.change import Problem
from reverse_etl.guards.guard import Guard, ManifestGuardContext, Phase


def _check(context: ManifestGuardContext) -> Problem | None:
    mismatch = context.mismatch
    if mismatch is None:
        return None
    made_for = " or ".join(f"`{name}`" for name in mismatch.targets)
    words = f"-t {shlex.quote(context.target)}{context.dbt_flags}"
    hint = f"Run `dbt parse {words}` (or `dbt build {words}`), then try again."
    if mismatch.targets:
        hint += f" To use the tables of {made_for} instead, run with `-t {shlex.quote(mismatch.targets[0])}`."
    elsewhere = f"was made for target {made_for}" if made_for else "was not made for this target"
    return Problem(
        "wrong-target",
        f"{context.path} {elsewhere}, and this command uses target `{context.target}`",
        hint,
        {
            "manifest": context.path,
            "target": context.target,
            "reason": mismatch.reason,
            **({"relation": mismatch.relation} if mismatch.has_example else {}),
        },
    )


GUARD = Guard("wrong_target", Phase.MANIFEST, "dbt made the manifest for another target", _check)
