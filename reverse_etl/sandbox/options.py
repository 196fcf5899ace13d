"""What a sandbox can be told: where it listens, which project it plays, what it does where Iterable is silent."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from reverse_etl.sandbox.rules.faults import Faults
from reverse_etl.sandbox.state.channels import CHANNELS, MESSAGE_TYPES, Channel, MessageType

if TYPE_CHECKING:
    from pathlib import Path

ProjectType = Literal["email", "user_id", "hybrid"]


class SandboxError(Exception):
    """The sandbox cannot start: one sentence that says why."""


@dataclass(frozen=True)
class Behaviour:
    """What Iterable does not document, or documents in two ways; each default is the likeliest reading."""

    max_body_bytes: int = 4_000_000
    """A request whose body is larger is refused."""
    oversized_status: Literal[413, 400] = 413
    """How it is refused: 413 without a body, or 400 with the code BatchTooLarge."""
    max_batch_items: int | None = None
    """More users or events than this in one request are BatchTooLarge."""
    field_limit: int = 1000
    """How many custom fields user profiles may have; a request that needs more is UniqueFieldsLimitExceeded."""
    failed_updates: bool = True
    """Whether bulk answers have `failedUpdates`; false answers as in 2021, with the deprecated arrays alone."""
    deprecated_arrays: bool = True
    """Whether bulk answers repeat what is in `failedUpdates` in `invalidEmails` and `invalidUserIds`."""
    unknown_user_ids_are_invalid_too: bool = True
    """Whether the deprecated `invalidUserIds` repeats `notFoundUserIds`."""
    lowercase_echo: bool = False
    """Whether failure arrays name e-mails as stored, rather than as sent."""
    honour_update_only: bool = True
    """Whether `updateOnly` is honoured; false ignores it, as projects do for which Iterable has not enabled it."""
    count_skipped_as_success: bool = False
    """Whether a row that `updateOnly` skipped is in `successCount`."""
    unknown_user_id_status: int = 400
    """The status of a GET for a userId that nobody has."""
    absent_email: Literal["empty", "left_out"] = "empty"
    """How a user without an e-mail is read; Iterable's own client parses no user that has none."""
    forgotten_status: Literal[409, 400] = 409
    """The status with which endpoints for one user refuse a forgotten one."""
    retry_after: bool = False
    """Whether a 429 carries a Retry-After header."""
    rate_limit_reset: bool = True
    """Whether a 429 says in `params` when to try again; false leaves `rateLimitReset` out."""
    disabled_keys: frozenset[str] = frozenset()
    """Keys that are refused with "Disabled API key or insufficient privileges"."""
    project_id: int = 10216
    """The number of the project, as messages name it."""
    visible_lag: float = 0.0
    """Seconds, from 0 to 60, until reads show what was written; writes see it at once."""
    email_change_delay: float = 0.0
    """Seconds until a new address of `users/updateEmail` is applied; calls meanwhile meet the user under the old one.

    If somebody else has the address by then, the change is lost. A restart applies none that are waiting.
    """
    event_field_limit: int = 8000
    """How many event names and fields of events the project may have."""
    disallowed_events: frozenset[str] = frozenset()
    """Event names that the project does not take."""
    event_id_characters: Literal["checked", "any"] = "checked"
    """Whether an event's id may have letters, digits and hyphens alone."""
    unstorable_events: Literal["failed", "refused"] = "failed"
    """What a bulk request does with an event whose id, time or fields cannot be stored, for which no array exists.

    Failed: counted in `failCount` and named nowhere; refused: the whole request is.
    """
    event_nulls: Literal["dropped", "kept"] = "dropped"
    """What becomes of null members of an event's dataFields."""
    single_event_delay: float = 0.0
    """Seconds until an event of `track` is applied."""
    bulk_event_delay: float = 0.0
    """Seconds until the events of a `trackBulk` are applied, which wait in a queue of their own."""
    max_events_read: int = 200
    """The highest `limit` for reading a user's events."""
    opt_in_message_types: bool = False
    """Whether the opt-in message types feature is on, without which `subscribedMessageTypeIds` is an error."""
    subscription_groups: bool = False
    """Whether the endpoints under /api/subscriptions are enabled; they are not found otherwise."""
    subscriptions_status: Literal[200, 202] = 200
    """How they answer: 200 with the code Success, or 202 with the code Accepted."""
    export_seconds: float = 0.0
    """How long an export job runs."""
    export_file_bytes: int = 10_000_000
    """How large a file of an export may be."""
    export_files_read: int = 100
    """How many files of an export are listed at a time."""
    cancelled_job_state: Literal["cancelling", "cancelled", "failed"] = "cancelling"
    """The state of an export job that was cancelled; Iterable's own client knows no "cancelled"."""
    new_list_delay: float = 0.0
    """Seconds for which subscribe and unsubscribe take a list just made for an unknown one."""
    catalog_reads: Literal["wrapped", "flat"] = "wrapped"
    """Whether catalogs, fields and items are read inside `params`, as recorded, or bare, as in the Swagger file."""
    catalog_item_reads: Literal["flat", "as_catalog_reads"] = "flat"
    """Whether a single item is read bare, which is all that Iterable's own client parses, or as the others are."""
    catalog_page_urls: bool = True
    """False leaves nextPageUrl and previousPageUrl out, as a recorded page did."""
    catalog_create_status: Literal[201, 200] = 201
    """What making a catalog answers."""
    catalog_write_status: Literal[200, 202] = 200
    """What writes of items answer; they are asynchronous with either."""
    catalog_apply_delay: float = 0.0
    """Seconds until a write of items is seen."""
    catalog_wrong_type: Literal["store", "refuse"] = "store"
    """A value that is not of its field's type: stored and not searchable, or a refusal of the whole request."""
    catalog_max_documents: int = 1000
    """More items than this in one request are BatchTooLarge."""
    catalog_field_limit: int = 350
    """How many fields one catalog can have."""
    channel_unsubscribe_default: bool = False
    """What an unsubscribe without `channelUnsubscribe` means; true takes the user off every channel."""

    def __post_init__(self) -> None:
        if not 0 <= self.visible_lag <= 60:
            raise ValueError(f"visible_lag is {self.visible_lag:g}, which is not from 0 to 60 seconds")


@dataclass(frozen=True)
class SandboxOptions:
    """Where a sandbox listens (`port` 0: a free one) and what kind of project it plays.

    With `data_dir` its state outlives the process; without one nothing is written to disk.
    `faults` are texts such as `429:0.05`; `seed` decides which requests meet them.
    Raises ValueError for a host that is not loopback, or a port, project type or fault that does not exist.
    """

    port: int = 8085
    host: str = "127.0.0.1"
    data_dir: Path | None = None
    project_type: ProjectType = "email"
    rate_limit: bool = True
    create_new_fields: bool = True
    lists: tuple[tuple[int, str], ...] = ()
    """Id and name of Standard lists that are there from the start."""
    dynamic_lists: tuple[tuple[int, str], ...] = ((301, "All users"),)
    """Those that the API cannot change; everybody is on them."""
    catalogs: tuple[str, ...] = ()
    """Names of catalogs that are there from the start."""
    channels: tuple[Channel, ...] = CHANNELS
    message_types: tuple[MessageType, ...] = MESSAGE_TYPES
    behaviour: Behaviour = field(default_factory=Behaviour)
    faults: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        if not is_loopback(self.host):
            raise ValueError(f"the sandbox listens on this machine alone: {self.host!r} is not a loopback address")
        if not 0 <= self.port <= 65_535:
            raise ValueError(f"{self.port} is not a port")
        if self.project_type not in get_args(ProjectType):
            raise ValueError(f"{self.project_type!r} is not a project type: email, user_id or hybrid")
        Faults(self.faults)


def is_loopback(host: str) -> bool:
    """Whether this name or address can only mean the machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
