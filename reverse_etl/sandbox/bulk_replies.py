"""How bulk requests about users tell, row by row, what failed. Knows no endpoint."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.replies import Reply, resource
from reverse_etl.sandbox.users import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reverse_etl.sandbox.fields import Admitted
    from reverse_etl.sandbox.options import Behaviour

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
    return resource({**body, "createdFields": created, "filteredOutFields": filtered_out}, _summary(body, failures))


def _body(behaviour: Behaviour, failures: Sequence[Failure], rows: int) -> dict[str, Any]:
    arrays: dict[str, list[str]] = {name: [] for name in (*FAILURE_ARRAYS, "noOpEmails", "noOpUserIds")}
    for failure in failures:
        lower = behaviour.lowercase_echo and failure.kind == "Emails"
        arrays[failure.array].append(failure.value.lower() if lower else failure.value)
    skipped = {name: arrays.pop(name) for name in ("noOpEmails", "noOpUserIds")}
    failed, unwritten = sum(map(len, arrays.values())), len(failures)
    succeeded = rows - (failed if behaviour.count_skipped_as_success else unwritten)
    body: dict[str, Any] = {"successCount": succeeded, "failCount": failed, **skipped}
    if behaviour.deprecated_arrays or not behaviour.failed_updates:
        repeated = arrays["notFoundUserIds"] if behaviour.unknown_user_ids_are_invalid_too else []
        body |= {"invalidEmails": arrays["invalidEmails"], "invalidUserIds": arrays["invalidUserIds"] + repeated}
    return {**body, "failedUpdates": arrays} if behaviour.failed_updates else body


def _summary(body: dict[str, Any], failures: Sequence[Failure]) -> str:
    counts = Counter(failure.array for failure in failures)
    told = [f"{body['successCount']} ok, {body['failCount']} failed"]
    return ", ".join([*told, *(f"{count} {array}" for array, count in counts.items())])
