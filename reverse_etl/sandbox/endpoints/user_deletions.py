"""Deleting and forgetting users: who goes, and who may not come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reverse_etl.sandbox.http import bodies
from reverse_etl.sandbox.http.replies import Reply, refusal, resource, success
from reverse_etl.sandbox.rules.identity import forgotten_hash, valid_email

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.state.profile import Profile


def delete_by_email(call: Call) -> Reply:
    project, email = call.project, call.argument
    if not project.rules.email_unique:
        raise refusal(400, "BadParams", "Users of a userID-based project are deleted by userId")
    gone = project.emails.all(email.lower())
    if not gone and not valid_email(email):
        raise refusal(400, "InvalidEmailAddressError", f"Invalid email: {email}")
    project.remove(gone)
    return success()


def delete_by_user_id(call: Call) -> Reply:
    gone = call.project.user_ids.all(call.argument)
    if not gone:
        raise refusal(400, "BadParams", f"User does not exist. Email:  UserId: {call.argument}")
    call.project.remove(gone)
    return success(f"All users associated with {call.argument} were successfully deleted")


def forget(call: Call) -> Reply:
    forgotten, found, identifier = _meant(call)
    forgotten.add(forgotten_hash(identifier))
    call.project.remove(found)
    return success()


def unforget(call: Call) -> Reply:
    forgotten, _, identifier = _meant(call)
    forgotten.discard(forgotten_hash(identifier))
    return success()


def forgotten_emails(call: Call) -> Reply:
    if not call.project.rules.email_unique:
        raise refusal(400, "BadParams", "Users of a userID-based project are forgotten by userId")
    return resource({"hashedEmails": sorted(call.project.forgotten_emails)})


def forgotten_user_ids(call: Call) -> Reply:
    if not call.project.rules.user_id_unique:
        raise refusal(400, "BadParams", "Users of an email-based project are forgotten by email")
    return resource({"hashedUserIds": sorted(call.project.forgotten_user_ids)})


def _meant(call: Call) -> tuple[set[str], list[Profile], str]:
    """The set of hashes that the request is about, the users it means, and the identifier it names."""
    body, project = call.body, call.project
    bodies.require(body, bodies.IDENTIFIER, call.path)
    email, user_id = body.get("email"), body.get("userId")
    if email is not None and project.rules.email_unique:
        if not valid_email(email):
            raise refusal(400, "InvalidEmailAddressError", f"Invalid email: {email}")
        return project.forgotten_emails, project.emails.all(email.lower()), email
    if user_id is not None and project.rules.user_id_unique:
        return project.forgotten_user_ids, project.user_ids.all(user_id), user_id
    raise refusal(400, "BadParams", "The identifier of this project type must be set")
