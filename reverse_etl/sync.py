"""Sync: one definition from `meta`, as a frozen value; knows neither dbt's files nor a destination's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from reverse_etl.counting import plural
from reverse_etl.errors import Fault

Nulls = Literal["send", "skip"]
OnRemoved = Literal["ignore", "clear", "delete", "remove"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the destination and where its value comes from: a column, or a constant where `column` is None.

    `path` is the field's name; dots make nested objects. `nulls="skip"`: a NULL sends nothing instead of clearing.
    `as_text`: the value is a name, sent as text whatever the column's type; `lowered`: without regard to letter case
    and outer blanks as well. `from_key`: a key of the definition stands for it; it is not a field of the data.
    """

    path: str
    column: str | None
    constant: object = None
    nulls: Nulls = "send"
    as_text: bool = False
    lowered: bool = False
    from_key: bool = False

    @property
    def label(self) -> str:
        """What tells it from every other field of its sync: `plan.tier`, or `@event_name` of a key."""
        return f"@{self.path}" if self.from_key else self.path


@dataclass(frozen=True)
class Limit:
    """Too many rows: more than `percent` of them and more than `rows`; or more than `share` percent, however few."""

    percent: float = 10
    rows: int = 100
    share: float = 50

    def exceeded(self, count: int, total: int) -> bool:
        """Whether `count` of `total` rows is too many."""
        return self.exceeds_count(count, total) or self.exceeds_share(count, total)

    def exceeds_count(self, count: int, total: int) -> bool:
        """Whether `count` of `total` rows is too many for a large number of rows."""
        return count > self.rows and count * 100 > self.percent * total

    def exceeds_share(self, count: int, total: int) -> bool:
        """Whether `count` of `total` rows is too many, however few they are."""
        return count * 100 > self.share * total

    def __str__(self) -> str:
        """As people read it: `10 % and 100 rows, or 50 %`."""
        return f"{self.percent:g} % and {plural(self.rows, 'row')}, or {self.share:g} %"


@dataclass(frozen=True)
class Sync:
    """One definition.

    - `identifiers` maps the definition's key (`email`, `item_id`, …) to a column.
    - `primary_key` is empty if the identifier is the key.
    - `fields` is None if every other column is sent. `hidden` are columns that are never sent.
    - `key_fields` are fields that keys of the definition stand for, such as `event_name`.
    - `scope` names what the rows belong to in the destination, such as a catalog: a sync snapshot is about that alone.
      `creates_scope`: the first run creates it, if it does not exist.
    - `entry` is the definition as the class of its object has read it.
    - `guards` are the settings of guards by name; False turns a guard off.
    - `target` is dbt's target and `database` the model's; empty: not known.
    """

    name: str
    model: str
    unique_id: str
    relation: str
    file: str
    object: str
    mode: str
    destination: str
    identifiers: Mapping[str, str]
    primary_key: tuple[str, ...] = ()
    fields: tuple[Field, ...] | None = None
    key_fields: tuple[Field, ...] = ()
    scope: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    on_removed: OnRemoved = "ignore"
    entry: Any = None
    creates_scope: bool = False
    guards: Mapping[str, Any] = field(default_factory=dict)
    reject_limit: Limit = field(default_factory=Limit)
    target: str = ""
    database: str = ""

    @property
    def selector(self) -> str:
        """The model as dbt selects it: its name, and its version if it has one."""
        return self.unique_id.split(".", 2)[-1]

    def named_columns(self) -> tuple[str, ...]:
        """Columns that the definition names itself, in its order, each once."""
        columns = [*self.identifiers.values(), *self.primary_key]
        columns += [item.column for item in (*self.key_fields, *(self.fields or ())) if item.column is not None]
        return tuple(dict.fromkeys(columns))

    def with_fields(self, fields: tuple[Field, ...]) -> Sync:
        """The same sync with its fields spelled out."""
        return replace(self, fields=fields)


@dataclass(frozen=True)
class BrokenSync:
    """A definition that cannot run, with everything that is wrong with it. `name` is the name it would have."""

    name: str
    model: str
    unique_id: str
    relation: str
    file: str
    destination: str
    faults: tuple[Fault, ...]
    target: str = ""
    database: str = ""


@dataclass(frozen=True, slots=True)
class IdentityRule:
    """How columns become the identity of a row in the destination, and which texts cannot be one.

    Several columns become one JSON array. `lowered`: compared without regard to letter case and outer blanks.
    `pattern` is a regular expression for the whole text, in the syntax that all warehouses share; empty: any text.
    `never` are texts it lets through. `code` and `reason` say why a row is held. `otherwise` identifies the rows whose
    columns are empty: such an identity begins with the mark of that rule, which no pattern of the first rule matches.
    """

    key: str
    columns: tuple[str, ...]
    code: str = "bad-key"
    reason: str = "the key is malformed"
    pattern: str = ""
    lowered: bool = False
    never: tuple[str, ...] = ()
    otherwise: IdentityRule | None = None

    @property
    def mark(self) -> str:
        """What an identity begins with when this rule stands in for another: `email → `."""
        return f"{self.key} → "


@dataclass(frozen=True, slots=True)
class PersonColumn:
    """Where our tables hold who a row is about: `key` is which identifier, such as `email`.

    `label` is that of a field; empty: the identity, and if there is a `mark`, only identities that begin with it.
    `lowered`: letter case and blanks around the identifier do not matter.
    """

    key: str
    label: str = ""
    mark: str = ""
    lowered: bool = False


@dataclass(frozen=True, slots=True)
class Requirement:
    """What else must hold of a row before it is sent: one of `fields`, by label, is there and is not empty.

    With a `pattern`, what is there must match it; a row without any of them then passes. `unless` names a field whose
    presence makes the requirement void.
    """

    fields: tuple[str, ...]
    code: str
    reason: str
    pattern: str = ""
    never: tuple[str, ...] = ()
    unless: str = ""
