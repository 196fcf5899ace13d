"""One definition from `meta`, as a frozen value; knows neither dbt's files nor the rules of a destination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from reverse_etl.counting import plural
from reverse_etl.errors import Fault

Nulls = Literal["send", "skip"]
FirstRun = Literal["send", "baseline", "stop"]
OnRemoved = Literal["ignore", "clear", "delete", "remove"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the destination and its source: a column, or a constant if `column` is None.

    - `path` is the field's name; dots make nested objects.
    - `nulls="skip"`: a NULL is not sent, so it does not clear the field.
    - `as_text`: the value is a name, and is sent as text even if the column is a number.
    - `lowered`: letter case and outer blanks do not matter.
    - `from_key`: the field comes from a key of the definition and is not a field of the data.
    - `allow_pii`: the column may be marked as personal data.
    - `is_named`: the definition names the field. If it leaves out `fields`, it names none of them.
    """

    path: str
    column: str | None
    constant: object = None
    nulls: Nulls = "send"
    as_text: bool = False
    lowered: bool = False
    from_key: bool = False
    is_named: bool = True
    allow_pii: bool = False

    @property
    def label(self) -> str:
        """Return the unique name of the field in its sync: `plan.tier`, or `@event_name` for a key."""
        return f"@{self.path}" if self.from_key else self.path


@dataclass(frozen=True)
class Limit:
    """Too many rows: more than `percent` of them and more than `rows`; or more than `share` percent, however few."""

    percent: float = 10
    rows: int = 100
    share: float = 50

    def exceeded(self, count: int, total: int) -> bool:
        """Return whether `count` of `total` rows is too many."""
        return self.exceeds_count(count, total) or self.exceeds_share(count, total)

    def exceeds_count(self, count: int, total: int) -> bool:
        """Return whether `count` is above both `rows` and `percent` of `total`."""
        return count > self.rows and count * 100 > self.percent * total

    def exceeds_share(self, count: int, total: int) -> bool:
        """Return whether `count` is above `share` percent of `total`, even if there are few rows."""
        return count * 100 > self.share * total

    def __str__(self) -> str:
        """Return the text for messages: `10 % and 100 rows, or 50 %`."""
        return f"{self.percent:g} % and {plural(self.rows, 'row')}, or {self.share:g} %"


@dataclass(frozen=True)
class Threshold:
    """A number of rows, or a share of them, that is too many: `> 5 %`, `>= 100`."""

    amount: float = 0
    is_share: bool = False
    is_inclusive: bool = False

    def is_reached(self, count: int, total: int) -> bool:
        """Return whether `count` of `total` rows is that many. No rows are never too many."""
        actual, limit = (count * 100, self.amount * total) if self.is_share else (count, self.amount)
        return count > 0 and (actual >= limit if self.is_inclusive else actual > limit)

    def __str__(self) -> str:
        """Return the threshold as a definition writes it."""
        return f"{'>=' if self.is_inclusive else '>'} {self.amount:g}{' %' if self.is_share else ''}"


@dataclass(frozen=True)
class OutcomeLimit(Limit):
    """How many refused rows make a run a warning or an error. `error_if` replaces the other limits."""

    warn_if: Threshold = Threshold()
    error_if: Threshold | None = None

    def is_warning(self, count: int, total: int) -> bool:
        return self.warn_if.is_reached(count, total)

    def is_error(self, count: int, total: int) -> bool:
        return self.exceeded(count, total) if self.error_if is None else self.error_if.is_reached(count, total)

    def __str__(self) -> str:
        return super().__str__() if self.error_if is None else f"error_if: {self.error_if}"


@dataclass(frozen=True)
class RunBudget:
    """How much one run of a sync may send; None: no limit. Requests include retries and lookups of rows."""

    max_rows_per_run: int | None = None
    max_requests: int | None = None


@dataclass(frozen=True)
class Incremental:
    """How a model that is too large to compare each time is compared: by a column that grows when a row changes.

    `overlap` is how far below the highest known value a quick comparison begins: seconds, or a whole number for a
    column of whole numbers; None: the default. `full_every` is the most seconds between two full comparisons.
    """

    column: str
    overlap: float | None = None
    full_every: float = 86_400.0


@dataclass(frozen=True)
class Sync:
    """One definition.

    - `identifiers` maps the definition's key (`email`, `item_id`, …) to a column.
    - `primary_key` is empty if the identifier is the key.
    - `fields` is None if every other column is sent. `hidden` are columns that are never sent.
      `left_out` are new columns that the definition wants left out.
    - `key_fields` are fields that come from keys of the definition, such as `event_name`.
    - `scope` names what the rows belong to in the destination, such as a catalog. A sync snapshot covers only that.
      `creates_scope`: the first run creates it, if it does not exist.
    - `entry` is the typed definition of its object.
    - `guards` are the settings of guards by name; False turns a guard off.
    - `sends_changed_fields`: a changed row carries only its changed fields, not all of them.
    - `incremental` says when only recent rows are compared; None: every run compares all rows.
    - `first_run` says what the first run does: send, take the rows as accepted, or stop; None: the default.
    - `target` is dbt's target and `database` the model's; empty if unknown.
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
    left_out: tuple[str, ...] = ()
    on_removed: OnRemoved = "ignore"
    entry: Any = None
    creates_scope: bool = False
    guards: Mapping[str, Any] = field(default_factory=dict)
    reject_limit: OutcomeLimit = field(default_factory=OutcomeLimit)
    invalid_limit: OutcomeLimit | None = None
    budget: RunBudget = field(default_factory=RunBudget)
    sends_changed_fields: bool = False
    first_run: FirstRun | None = None
    incremental: Incremental | None = None
    target: str = ""
    database: str = ""

    @property
    def selector(self) -> str:
        """Return the model as dbt selects it: its name, and its version if it has one."""
        return self.unique_id.split(".", 2)[-1]

    def named_columns(self) -> tuple[str, ...]:
        """Return the columns that the definition names, in its order, each once."""
        columns = [*self.identifiers.values(), *self.primary_key]
        columns += [item.column for item in (*self.key_fields, *(self.fields or ())) if item.column is not None]
        return tuple(dict.fromkeys(columns))

    def with_fields(self, fields: tuple[Field, ...]) -> Sync:
        """Return the same sync with this list of fields."""
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
    """How columns become the identity of a row in the destination, and which texts are refused.

    - Several columns become one JSON array.
    - `lowered`: letter case and outer blanks do not matter.
    - `pattern` is a regular expression for the whole text, in the syntax that all warehouses share; empty: any text.
    - `never` are texts that match the pattern and are refused.
    - `code` and `reason` say why a row is held.
    - `otherwise` identifies rows whose columns are empty. Such an identity begins with the mark of that rule, which no
      pattern of the first rule matches.
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
        """Return the start of each identity that comes from this rule as an `otherwise`: `email → `."""
        return f"{self.key} → "


@dataclass(frozen=True, slots=True)
class PersonColumn:
    """Where the tables of reverse-etl hold the person of a row. `key` names the identifier, such as `email`.

    `label` names a field. If it is empty, the person is in the identity; with a `mark`, only in identities that begin
    with it.
    `lowered`: letter case and blanks around the identifier do not matter.
    """

    key: str
    label: str = ""
    mark: str = ""
    lowered: bool = False


@dataclass(frozen=True, slots=True)
class RowOrder:
    """The order in which a run sends its rows: by user, then by fields, then by identity.

    The user of a row is the first of the fields `users` that it has. Both name fields by label; empty ones are left
    out.
    """

    users: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


ANY_ORDER = RowOrder()


@dataclass(frozen=True, slots=True)
class Requirement:
    """A condition for a row to be sent: one of `fields`, by label, is present and not empty.

    With a `pattern`, a value must match it, and a row without a value passes. If the field `unless` has a value, the
    requirement does not apply.
    """

    fields: tuple[str, ...]
    code: str
    reason: str
    pattern: str = ""
    never: tuple[str, ...] = ()
    unless: str = ""
