"""What a destination must do. Everything outside its own folder reaches a vendor through this class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from reverse_etl.destinations.journeys import JourneyList
from reverse_etl.errors import ConfigError
from reverse_etl.secret import Secret

if TYPE_CHECKING:
    import pyarrow as pa

    from reverse_etl.definition.entry import Entries
    from reverse_etl.destinations.bound_object import BoundObject, SyncContext
    from reverse_etl.destinations.column_body import JsonColumn
    from reverse_etl.destinations.inspection import Inspection
    from reverse_etl.destinations.replies import ReplyRules
    from reverse_etl.destinations.request import ApiCaller, Client
    from reverse_etl.sync import Sync

# The name of a sandbox that a command starts for itself.
SANDBOX = "sandbox"


@dataclass(frozen=True)
class DestinationSource:
    """Where the settings of the destination `name` are: reverse_etl.yml in `project_dir`, and the environment.

    `render` renders Jinja. `target` is the dbt target of the command, or empty.
    """

    name: str
    project_dir: Path
    env: Mapping[str, str]
    render: Callable[[str], object]
    target: str = ""


@dataclass(frozen=True)
class DestinationConfig:
    """One project of a vendor, as reverse_etl.yml and the environment describe it.

    `kind` is the vendor's name in the table of destinations, `project_type` the type of the project if the vendor has
    several. `project` is a name that the user chose, compared like the key. `known_as` stands for the host if the
    address differs each time. `targets` are the dbt targets that may send to it; empty: all of them.
    """

    kind: ClassVar[str]
    name: str
    base_url: str
    project_type: str = ""
    api_key: Secret = field(default=Secret(""))
    project: str = ""
    known_as: str = ""
    targets: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """Return the host and port, as the sync snapshot remembers it."""
        return self.known_as or urlsplit(self.base_url).netloc.lower()

    @property
    def flag(self) -> str:
        """Return the flag that a command needs to find the rows of this destination."""
        return " --sandbox" if self.known_as == SANDBOX else ""

    def remembered(self, salt: str) -> dict[str, object]:
        """Return what a sync snapshot keeps of where its rows went; never the key, only its salted fingerprint."""
        return {
            "host": self.host,
            "project_type": self.project_type,
            "project": self.project,
            "key_fingerprint": self.api_key.fingerprint(salt),
        }


@dataclass(frozen=True)
class OfflineConfig:
    """A destination without its secrets: the types that its project may have, and the variables that are `unset`."""

    project_types: tuple[str, ...]
    unset: tuple[ConfigError, ...] = ()


@dataclass(frozen=True)
class ClientOptions:
    """`timeout` is the seconds that one attempt may take in total, `run` the id of the invocation, if any."""

    timeout: float
    run: str = ""


@dataclass(frozen=True)
class TextSample:
    """A sample of the texts of a field: how many there are, and how many match each pattern, by its name."""

    count: int
    matches: Mapping[str, int]


@dataclass(frozen=True)
class ModelSamples:
    """Samples of a model: texts by field, and a few values of identifiers, each with the kind of identifier."""

    texts: Mapping[str, TextSample] = field(default_factory=dict)
    identifiers: Sequence[tuple[str, str]] = ()


class Destination(ABC):
    """A vendor that can receive rows. There is one instance of each, without state.

    - `replies` says what its replies mean and how to explain them.
    - `project_types` are the types that its projects may have; a single empty name: there are no types.
    - `text_patterns` are patterns to count in samples of texts, and `sampled_identifiers` kinds of identifiers to
      sample, for `inspect`.
    """

    replies: ReplyRules
    project_types: tuple[str, ...] = ("",)
    text_patterns: Mapping[str, str] = {}
    sampled_identifiers: tuple[str, ...] = ()

    @abstractmethod
    def entries(self) -> Entries:
        """Return the class of each object's entry, by object."""

    @abstractmethod
    def resolve(self, source: DestinationSource) -> DestinationConfig:
        """Return where rows go, with the key. Raises ConfigError."""

    @abstractmethod
    def resolve_offline(self, source: DestinationSource) -> OfflineConfig:
        """Return the destination without its secrets. Raises ConfigError for wrong values, not for missing ones."""

    @abstractmethod
    def client(self, config: DestinationConfig, options: ClientOptions) -> Client:
        """Return a client of that project. Raises ConfigError if the key must not go to that address."""

    def check_client(self, config: DestinationConfig, options: ClientOptions) -> None:
        """Raise the ConfigError that `client` would raise. A run without changes needs no more of a client."""
        self.client(config, options).close()

    @abstractmethod
    def bind(self, sync: Sync, project_type: str) -> BoundObject:
        """Return how the rows of a sync are identified, checked and sent in a project of that type."""

    @abstractmethod
    def encode_column(self, column: pa.Array, cast: str, *, as_json: bool = False) -> list[Any]:
        """Return JSON-ready values of a column, one for each row; see `ColumnEncoder`."""

    def encode_json(self, column: pa.Array, cast: str, *, as_json: bool = False) -> JsonColumn:
        """Return the JSON of these values. Needed only if some object has a `ColumnBody`."""
        raise NotImplementedError

    def order(self, sync: Sync) -> int:
        """Return the turn of a sync. Lower numbers run first."""
        del sync
        return 0

    def find_conflicts(self, syncs: Sequence[tuple[Sync, str]]) -> Mapping[str, str]:
        """Return warnings about syncs that do not fit together, by name. Each sync comes with its project type."""
        del syncs
        return {}

    def inspect(
        self, bound: BoundObject, context: SyncContext, samples: ModelSamples, project_type: str, caller: ApiCaller
    ) -> Inspection:
        """Return what would happen to the fields; create nothing. Raises ConfigError or DestinationError."""
        del samples, project_type
        return bound.inspect(context, caller)

    def read_journeys(self, caller: ApiCaller) -> JourneyList:
        """Return the journeys that accept new users. Raises DestinationError if they cannot be asked for."""
        del caller
        return JourneyList()
