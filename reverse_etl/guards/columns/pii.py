"""The guard `pii`: a definition sends a column that dbt's files mark as personal data, and does not say so."""

from __future__ import annotations

from reverse_etl.change import Problem
from reverse_etl.guards.guard import FieldGuardContext, Guard, Phase


def _check(context: FieldGuardContext) -> Problem | None:
    if context.field is not None and context.field.allow_pii:
        return None
    column, mark = context.column, context.mark
    return Problem(
        "pii-not-allowed",
        f"column `{column}` is marked as personal data by {mark}, and {_sentence(context)}",
        f"To send it, write `{_allowing_key(context)}` in the definition."
        f" To keep it back, {_way_to_leave_out(context)}. To send all such columns, set `guards: {{pii: false}}`,"
        " or run once with `--allow pii`.",
        {"column": column, "mark": mark},
    )


def _allowing_key(context: FieldGuardContext) -> str:
    """Return the key of the definition, with the field in it, as YAML."""
    key, dot, name = context.key.partition(".")
    source = f"{{column: {context.column}, allow_pii: true}}"
    return f"{key}: {{{name}: {source}}}" if dot else f"{key}: {source}"


def _sentence(context: FieldGuardContext) -> str:
    if context.field is None:
        return "without `fields` every column is sent"
    return f"`{context.key}` sends it without `allow_pii: true`"


def _way_to_leave_out(context: FieldGuardContext) -> str:
    if context.field is None:
        return "list `fields` without it, or write `reverse_etl: false` in the `meta` of the column"
    return f"remove `{context.key}`, or map it to another column"


GUARD = Guard(
    "pii",
    Phase.DEFINITION,
    "a field comes from a column that is marked as personal data, and has no `allow_pii: true`",
    _check,
    bool,
)
