"""Iterable as a destination: its objects, its projects, its replies, and its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from reverse_etl.definition.entry import Entries
from reverse_etl.destinations.base import (
    ClientOptions,
    Destination,
    DestinationConfig,
    DestinationSource,
    ModelSamples,
    OfflineConfig,
)
from reverse_etl.destinations.bound_object import BoundObject, SyncContext
from reverse_etl.destinations.column_body import JsonColumn
from reverse_etl.destinations.inspection import Inspection
from reverse_etl.destinations.iterable import OBJECTS, bind, entries
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.config import PROJECT_TYPES, IterableConfig, resolve_config, resolve_offline
from reverse_etl.destinations.iterable.fields.date_fields import DATE_PATTERNS, DateSample, add_date_findings
from reverse_etl.destinations.iterable.identifier_conflicts import find_identifier_conflicts
from reverse_etl.destinations.iterable.project_types import check_project_type
from reverse_etl.destinations.iterable.protocol.client_config import ClientConfig, check_bundle, check_client_config
from reverse_etl.destinations.iterable.protocol.replies import IterableReplies
from reverse_etl.destinations.iterable.resources.journeys import read_enabled_journeys
from reverse_etl.destinations.journeys import JourneyList
from reverse_etl.destinations.request import ApiCaller, Client
from reverse_etl.sync import Sync

if TYPE_CHECKING:
    import pyarrow as pa


class IterableDestination(Destination):
    """Projects of Iterable."""

    replies = IterableReplies()
    project_types = PROJECT_TYPES
    text_patterns = DATE_PATTERNS
    sampled_identifiers = ("email", "user_id")

    def entries(self) -> Entries:
        return entries()

    def resolve(self, source: DestinationSource) -> IterableConfig:
        return resolve_config(source)

    def resolve_offline(self, source: DestinationSource) -> OfflineConfig:
        return resolve_offline(source)

    def client(self, config: DestinationConfig, options: ClientOptions) -> Client:
        from reverse_etl.destinations.iterable.protocol.client import HttpClient  # imports `requests`

        return HttpClient(_client_config(config, options))

    def check_client(self, config: DestinationConfig, options: ClientOptions) -> None:
        checked = _client_config(config, options)
        check_client_config(checked)
        check_bundle(checked.ca_bundle)

    def bind(self, sync: Sync, project_type: str) -> BoundObject:
        return bind(sync, project_type)

    def encode_column(self, column: pa.Array, cast: str, *, as_json: bool = False) -> list[Any]:
        from reverse_etl.destinations.iterable.fields.type_conversion import convert_to_type  # imports `pyarrow`

        return convert_to_type(column, cast, as_json=as_json)

    def encode_json(self, column: pa.Array, cast: str, *, as_json: bool = False) -> JsonColumn:
        from reverse_etl.destinations.iterable.fields.column_json import convert_to_json  # imports `pyarrow`

        return convert_to_json(column, cast, as_json=as_json)

    def order(self, sync: Sync) -> int:
        return OBJECTS[sync.object].order

    def find_conflicts(self, syncs: Sequence[tuple[Sync, str]]) -> Mapping[str, str]:
        return find_identifier_conflicts(syncs)

    def inspect(
        self, bound: BoundObject, context: SyncContext, samples: ModelSamples, project_type: str, caller: ApiCaller
    ) -> Inspection:
        """Inspect the fields. Raises ConfigError too if the project type differs from the settings."""
        project = ProjectType(project_type)
        confirmed = check_project_type(project, samples.identifiers, caller)
        texts = {name: DateSample(sample.count, sample.matches) for name, sample in samples.texts.items()}
        found = add_date_findings(bound.inspect(context, caller), texts)
        note = f"Profiles in Iterable show a project of type `{project.value}`, as it is set"
        return replace(found, notes=(*found.notes, note)) if confirmed else found

    def read_journeys(self, caller: ApiCaller) -> JourneyList:
        return read_enabled_journeys(caller)


def _client_config(config: DestinationConfig, options: ClientOptions) -> ClientConfig:
    one = cast("IterableConfig", config)
    return ClientConfig(
        one.base_url, one.api_key, options.timeout, one.ca_bundle, one.proxy, one.allow_host, options.run
    )
