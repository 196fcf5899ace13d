"""What a `reverse_etl` entry can say. Each object adds its keys in a subclass of Entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, SkipValidation, WithJsonSchema
from pydantic import Field as Key

from reverse_etl.definition.faults import EntryLocation
from reverse_etl.definition.field_mapping import FIELDS_SCHEMA, SOURCE_SCHEMA, read_fields, read_source
from reverse_etl.definition.incremental import IncrementalEntry
from reverse_etl.definition.policy import SyncPolicy
from reverse_etl.definition.switches import read_switch, read_versions
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, OnRemoved

ColumnName = Annotated[str, Key(min_length=1, description="a column of the model")]
# A key of a definition whose value comes from a row, as those under `fields` do.
RowSource = Annotated[Field | None, SkipValidation, BeforeValidator(read_source), WithJsonSchema(SOURCE_SCHEMA)]
FieldMap = Annotated[
    tuple[Field, ...] | None, SkipValidation, BeforeValidator(read_fields), WithJsonSchema(FIELDS_SCHEMA)
]
LONGEST_NAME = 200
DESTINATION = "iterable"


def _names(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


class Entry(SyncPolicy):
    """The keys of every object's entry. `IDENTIFIERS` are keys that name a column with identifiers.

    Subclasses add `object`, `mode` and keys of their own.
    """

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ()
    object: str
    mode: str
    name: str | None = Key(
        default=None, min_length=1, max_length=LONGEST_NAME, description="name of the sync; default: the model's"
    )
    destination: str = Key(DESTINATION, min_length=1, description="a destination of reverse_etl.yml")
    primary_key: Annotated[
        tuple[ColumnName, ...],
        BeforeValidator(_names),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    ] = Key((), description="key of the sync snapshot; default: the identifier")
    enabled: Annotated[bool, BeforeValidator(read_switch)] = Key(
        default=True, description="false: this entry does nothing"
    )
    versions: Annotated[str | tuple[str | int | float, ...], BeforeValidator(read_versions)] = Key(
        "latest", description="which versions of a versioned model sync"
    )

    incremental: IncrementalEntry | None = Key(
        default=None, description="compare only recent rows in most runs; for models too large to compare each time"
    )

    def identifiers(self) -> dict[str, str]:
        """Return the columns of identifiers, by key; keys without a column are left out."""
        found = {key: getattr(self, key) for key in self.IDENTIFIERS}
        return {key: column for key, column in found.items() if column}

    @property
    def sync_name(self) -> str:
        """Return the name of the sync. It is set once the definition was read."""
        return self.name or ""

    def destination_name(self) -> str:
        """Return the name of the destination that rows go to."""
        return self.destination

    def mapped_fields(self) -> tuple[Field, ...] | None:
        """Return the mapped fields. None: every other column. Empty: rows carry no data."""
        return ()

    def key_fields(self) -> tuple[Field, ...]:
        """Return what keys of the entry take from a row."""
        return tuple(value for key in type(self).model_fields if isinstance(value := getattr(self, key), Field))

    def scope(self) -> Mapping[str, str]:
        """Return what the rows belong to in the destination, such as a list, by kind."""
        return {}

    def creates_scope(self) -> bool:
        """Return whether the first run creates what the scope names, if it does not exist."""
        return False

    def sends_changed_fields(self) -> bool:
        """Return whether a changed row carries only its changed fields."""
        return False

    def removal_action(self) -> OnRemoved:
        """Return what happens to rows that left the model."""
        return "ignore"

    def faults(self, location: EntryLocation) -> list[Fault]:
        """Return what is wrong with the entry as a whole, in every project."""
        del location
        return []


class FieldsEntry(Entry):
    """An entry whose rows carry data fields."""

    fields: FieldMap = None

    def mapped_fields(self) -> tuple[Field, ...] | None:
        return self.fields


Entries = Mapping[str, type[Entry]]
# Returns the entries of the objects of the destination of that name.
EntriesOf = Callable[[str], Entries]
