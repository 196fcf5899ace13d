"""The GET endpoints of the API: users, field types and the small fixed resources. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reverse_etl.sandbox.counting import plural
from reverse_etl.sandbox.http.call import number
from reverse_etl.sandbox.http.replies import Reply, framework_refusal, refusal, resource
from reverse_etl.sandbox.rules.identity import valid_email

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call

# Swagger document, /api/users/getSentMessages.
_MOST_MESSAGES: Final = 1000


def user_by_email(call: Call) -> Reply:
    return _user_by_email(call, call.argument)


def user_by_email_query(call: Call) -> Reply:
    return _user_by_email(call, call.query.get("email", ""))


def user_by_id(call: Call) -> Reply:
    return _user_by_id(call, call.argument)


def user_by_id_query(call: Call) -> Reply:
    return _user_by_id(call, call.query.get("userId", ""))


def field_types(call: Call) -> Reply:
    types = call.project.fields.types
    return resource({"fields": types}, plural(len(call.project.fields.custom), "custom field"))


def sent_messages(call: Call) -> Reply:
    """The messages that a user was sent. The sandbox sends none, so it has none."""
    email, user_id = call.query.get("email"), call.query.get("userId")
    if not email and not user_id:
        raise refusal(400, "BadParams", "Either email or userId must be specified")
    limit = call.query.get("limit", "10")
    if number(limit, 0) not in range(1, _MOST_MESSAGES + 1):
        raise refusal(400, "BadParams", f"Invalid limit: must be 1 to {_MOST_MESSAGES}")
    return resource({"messages": []}, "0 messages")


def channels(call: Call) -> Reply:
    return resource({"channels": [one.as_read() for one in call.project.options.channels]})


def message_types(call: Call) -> Reply:
    return resource({"messageTypes": [one.as_read() for one in call.project.options.message_types]})


def _user_by_email(call: Call, email: str) -> Reply:
    profile = call.project.emails.first(email.lower())
    if profile is None:
        if not valid_email(email):
            raise refusal(400, "InvalidEmailAddressError", f"Invalid email: {email}")
        return resource({}, "no such user")
    return resource({"user": call.project.read(profile)})


def _user_by_id(call: Call, user_id: str) -> Reply:
    profile = call.project.user_ids.first(user_id)
    if profile is None:
        status = call.project.options.behaviour.unknown_user_id_status
        code = "error.users.noUserWithIdExists"
        raise framework_refusal(status, "BadRequest", code, "No user with that id exists!", [user_id])
    return resource({"user": call.project.read(profile)})
