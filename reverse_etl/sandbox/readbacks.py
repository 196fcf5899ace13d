"""What the sandbox tells about itself as JSON, under /sandbox: nothing of this exists at Iterable."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reverse_etl.sandbox.dates import written
from reverse_etl.sandbox.replies import Reply, resource

if TYPE_CHECKING:
    from reverse_etl.sandbox.call import Call


def users(call: Call) -> Reply:
    return resource([profile.as_written() for profile in call.project.users.values()])


def requests(call: Call) -> Reply:
    """Oldest first."""
    return resource([{**asdict(entry), "time": written(entry.time)} for entry in call.project.requests])


def reset(call: Call) -> Reply:
    call.project.reset()
    return resource({"reset": True})
