"""What a run would do: as text for people, and as JSON. Keys and values are masked unless asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from reverse_etl.change import unchanged_sentence
from reverse_etl.counting import plural
from reverse_etl.report.amounts import duration, iso_time, list_counts, payload_sentence, resent_sentence, size
from reverse_etl.report.failures import problem_dict
from reverse_etl.report.masking import mask
from reverse_etl.report.plan_parts.comparisons import comparison_entries
from reverse_etl.report.plan_parts.costs import cost_entries
from reverse_etl.report.plan_parts.journeys import journey_sentences
from reverse_etl.report.plan_parts.payloads import payload_dict, payload_lines
from reverse_etl.report.redaction import printable
from reverse_etl.report.tables import pairs, source_line
from reverse_etl.run.planning.sync_plan import Example, SyncPlan

Masked = Callable[[str | None, str], str]


def plan_lines(plan: SyncPlan, *, show_values: bool) -> list[str]:
    """Return one sync for a terminal."""
    title = f"sync {printable(plan.sync)}: {f'{plan.object} {plan.mode} '.lstrip()}to {printable(plan.destination)}"
    title += f" ({printable(plan.host)})" if plan.host else ""
    stops = [
        entry
        for problem in plan.problems
        for entry in (
            ("would stop", f"{problem.code}: {printable(problem.message)}"),
            ("", f"hint: {printable(problem.hint)}"),
        )
    ]
    source = ("source", source_line(plan.target, plan.database, plan.relation))
    if not plan.counted or plan.not_compared_since:
        return pairs(title, [source, *_unchanged_model(plan), *cost_entries(plan.costs), *stops])
    return [
        *pairs(
            title,
            [source, ("changes", _changes(plan)), ("held back", _held_back(plan)), ("unchanged", _unchanged(plan))],
        ),
        *pairs("", comparison_entries(plan.comparison))[1:],
        *pairs(
            "",
            [
                ("sent again", resent_sentence(plan.resent)),
                ("removed", _removed(plan)),
                ("identity", _identity(plan)),
                ("requests", _requests(plan)),
                ("values", _values(plan)),
                ("baseline", _baseline(plan)),
                *(("" if number else "journeys", text) for number, text in enumerate(journey_sentences(plan.journeys))),
                *_notes(plan),
            ],
        )[1:],
        *_field_lines(plan, show_values=show_values),
        *(line for payload in plan.payloads for line in payload_lines(payload, show_values=show_values)),
        *pairs("", stops)[1:],
    ]


def plan_dict(plan: SyncPlan, *, show_values: bool) -> dict[str, object]:
    """Return one sync as JSON."""
    shown = _value_masker(show_values=show_values)
    examples = {field: [_example(example, shown) for example in some] for field, some in plan.examples.items()}
    return {
        **asdict(plan),
        "not_compared_since": iso_time(plan.not_compared_since),
        "examples": examples,
        "payloads": [payload_dict(payload, show_values=show_values) for payload in plan.payloads],
        "unknown_keys": [shown(key, "text") for key in plan.unknown_keys],
        "problems": [problem_dict(problem) for problem in plan.problems],
    }


def _unchanged_model(plan: SyncPlan) -> list[tuple[str, str]]:
    """Return what a plan says of a model that was not compared, because it has not changed."""
    if not plan.not_compared_since:
        return []
    warnings = [("warning", printable(warning)) for warning in plan.warnings]
    return [("changes", unchanged_sentence(plan.not_compared_since)), *warnings]


def _notes(plan: SyncPlan) -> list[tuple[str, str]]:
    return [
        ("left", _left(plan)),
        *(("not found", f"no row has the key `{printable(key)}`") for key in plan.unknown_keys),
        ("note", plan.note),
        *(("warning", printable(warning)) for warning in plan.warnings),
    ]


def _changes(plan: SyncPlan) -> str:
    return list_counts({"added": plan.added, "changed": plan.changed, "removed": plan.removed}, all_of_them=True)


def _held_back(plan: SyncPlan) -> str:
    reasons = list_counts(plan.invalid)
    invalid = f"{sum(plan.invalid.values()):,} invalid ({reasons})" if reasons else "0 invalid"
    return f"{invalid}, {plan.quarantined:,} quarantined"


def _unchanged(plan: SyncPlan) -> str:
    rows = plan.model_rows if plan.comparison is None else plan.comparison.rows
    return f"{plan.unchanged:,} of {plural(rows, 'row')}"


def _removed(plan: SyncPlan) -> str:
    if not plan.removed:
        return ""
    acts = plan.removal or "nothing is sent for them"
    said = "mode: mirror" if plan.mode == "mirror" else f"on_removed: {plan.on_removed}"
    return f"{plural(plan.removed, 'row')} not in the model any more ({said}; {acts})"


def _identity(plan: SyncPlan) -> str:
    return f"{plural(plan.identity_changes, 'row')} under a new identity" if plan.identity_changes else ""


def _baseline(plan: SyncPlan) -> str:
    if not plan.baseline:
        return ""
    return f"{plural(plan.adopted, 'row')} would count as accepted, and nothing would be sent (`first_run: baseline`)"


def _requests(plan: SyncPlan) -> str:
    if not plan.requests:
        return "none"
    return f"at least {plan.requests:,}, {duration(plan.seconds)} at Iterable's limits"


def _values(plan: SyncPlan) -> str:
    said = payload_sentence(plan.fields_sent, plan.fields_spared)
    return f"{said}, {size(plan.body_bytes)}" if said else ""


def _left(plan: SyncPlan) -> str:
    if not plan.left:
        return ""
    limit = "--limit" if plan.ended_by == "limit" else f"budget.{plan.ended_by}"
    return f"{plural(plan.left, 'row')} of {plan.to_send + plan.left:,} for later runs ({limit})"


def _field_lines(plan: SyncPlan, *, show_values: bool) -> list[str]:
    shown = _value_masker(show_values=show_values)
    lines = []
    for field, rows in sorted(plan.changed_fields.items(), key=lambda item: (-item[1], item[0])):
        lines += pairs("", [("field", f"{printable(field)}: {plural(rows, 'row')}")])[1:]
        for example in plan.examples.get(field, ()):
            old, new = shown(example.old, example.kind), shown(example.new, example.kind)
            lines.append(f"                {shown(example.identity, 'text')}: {old} -> {new}")
    return lines


def _example(example: Example, shown: Masked) -> dict[str, object]:
    return {
        "key": shown(example.identity, "text"),
        "kind": example.kind,
        "old": None if example.old is None else shown(example.old, example.kind),
        "new": None if example.new is None else shown(example.new, example.kind),
    }


def _value_masker(*, show_values: bool) -> Masked:
    return _as_it_is if show_values else mask


def _as_it_is(value: str | None, kind: str) -> str:
    del kind
    return "null" if value is None else printable(value)
