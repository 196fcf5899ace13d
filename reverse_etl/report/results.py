"""The results of one invocation: as text for people, and as values of the result file."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from reverse_etl.change import BaselineReport, Response, RunResult, Sample, SyncStatus, unchanged_sentence
from reverse_etl.cost import total
from reverse_etl.counting import plural
from reverse_etl.report.amounts import duration, iso_time, list_counts, payload_sentence, resent_sentence, size
from reverse_etl.report.costs import cost_line, costs_dict
from reverse_etl.report.failures import problem_dict
from reverse_etl.report.plan_parts.baselines import baseline_sentence, differing_fields
from reverse_etl.report.plan_parts.comparisons import comparison_entries
from reverse_etl.report.redaction import printable
from reverse_etl.report.tables import pairs, source_line

_CHANGES = ("added", "changed", "removed", "unchanged")
_OUTCOMES = ("accepted", "adopted", "skipped", "rejected", "invalid", "failed", "aborted", "quarantined")
_MOST_FIELDS = 12
_MOST_SAMPLES = 5


def sentence(result: RunResult) -> str:
    """Return what happened to one sync, in one sentence."""
    if result.problem is not None:
        return result.problem.message
    counts = result.counts
    if result.baseline is not None:
        return f"sync `{result.sync}`: {baseline_sentence(result.baseline)}; {plural(counts.adopted, 'row')} adopted"
    if result.not_compared_since:
        return f"sync `{result.sync}`: {unchanged_sentence(result.not_compared_since)}"
    if not counts.planned:
        return f"sync `{result.sync}`: {'not run' if result.ended_by else 'nothing to send'}"
    return f"sync `{result.sync}`: {counts.accepted:,} of {plural(counts.planned, 'planned row')} accepted"


def result_lines(result: RunResult) -> list[str]:
    """Return one sync for a terminal: title, then what there is to say."""
    counts, traffic = result.counts.as_dict(), result.traffic
    fields = sorted(result.changed_fields.items(), key=lambda item: (-item[1], item[0]))
    more = f", and {len(fields) - _MOST_FIELDS} more" if len(fields) > _MOST_FIELDS else ""
    looked = result.execution_time > 0
    retried = f" ({plural(traffic.retries, 'retry', 'retries')})" if traffic.retries else ""
    sent = plural(traffic.requests, "request") + retried if traffic.requests else ""
    return pairs(
        f"sync {printable(result.sync)}: {result.status.value}"
        + (f" in {duration(result.execution_time)}" if looked else ""),
        [
            ("source", source_line(result.target, result.database, result.relation)),
            ("changes", _changes(result) if looked else ""),
            *comparison_entries(result.comparison),
            ("sent again", resent_sentence(counts["resent"])),
            ("outcomes", list_counts({name: counts[name] for name in _OUTCOMES})),
            ("fields", ", ".join(f"{printable(name)} {rows:,}" for name, rows in fields[:_MOST_FIELDS]) + more),
            *_baseline_entries(result.baseline),
            ("created", _created(result.created_fields)),
            ("traffic", f"{sent}, {size(traffic.bytes_sent)}" if sent else ""),
            ("values", payload_sentence(traffic.fields_sent, traffic.fields_spared)),
            ("warehouse", cost_line(total(spent.cost for spent in result.spent), result.dollars)),
            *(
                ("example", f"{plural(sample.rows, 'row')} {sample.status}: {sample.code}: {printable(sample.reason)}")
                for sample in result.samples[:_MOST_SAMPLES]
            ),
            *(("not found", f"no row has the key `{printable(key)}`") for key in result.unknown_keys),
            *(("warning", printable(warning)) for warning in result.warnings),
            ("problem", result.problem.code if result.problem else ""),
        ],
    )


def _changes(result: RunResult) -> str:
    if result.not_compared_since:
        return unchanged_sentence(result.not_compared_since)
    counts = result.counts.as_dict()
    return list_counts({name: counts[name] for name in _CHANGES}, all_of_them=True)


def _baseline_entries(report: BaselineReport | None) -> list[tuple[str, str]]:
    if report is None:
        return []
    return [("baseline", baseline_sentence(report)), ("different", differing_fields(report))]


def _created(fields: Sequence[str]) -> str:
    if not fields:
        return ""
    more = f", and {len(fields) - _MOST_FIELDS} more" if len(fields) > _MOST_FIELDS else ""
    return f"{plural(len(fields), 'field')} in Iterable, permanent: {printable(', '.join(fields[:_MOST_FIELDS]))}{more}"


def total_line(results: Sequence[RunResult]) -> str:
    """Return how the syncs of one invocation ended, in one line."""
    ended = Counter(result.status for result in results)
    return f"{plural(len(results), 'sync')}: {list_counts({status.value: ended[status] for status in SyncStatus})}"


def rejected_line(results: Sequence[RunResult], *, sandbox: bool = False) -> str | None:
    """Return the command that lists the rows which were held back; None if there are none."""
    warned = [result for result in results if result.status is SyncStatus.WARN]
    held = [one.sync for one in warned if one.counts.rejected + one.counts.invalid + one.counts.quarantined]
    names = " ".join(shlex.quote(printable(name)) for name in held)
    return f"see `reverse-etl rejected --select {names}{' --sandbox' if sandbox else ''}`" if held else None


def result_dict(result: RunResult) -> dict[str, object]:
    """Return one entry under `results` of the result file."""
    return {
        "sync": result.sync,
        "model": result.model,
        "target": result.target or None,
        "database": result.database or None,
        "relation": result.relation,
        "destination": result.destination,
        "status": result.status.value,
        "message": sentence(result),
        "counts": result.counts.as_dict(),
        "requests": result.traffic.requests,
        "retries": result.traffic.retries,
        "bytes_sent": result.traffic.bytes_sent,
        "fields_sent": result.traffic.fields_sent,
        "fields_spared": result.traffic.fields_spared,
        "timings": dict(result.timings),
        "sending": dict(result.sending),
        "costs": costs_dict(result.spent, result.dollars),
        "changed_fields": dict(result.changed_fields),
        "created_fields": list(result.created_fields),
        "samples": [_sample_dict(sample) for sample in result.samples],
        "left": result.left,
        "ended_by": result.ended_by or None,
        "warnings": list(result.warnings),
        "problem": problem_dict(result.problem) if result.problem else None,
        "baseline": asdict(result.baseline) if result.baseline else None,
        "started_at": iso_time(result.started_at),
        "comparison": asdict(result.comparison) if result.comparison else None,
        "execution_time": result.execution_time,
        "not_compared_since": iso_time(result.not_compared_since),
    }


def _sample_dict(sample: Sample) -> dict[str, object]:
    return {
        "status": sample.status,
        "code": sample.code,
        "reason": sample.reason,
        "rows": sample.rows,
        "responses": [response_dict(response) for response in sample.responses],
    }


def response_dict(response: Response) -> dict[str, object]:
    """Return what Iterable answered, as JSON."""
    return {
        "http_status": response.status or None,
        "response_code": response.code,
        "response_message": response.message,
        "request_id": response.request_id,
    }
