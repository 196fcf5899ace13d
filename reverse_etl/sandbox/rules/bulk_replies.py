"""How bulk requests about users tell, row by row, what failed. Knows no endpoint."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.http.replies import Reply, resource
from reverse_etl.sandbox.rules.users import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reverse_etl.sandbox.options import Behaviour
    from reverse_etl.sandbox.rules.fields import Admitted

FAILURE_ARRAYS: Final = tuple(
    reason + kind
    for reason in ("invalid", "notFound", "invalidData", "conflict", "forgotten")
    for kind in ("Emails", "UserIds")
)


def bulk_reply(behaviour: Behaviour, outcomes: Iterable[object], admitted: Admitted | None = None) -> Reply:
    """UserBulkUpdateListResponse: an outcome per row, of which each Failure is named."""
    every = list(outcomes)
    failures = [outcome for outcome in every if isinstance(outcome, Failure)]
    body = _body(behaviour, failures, len(every))
    created, filtered_out = (admitted.created, admitted.filtered_out) if admitted else ([], [])
    return resource({**body, "createdFields": created, "filteredOutFields": filtered_out}, summary(body, failures))


def _body(behaviour: Behaviour, failures: Sequence[Failure], rows: int) -> dict[str, Any]:
    arrays = named(behaviour, failures, (*FAILURE_ARRAYS, "noOpEmails", "noOpUserIds"))
    skipped = {name: arrays.pop(name) for name in ("noOpEmails", "noOpUserIds")}
    failed, unwritten = sum(map(len, arrays.values())), len(failures)
    succeeded = rows - (failed if behaviour.count_skipped_as_success else unwritten)
    return {"successCount": succeeded, "failCount": failed, **skipped, **shown(behaviour, arrays)}


def named(behaviour: Behaviour, failures: Iterable[Failure], names: Iterable[str]) -> dict[str, list[str]]:
    """Array to the identifiers in it, for all of these arrays."""
    arrays: dict[str, list[str]] = {name: [] for name in names}
    for failure in failures:
        lower = behaviour.lowercase_echo and failure.kind == "Emails"
        arrays[failure.array].append(failure.value.lower() if lower else failure.value)
    return arrays


def shown(behaviour: Behaviour, arrays: dict[str, list[str]]) -> dict[str, Any]:
    """The arrays where an answer has them: in failedUpdates, and two of them beside it."""
    body: dict[str, Any] = {}
    if behaviour.deprecated_arrays or not behaviour.failed_updates:
        repeated = arrays["notFoundUserIds"] if behaviour.unknown_user_ids_are_invalid_too else []
        body |= {"invalidEmails": arrays["invalidEmails"], "invalidUserIds": arrays["invalidUserIds"] + repeated}
    return {**body, "failedUpdates": arrays} if behaviour.failed_updates else body


def summary(body: dict[str, Any], failures: Sequence[Failure]) -> str:
    counts = Counter(failure.array for failure in failures)
    told = [f"{body['successCount']} ok, {body['failCount']} failed"]
    return ", ".join([*told, *(f"{count} {array}" for array, count in counts.items())])
