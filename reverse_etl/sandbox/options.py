"""The options of a sandbox: its address, its project, and how it behaves if Iterable's documentation is unclear."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from reverse_etl.sandbox.channels import CHANNELS, MESSAGE_TYPES, Channel, MessageType
from reverse_etl.sandbox.rules.faults import FaultSwitches
from reverse_etl.sandbox.rules.identity import ProjectType
from reverse_etl.sandbox.rules.journeys import Journey

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Behaviour", "ProjectType", "SandboxError", "SandboxOptions", "is_loopback"]


class SandboxError(Exception):
    """The sandbox cannot start. The message is one sentence that says why."""


@dataclass(frozen=True)
class Behaviour:
    """What Iterable does not document, or documents in two ways. Each default is the most likely reading."""

    max_body_bytes: int = 4_000_000
    """A request with a larger body is refused."""
    oversized_status: Literal[413, 400] = 413
    """The refusal of a body that is too large: 413 without a body, or 400 with the code BatchTooLarge."""
    max_batch_items: int | None = None
    """A request with more users or events than this gets BatchTooLarge."""
    field_limit: int = 1000
    """How many custom fields user profiles can have. A request that needs more gets UniqueFieldsLimitExceeded."""
    failed_updates: bool = True
    """Whether bulk responses have `failedUpdates`. If false, they have only the deprecated arrays, as in 2021."""
    deprecated_arrays: bool = True
    """Whether bulk responses repeat `failedUpdates` in the old arrays `invalidEmails` and `invalidUserIds`."""
    unknown_user_ids_are_invalid_too: bool = True
    """Whether the deprecated `invalidUserIds` also lists `notFoundUserIds`."""
    lowercase_echo: bool = False
    """Whether failure arrays show e-mails in lower case, as stored, and not as sent."""
    honour_update_only: bool = True
    """Whether `updateOnly` works. If false, it is ignored, as in projects for which Iterable has not enabled it."""
    count_skipped_as_success: bool = False
    """Whether `successCount` includes rows that `updateOnly` skipped."""
    unknown_user_id_status: int = 400
    """The status of a GET for an unknown userId."""
    absent_email: Literal["empty", "left_out"] = "empty"
    """How a user without an e-mail is read. Iterable's own client cannot parse a user that has no `email`."""
    forgotten_status: Literal[409, 400] = 409
    """The status with which endpoints for a single user refuse a forgotten user."""
    retry_after: bool = False
    """Whether a 429 carries a Retry-After header."""
    rate_limit_reset: bool = True
    """Whether the `params` of a 429 have `rateLimitReset`, the seconds until the next try."""
    disabled_keys: frozenset[str] = frozenset()
    """API keys that are refused with "Disabled API key or insufficient privileges"."""
    project_id: int = 10216
    """The project number that error messages show."""
    visible_lag: float = 0.0
    """Seconds, from 0 to 60, until reads show a write. Other writes see it at once."""
    email_change_delay: float = 0.0
    """Seconds until `users/updateEmail` applies a new address. Until then the user has the old one.

    If another user has the address by then, the change is lost. A restart loses changes that wait.
    """
    event_field_limit: int = 8000
    """How many event names and event fields the project can have."""
    disallowed_events: frozenset[str] = frozenset()
    """Event names that the project does not accept."""
    event_id_characters: Literal["checked", "any"] = "checked"
    """Checked: an event id has only letters, digits and hyphens. Any: every character is allowed."""
    unstorable_events: Literal["failed", "refused"] = "failed"
    """What a bulk request does with an event whose id, time or fields cannot be stored. No array exists for it.

    Failed: it counts in `failCount` and is listed nowhere. Refused: the whole request is refused.
    """
    event_nulls: Literal["dropped", "kept"] = "dropped"
    """Whether null members of an event's dataFields are stored."""
    single_event_delay: float = 0.0
    """Seconds until an event of `events/track` is applied."""
    bulk_event_delay: float = 0.0
    """Seconds until the events of `events/trackBulk` are applied. They have their own queue."""
    max_events_read: int = 200
    """The highest `limit` when a user's events are read."""
    opt_in_message_types: bool = False
    """Whether opt-in message types are enabled. If not, `subscribedMessageTypeIds` is an error."""
    subscription_groups: bool = False
    """Whether the endpoints under /api/subscriptions are enabled. If not, they answer 404."""
    subscriptions_status: Literal[200, 202] = 200
    """The response of these endpoints: 200 with the code Success, or 202 with the code Accepted."""
    export_seconds: float = 0.0
    """Seconds that an export job runs."""
    export_file_bytes: int = 10_000_000
    """The largest size of an export file."""
    export_files_read: int = 100
    """How many files of an export one response lists."""
    cancelled_job_state: Literal["cancelling", "cancelled", "failed"] = "cancelling"
    """The state of a cancelled export job. Iterable's own client does not know "cancelled"."""
    new_list_delay: float = 0.0
    """Seconds during which subscribe and unsubscribe do not know a new list."""
    catalog_reads: Literal["wrapped", "flat"] = "wrapped"
    """Whether catalogs, fields and items come inside `params`, as recorded, or bare, as in the Swagger file."""
    catalog_item_reads: Literal["flat", "as_catalog_reads"] = "flat"
    """Whether a read of one item comes bare, as Iterable's own client needs it, or as `catalog_reads` says."""
    catalog_page_urls: bool = True
    """Whether pages have nextPageUrl and previousPageUrl. A recorded page had neither."""
    catalog_create_status: Literal[201, 200] = 201
    """The status of a request that creates a catalog."""
    catalog_write_status: Literal[200, 202] = 200
    """The status of item writes. They are asynchronous with either."""
    catalog_apply_delay: float = 0.0
    """Seconds until an item write is visible."""
    catalog_wrong_type: Literal["store", "refuse"] = "store"
    """What happens to a value of another type than its field: stored but not searchable, or the request is refused."""
    catalog_max_documents: int = 1000
    """A request with more items than this gets BatchTooLarge."""
    catalog_field_limit: int = 350
    """How many fields a catalog can have."""
    channel_unsubscribe_default: bool = False
    """The default of `channelUnsubscribe` in an unsubscribe. True unsubscribes the user from every channel."""

    journey_event_names: Literal["named", "left_out"] = "named"
    """Whether `triggerEventNames` of a journey names events that are not custom events, such as purchases."""
    journeys_start_again: bool = True
    """Whether a list subscription of a user who is on the list already starts journeys."""

    def __post_init__(self) -> None:
        if not 0 <= self.visible_lag <= 60:
            raise ValueError(f"visible_lag is {self.visible_lag:g}, which is not from 0 to 60 seconds")


@dataclass(frozen=True)
class SandboxOptions:
    """Where a sandbox listens (`port` 0 picks a free one) and what kind of project it plays.

    With `data_dir` its state survives a restart. Without it, nothing is written to disk.
    `faults` are texts such as `429:0.05`. `seed` decides which requests get them.
    Raises ValueError if the host is not loopback, or if the port, project type or a fault does not exist.
    """

    port: int = 8085
    host: str = "127.0.0.1"
    data_dir: Path | None = None
    project_type: ProjectType = "email"
    rate_limit: bool = True
    create_new_fields: bool = True
    lists: tuple[tuple[int, str], ...] = ()
    """Id and name of the Standard lists that exist at the start."""
    dynamic_lists: tuple[tuple[int, str], ...] = ((301, "All users"),)
    """Lists that the API cannot change. Every user is on them."""
    catalogs: tuple[str, ...] = ()
    """Names of the catalogs that exist at the start."""
    channels: tuple[Channel, ...] = CHANNELS
    message_types: tuple[MessageType, ...] = MESSAGE_TYPES
    journeys: tuple[Journey, ...] = ()
    """The journeys of the project. They send nothing: the sandbox only notes who would enter them."""
    behaviour: Behaviour = field(default_factory=Behaviour)
    faults: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        if not is_loopback(self.host):
            raise ValueError(f"the sandbox listens on this machine only: {self.host!r} is not a loopback address")
        if not 0 <= self.port <= 65_535:
            raise ValueError(f"{self.port} is not a port")
        if self.project_type not in get_args(ProjectType):
            raise ValueError(f"{self.project_type!r} is not a project type: email, user_id or hybrid")
        FaultSwitches(self.faults)


def is_loopback(host: str) -> bool:
    """Return whether this name or address can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
