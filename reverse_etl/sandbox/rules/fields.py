"""Types of user fields. The first value sets the type of a field, and later values must fit it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.plurals import pluralize
from reverse_etl.sandbox.replies import ApiRefusal
from reverse_etl.sandbox.rules.dates import normalize_date

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

MAX_CHARACTERS: Final = 32_000
# Not documented. Far deeper than any profile, and it limits the recursion.
MAX_DEPTH: Final = 20

MANAGED_FIELDS: Final[Mapping[str, str]] = {
    "email": "string",
    "userId": "string",
    "signupDate": "date",
    "signupSource": "string",
    "profileUpdatedAt": "date",
    "itblInternal": "object",
    "itblInternal.documentCreatedAt": "date",
    "itblInternal.documentUpdatedAt": "date",
    "itblInternal.emailDomain": "string",
    "itblDS": "object",
    "itblUserId": "string",
    "devices": "object",
    "shoppingCartItems": "object",
    "phoneNumberDetails": "object",
    "emailListIds": "long",
    "userListIds": "long",
    "subscribedMessageTypeIds": "long",
    "unsubscribedChannelIds": "long",
    "unsubscribedMessageTypeIds": "long",
    "receivedSMSDisclaimer": "boolean",
}

_STORED_UNCHANGED: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "long": (int,),
    "double": (int, float),
    "boolean": (bool,),
}
_DROPPED: Final = object()

Fields = dict[str, Any]


@dataclass(frozen=True)
class AdmittedRows:
    """The dataFields of one request as they are stored, row by row. None: the row has a value no field can hold."""

    rows: list[Fields | None]
    created_fields: list[str]
    filtered_out_fields: list[str]


class FieldTypes:
    """Dotted path to type, for every user profile field of the project."""

    def __init__(self, project_id: int, limit: int) -> None:
        self.types: dict[str, str] = dict(MANAGED_FIELDS)
        self._project_id = project_id
        self._limit = limit

    @property
    def custom(self) -> dict[str, str]:
        """Return the fields that count against the limit: all that Iterable does not manage itself."""
        return {path: type_ for path, type_ in self.types.items() if path not in MANAGED_FIELDS}

    def admit_rows(self, rows: Iterable[Fields], *, create: bool) -> AdmittedRows:
        """Check every row against the types, learn the types of new fields, and return the rows as stored.

        If a value clashes or the fields would be too many, nothing is learned and the whole request is refused.
        """
        admission = Admission(self.types, MANAGED_FIELDS)
        admitted = [admission.admit_row(fields, create=create) for fields in rows]
        created = list(admission.new_types)
        if admission.clashes:
            raise TypeMismatch(self._project_id, "user", admission.clashes)
        total = len(self.types) - len(MANAGED_FIELDS) + len(created)
        if created and total > self._limit:
            raise TooManyFields(self._project_id, self._limit, total, created)
        self.types.update(admission.new_types)
        return AdmittedRows(admitted, created, list(admission.filtered_out_fields))


class TypeMismatch(ApiRefusal):
    """Refuses a request whose values clash with the types of their fields. It names every field by its path."""

    def __init__(self, project_id: int, category: str, clashes: Mapping[str, Clash]) -> None:
        clash_texts = " ".join(
            f"Field '{path}' already exists for type '{category}' and has a data type of '{clash.expected}' "
            f"but possible types '{', '.join(clash.possible)}' in the request."
            for path, clash in clashes.items()
        )
        message = (
            f"Project {project_id}: The request does not have the same data types as the data previously submitted. "
            f"{clash_texts}"
        )
        details = {path: clash.to_api(category) for path, clash in clashes.items()}
        super().__init__(400, "RequestFieldsTypesMismatched", message, {"validationErrors": details})


class TooManyFields(ApiRefusal):
    """Refuses a request that would exceed a limit of fields."""

    def __init__(self, project_id: int, limit: int, total: int, new_fields: list[str]) -> None:
        message = f"Project {project_id}: the request would exceed the limit of {pluralize(limit, 'unique field')}."
        params = {"limit": limit, "requestedTotal": total, "newFields": new_fields}
        super().__init__(400, "UniqueFieldsLimitExceeded", message, params)


@dataclass(frozen=True)
class Clash:
    """A value that its field cannot hold: the type of the field, and the types that fit the value."""

    expected: str
    possible: tuple[str, ...]
    value: Any

    def to_api(self, category: str) -> dict[str, Any]:
        """Return the clash as the refusal shows it."""
        return {
            "incomingTypes": list(self.possible),
            "expectedType": self.expected,
            "category": category,
            "offendingValue": self.value,
            "_type": "UnexpectedType",
        }


class Admission:
    """One pass of a request over known types. If nothing clashes, the caller stores the `new_types`.

    A clash in an object that Iterable manages makes only its row invalid, not the request.
    """

    def __init__(self, types: Mapping[str, str], managed: Collection[str] = ()) -> None:
        self.new_types: dict[str, str] = {}
        self.filtered_out_fields: dict[str, None] = {}
        self.clashes: dict[str, Clash] = {}
        self._types = types
        self._managed = managed
        self._create = True
        self._is_invalid = False

    def admit_row(self, fields: Fields, *, create: bool) -> Fields | None:
        """Return the fields as stored: the same object if no value changes. None if no field can hold a value."""
        self._create, self._is_invalid = create, False
        stored, types = fields, self._types
        for name, value in fields.items():
            # Nearly every value ends here: a known field and a type that needs no change.
            if type(value) in _STORED_UNCHANGED.get(types.get(name, ""), ()):
                if type(value) is str and len(value) > MAX_CHARACTERS:
                    self._is_invalid = True
                continue
            stored_value = self._store_value(name, value)
            if stored_value is not value:
                stored = _set_field(dict(fields) if stored is fields else stored, name, stored_value)
        return None if self._is_invalid else stored

    def _find_type(self, path: str) -> str | None:
        return self._types.get(path) or self.new_types.get(path)

    def _store_value(self, path: str, value: Any) -> Any:
        """Return the value as stored, or _DROPPED."""
        if value is None:
            return None
        if not self._create and self._find_type(path) is None:
            self.filtered_out_fields[path] = None
            return _DROPPED
        if type(value) is not list:
            return self._store_single(path, value)
        self._is_invalid = self._is_invalid or any(type(item) is list for item in value)
        return [self._store_single(path, item) if type(item) not in {list, type(None)} else item for item in value]

    def _store_single(self, path: str, value: Any) -> Any:
        possible = list_possible_types(path, value)
        expected = self._find_type(path) or self.new_types.setdefault(path, possible[0])
        if expected not in possible:
            return self._add_clash(path, value, expected, possible)
        if expected == "date":
            return normalize_date(value)
        if expected == "object":
            return self._store_members(path, value)
        if type(value) is str and len(value) > MAX_CHARACTERS:
            self._is_invalid = True
        return value

    def _store_members(self, path: str, value: Fields) -> Fields:
        if path.count(".") >= MAX_DEPTH:
            self._is_invalid = True
            return value
        members = {name: self._store_value(f"{path}.{name}", member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member is not _DROPPED}

    def _add_clash(self, path: str, value: Any, expected: str, possible: tuple[str, ...]) -> Any:
        if expected == "object" and path in self._managed:
            self._is_invalid = True
        else:
            self.clashes.setdefault(path, Clash(expected, possible, value))
        return value


def drop_nulls(value: Any) -> Any:
    """Return the value without the null members of its objects. Iterable does not store them."""
    if type(value) is dict:
        return {name: drop_nulls(member) for name, member in value.items() if member is not None}
    return value


def list_possible_types(path: str, value: Any) -> tuple[str, ...]:
    """Return the types that fit a value. A new field gets the first one."""
    if type(value) is str:
        return ("date", "string", "keyword") if normalize_date(value) else ("string", "keyword")
    if type(value) is dict:
        is_location = path.endswith("_geo_location") and _is_geo_location(value)
        return ("geo_location", "object") if is_location else ("object",)
    if type(value) is bool:
        return ("boolean",)
    return ("long", "double") if type(value) is int else ("double",)


def _is_geo_location(value: Fields) -> bool:
    return value.keys() == {"lat", "lon"} and all(type(number) in {int, float} for number in value.values())


def _set_field(fields: Fields, name: str, value: Any) -> Fields:
    if value is _DROPPED:
        del fields[name]
    else:
        fields[name] = value
    return fields
