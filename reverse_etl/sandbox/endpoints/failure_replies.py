"""How requests report users that could not be written: one user as a refusal, many users as arrays of identifiers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.replies import ApiRefusal, Refusal, Reply, reply_json
from reverse_etl.sandbox.state.user_writes import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reverse_etl.sandbox.options import Behaviour
    from reverse_etl.sandbox.rules.fields import AdmittedRows

FAILURE_ARRAYS: Final = tuple(
    reason + kind
    for reason in ("invalid", "notFound", "invalidData", "conflict", "forgotten")
    for kind in ("Emails", "UserIds")
)
SKIPPED_ARRAYS: Final = ("noOpEmails", "noOpUserIds")


def build_single_refusal(failure: Failure, behaviour: Behaviour) -> Refusal:
    """Return the refusal of an endpoint for one user. A bulk request would list the same failure."""
    is_email = failure.kind == "Emails"
    if failure.reason == "invalid":
        code, text = ("InvalidEmailAddressError", "email") if is_email else ("InvalidUserIdError", "userId")
        return ApiRefusal(400, code, f"Invalid {text}: {failure.value}")
    if failure.reason == "notFound":
        code = "UnknownEmailError" if is_email else "UnknownUserIdError"
        return ApiRefusal(400, code, f"User does not exist: {failure.value}")
    if failure.reason == "conflict":
        return ApiRefusal(409, "ExternalKeyConflict", "Email/userId conflict")
    if failure.reason == "forgotten":
        return ApiRefusal(behaviour.forgotten_status, "ForgottenUserError", "The user has been forgotten")
    return ApiRefusal(400, "BadParams", f"Invalid dataFields for {failure.value}")


def build_bulk_reply(behaviour: Behaviour, outcomes: Iterable[object], admitted: AdmittedRows | None = None) -> Reply:
    """Return a UserBulkUpdateListResponse. `outcomes` has one entry per row, and every Failure is listed."""
    all_outcomes = list(outcomes)
    failures = [outcome for outcome in all_outcomes if isinstance(outcome, Failure)]
    body = _build_bulk_body(behaviour, failures, len(all_outcomes))
    created, filtered_out = (admitted.created_fields, admitted.filtered_out_fields) if admitted else ([], [])
    body |= {"createdFields": created, "filteredOutFields": filtered_out}
    return reply_json(body, summarize_counts(body, failures))


def _build_bulk_body(behaviour: Behaviour, failures: Sequence[Failure], row_count: int) -> dict[str, Any]:
    arrays = group_identifiers(behaviour, failures, (*FAILURE_ARRAYS, *SKIPPED_ARRAYS))
    skipped = {name: arrays.pop(name) for name in SKIPPED_ARRAYS}
    failed, unwritten = sum(map(len, arrays.values())), len(failures)
    succeeded = row_count - (failed if behaviour.count_skipped_as_success else unwritten)
    return {"successCount": succeeded, "failCount": failed, **skipped, **place_failure_arrays(behaviour, arrays)}


def group_identifiers(behaviour: Behaviour, failures: Iterable[Failure], names: Iterable[str]) -> dict[str, list[str]]:
    """Return each of these arrays with its identifiers."""
    arrays: dict[str, list[str]] = {name: [] for name in names}
    for failure in failures:
        lower = behaviour.lowercase_echo and failure.kind == "Emails"
        arrays[failure.array].append(failure.value.lower() if lower else failure.value)
    return arrays


def place_failure_arrays(behaviour: Behaviour, arrays: dict[str, list[str]]) -> dict[str, Any]:
    """Return the members of a response that hold the arrays: `failedUpdates`, and the two deprecated arrays."""
    body: dict[str, Any] = {}
    if behaviour.deprecated_arrays or not behaviour.failed_updates:
        repeated = arrays["notFoundUserIds"] if behaviour.unknown_user_ids_are_invalid_too else []
        body |= {"invalidEmails": arrays["invalidEmails"], "invalidUserIds": arrays["invalidUserIds"] + repeated}
    return {**body, "failedUpdates": arrays} if behaviour.failed_updates else body


def summarize_counts(body: dict[str, Any], failures: Sequence[Failure]) -> str:
    """Return the summary of a bulk response for the request log."""
    counts = Counter(failure.array for failure in failures)
    parts = [f"{body['successCount']} ok, {body['failCount']} failed"]
    return ", ".join([*parts, *(f"{count} {array}" for array, count in counts.items())])
