"""GET users, the types of their fields, and the messages they were sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reverse_etl.sandbox.endpoints.call import parse_number
from reverse_etl.sandbox.plurals import pluralize
from reverse_etl.sandbox.replies import ApiRefusal, FrameworkRefusal, Reply, reply_json
from reverse_etl.sandbox.rules.identity import is_valid_email

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call

# Swagger document, /api/users/getSentMessages.
_MAX_MESSAGES: Final = 1000


def get_by_email(call: Call) -> Reply:
    return _get_by_email(call, call.argument)


def get_by_email_query(call: Call) -> Reply:
    return _get_by_email(call, call.query.get("email", ""))


def get_by_user_id(call: Call) -> Reply:
    return _get_by_user_id(call, call.argument)


def get_by_user_id_query(call: Call) -> Reply:
    return _get_by_user_id(call, call.query.get("userId", ""))


def get_field_types(call: Call) -> Reply:
    types = call.project.field_types.types
    return reply_json({"fields": types}, pluralize(len(call.project.field_types.custom), "custom field"))


def list_sent_messages(call: Call) -> Reply:
    """Return the messages that a user was sent. The sandbox sends none, so the list is empty."""
    email, user_id = call.query.get("email"), call.query.get("userId")
    if not email and not user_id:
        raise ApiRefusal(400, "BadParams", "Either email or userId must be specified")
    limit = call.query.get("limit", "10")
    if parse_number(limit, 0) not in range(1, _MAX_MESSAGES + 1):
        raise ApiRefusal(400, "BadParams", f"Invalid limit: must be 1 to {_MAX_MESSAGES}")
    return reply_json({"messages": []}, "0 messages")


def _get_by_email(call: Call, email: str) -> Reply:
    profile = call.project.email_index.find_first(email.lower())
    if profile is None:
        if not is_valid_email(email):
            raise ApiRefusal(400, "InvalidEmailAddressError", f"Invalid email: {email}")
        return reply_json({}, "no such user")
    return reply_json({"user": call.project.format_user(profile)})


def _get_by_user_id(call: Call, user_id: str) -> Reply:
    profile = call.project.user_id_index.find_first(user_id)
    if profile is None:
        status = call.project.options.behaviour.unknown_user_id_status
        code = "error.users.noUserWithIdExists"
        raise FrameworkRefusal(status, "BadRequest", code, "No user with that id exists!", [user_id])
    return reply_json({"user": call.project.format_user(profile)})
