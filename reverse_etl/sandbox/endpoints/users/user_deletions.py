"""DELETE users, and POST users/forget and users/unforget. A forgotten user cannot come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reverse_etl.sandbox.endpoints import request_bodies
from reverse_etl.sandbox.replies import ApiRefusal, Reply, reply_json, reply_success
from reverse_etl.sandbox.rules.identity import hash_identifier, is_valid_email

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.state.profile import Profile


def delete_by_email(call: Call) -> Reply:
    project, email = call.project, call.argument
    if not project.identity_rules.email_unique:
        raise ApiRefusal(400, "BadParams", "Users of a userID-based project are deleted by userId")
    profiles = project.email_index.find_all(email.lower())
    if not profiles and not is_valid_email(email):
        raise ApiRefusal(400, "InvalidEmailAddressError", f"Invalid email: {email}")
    project.remove_users(profiles)
    return reply_success()


def delete_by_user_id(call: Call) -> Reply:
    profiles = call.project.user_id_index.find_all(call.argument)
    if not profiles:
        raise ApiRefusal(400, "BadParams", f"User does not exist. Email:  UserId: {call.argument}")
    call.project.remove_users(profiles)
    return reply_success(f"All users associated with {call.argument} were successfully deleted")


def forget_user(call: Call) -> Reply:
    hashes, profiles, identifier = _read_request(call)
    hashes.add(hash_identifier(identifier))
    call.project.remove_users(profiles)
    return reply_success()


def unforget_user(call: Call) -> Reply:
    hashes, _, identifier = _read_request(call)
    hashes.discard(hash_identifier(identifier))
    return reply_success()


def list_forgotten_emails(call: Call) -> Reply:
    if not call.project.identity_rules.email_unique:
        raise ApiRefusal(400, "BadParams", "Users of a userID-based project are forgotten by userId")
    return reply_json({"hashedEmails": sorted(call.project.forgotten_emails)})


def list_forgotten_user_ids(call: Call) -> Reply:
    if not call.project.identity_rules.user_id_unique:
        raise ApiRefusal(400, "BadParams", "Users of an email-based project are forgotten by email")
    return reply_json({"hashedUserIds": sorted(call.project.forgotten_user_ids)})


def _read_request(call: Call) -> tuple[set[str], list[Profile], str]:
    """Return the set of hashes to change, the users with the identifier, and the identifier."""
    body, project = call.body, call.project
    request_bodies.check_body(body, request_bodies.IDENTIFIER, call.path)
    email, user_id = body.get("email"), body.get("userId")
    if email is not None and project.identity_rules.email_unique:
        if not is_valid_email(email):
            raise ApiRefusal(400, "InvalidEmailAddressError", f"Invalid email: {email}")
        return project.forgotten_emails, project.email_index.find_all(email.lower()), email
    if user_id is not None and project.identity_rules.user_id_unique:
        return project.forgotten_user_ids, project.user_id_index.find_all(user_id), user_id
    raise ApiRefusal(400, "BadParams", "The identifier of this project type must be set")
