"""GET channels and messageTypes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reverse_etl.sandbox.replies import Reply, reply_json

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call


def list_channels(call: Call) -> Reply:
    return reply_json({"channels": [channel.to_api() for channel in call.project.options.channels]})


def list_message_types(call: Call) -> Reply:
    return reply_json({"messageTypes": [one.to_api() for one in call.project.options.message_types]})
