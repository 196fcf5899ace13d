"""The guard `relation`: the sync snapshot belongs to another relation, such as the table of another dbt target."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from reverse_etl.change import Problem
from reverse_etl.guards.guard import Guard, Phase, SendGuardContext
from reverse_etl.provenance import is_same_source, plain_relation, remembered_source


def _check(context: SendGuardContext) -> Problem | None:
    sync, before = context.sync, remembered_source(context.before)
    if is_same_source(before, remembered_source(context.now)):
        return None
    targets = {before.get("target"), sync.target}
    typed = f"--select {shlex.quote(sync.name)} --relation {shlex.quote(plain_relation(sync.relation))}"
    accept = f"reverse-etl destination accept -t {shlex.quote(sync.target)} {typed}{context.command_flags}"
    other = f"To send that table, run with `-t {before['target']}`. " if len(targets - {None, ""}) > 1 else ""
    return Problem(
        "guard-relation",
        f"sync `{sync.name}`: its sync snapshot belongs to {_described(before)}, and this run reads"
        f" {_described({'relation': sync.relation, 'target': sync.target})}",
        f"{other}If the table was only renamed or moved, run `{accept}`. To keep a snapshot of its own for this target,"
        " set another `state_schema` for it. For this run only, `--allow relation`.",
        {
            "relation before": before.get("relation", ""),
            "target before": before.get("target", ""),
            "relation now": sync.relation,
            "target now": sync.target,
            "accepted rows": context.entries,
        },
    )


def _described(source: Mapping[str, object]) -> str:
    target = f" (target `{source['target']}`)" if source.get("target") else ""
    return f"{source.get('relation')}{target}"


GUARD = Guard(
    "relation",
    Phase.SEND,
    "the sync snapshot belongs to another relation, such as the table of another target",
    _check,
    bool,
    for_baseline=True,
)
