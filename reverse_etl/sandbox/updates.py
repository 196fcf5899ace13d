"""POST users/update and users/bulkUpdate: one core of rules, two ways to tell what failed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox import bodies
from reverse_etl.sandbox.replies import Refusal, Reply, refusal, resource, success
from reverse_etl.sandbox.users import Failure, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reverse_etl.sandbox.call import Call
    from reverse_etl.sandbox.options import Behaviour
    from reverse_etl.sandbox.project import Project

FAILURE_ARRAYS: Final = tuple(
    reason + kind
    for reason in ("invalid", "notFound", "invalidData", "conflict", "forgotten")
    for kind in ("Emails", "UserIds")
)


def update(call: Call) -> Reply:
    row, project = call.body, call.project
    bodies.require(row, bodies.SINGLE_UPDATE, call.path)
    if row.get("email") is None and row.get("userId") is None:
        raise refusal(400, "BadParams", "Either email or userId must be set")
    admitted = project.fields.admit([row.get("dataFields") or {}], create=_creates(project, row))
    outcome = write(project, row, admitted.rows[0])
    if isinstance(outcome, Failure):
        raise single_refusal(outcome, project.options.behaviour)
    return success()


def bulk_update(call: Call) -> Reply:
    body, project = call.body, call.project
    behaviour = project.options.behaviour
    rows = _rows(call, behaviour)
    admitted = project.fields.admit((row.get("dataFields") or {} for row in rows), create=_creates(project, body))
    update_only = behaviour.honour_update_only and body.get("updateOnly") is True
    outcomes = [
        write(project, row, fields, update_only=update_only) for row, fields in zip(rows, admitted.rows, strict=True)
    ]
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    reply = _bulk_reply(project, failures, len(rows))
    reply |= {"createdFields": admitted.created, "filteredOutFields": admitted.filtered_out}
    return resource(reply, _summary(reply, failures))


def single_refusal(failure: Failure, behaviour: Behaviour) -> Refusal:
    """How the endpoints for one user tell the failure that bulk requests list."""
    email = failure.kind == "Emails"
    if failure.reason == "invalid":
        code, told = (
            ("InvalidEmailAddressError", "Invalid email: ") if email else ("InvalidUserIdError", "Invalid userId: ")
        )
        return refusal(400, code, told + failure.value)
    if failure.reason == "notFound":
        return refusal(
            400, "UnknownEmailError" if email else "UnknownUserIdError", f"User does not exist: {failure.value}"
        )
    if failure.reason == "conflict":
        return refusal(409, "ExternalKeyConflict", "Email/userId conflict")
    if failure.reason == "forgotten":
        return refusal(behaviour.forgotten_status, "ForgottenUserError", "The user has been forgotten")
    return refusal(400, "BadParams", f"Invalid dataFields for {failure.value}")


def _rows(call: Call, behaviour: Behaviour) -> list[dict[str, Any]]:
    bodies.require(call.body, bodies.BULK_UPDATE, call.path, "users")
    rows: list[dict[str, Any]] = call.body["users"]
    if not rows:
        raise refusal(400, "InvalidEmailAddressError", "Emails invalid: ")
    if behaviour.max_batch_items is not None and len(rows) > behaviour.max_batch_items:
        raise refusal(400, "BatchTooLarge", f"Batch of {len(rows)} exceeds {behaviour.max_batch_items} items")
    bodies.require_rows(rows, bodies.USER_ROW, "obj.users", call.path)
    return rows


def _creates(project: Project, body: dict[str, Any]) -> bool:
    asked = body.get("createNewFields")
    return project.options.create_new_fields if asked is None else asked is True


def _bulk_reply(project: Project, failures: Sequence[Failure], rows: int) -> dict[str, Any]:
    behaviour = project.options.behaviour
    arrays: dict[str, list[str]] = {name: [] for name in (*FAILURE_ARRAYS, "noOpEmails", "noOpUserIds")}
    for failure in failures:
        lower = behaviour.lowercase_echo and failure.kind == "Emails"
        arrays[failure.array].append(failure.value.lower() if lower else failure.value)
    skipped = {name: arrays.pop(name) for name in ("noOpEmails", "noOpUserIds")}
    failed, unwritten = sum(map(len, arrays.values())), len(failures)
    succeeded = rows - (failed if behaviour.count_skipped_as_success else unwritten)
    reply: dict[str, Any] = {"successCount": succeeded, "failCount": failed, **skipped}
    if behaviour.deprecated_arrays or not behaviour.failed_updates:
        repeated = arrays["notFoundUserIds"] if behaviour.unknown_user_ids_are_invalid_too else []
        reply |= {"invalidEmails": arrays["invalidEmails"], "invalidUserIds": arrays["invalidUserIds"] + repeated}
    return {**reply, "failedUpdates": arrays} if behaviour.failed_updates else reply


def _summary(reply: dict[str, Any], failures: Sequence[Failure]) -> str:
    counts = Counter(failure.array for failure in failures)
    told = [f"{reply['successCount']} ok, {reply['failCount']} failed"]
    return ", ".join([*told, *(f"{count} {array}" for array, count in counts.items())])
