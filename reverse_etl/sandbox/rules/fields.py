"""Types of fields: the first value fixes one, later values must fit it. Knows no user, no event and no identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.counting import plural
from reverse_etl.sandbox.http.replies import Refusal, refusal
from reverse_etl.sandbox.rules.dates import stored_date

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

MAX_CHARACTERS: Final = 32_000
# Not documented; far deeper than any profile, and it bounds the recursion.
MAX_DEPTH: Final = 20

MANAGED: Final[Mapping[str, str]] = {
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

_AS_IS: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "long": (int,),
    "double": (int, float),
    "boolean": (bool,),
}
_DROPPED: Final = object()

Fields = dict[str, Any]


@dataclass(frozen=True)
class Admitted:
    """One request's dataFields, row by row as they are to be stored; None is a row with a value no field can hold."""

    rows: list[Fields | None]
    created: list[str]
    filtered_out: list[str]


class FieldTypes:
    """Dotted path to type, for every user profile field that the project has seen."""

    def __init__(self, project_id: int, limit: int) -> None:
        self.types: dict[str, str] = dict(MANAGED)
        self._project_id = project_id
        self._limit = limit

    @property
    def custom(self) -> dict[str, str]:
        """The fields that count against the limit: those Iterable does not manage itself."""
        return {path: kind for path, kind in self.types.items() if path not in MANAGED}

    def admit(self, rows: Iterable[Fields], *, create: bool) -> Admitted:
        """Check every row against the types, learn the new ones, and give the rows as stored.

        Raises the whole request's refusal, and learns nothing, when any value clashes or the fields would be too many.
        """
        admission = Admission(self.types, MANAGED)
        admitted = [admission.row(fields, create=create) for fields in rows]
        created = list(admission.learned)
        if admission.clashes:
            raise mismatch(self._project_id, "user", admission.clashes)
        total = len(self.types) - len(MANAGED) + len(created)
        if created and total > self._limit:
            raise too_many_fields(self._project_id, self._limit, total, created)
        self.types.update(admission.learned)
        return Admitted(admitted, created, list(admission.filtered_out))


def mismatch(project_id: int, category: str, clashes: Mapping[str, Clash]) -> Refusal:
    """The refusal of a request whose values clash with the types of their fields, named by path."""
    told = " ".join(
        f"Field '{path}' already exists for type '{category}' and has a data type of '{clash.expected}' "
        f"but possible types '{', '.join(clash.possible)}' in the request."
        for path, clash in clashes.items()
    )
    message = (
        f"Project {project_id}: The request does not have the same data types as the data previously submitted. {told}"
    )
    details = {path: clash.detail(category) for path, clash in clashes.items()}
    return refusal(400, "RequestFieldsTypesMismatched", message, {"validationErrors": details})


def too_many_fields(project_id: int, limit: int, total: int, created: list[str]) -> Refusal:
    message = f"Project {project_id}: the request would exceed the limit of {plural(limit, 'unique field')}."
    params = {"limit": limit, "requestedTotal": total, "newFields": created}
    return refusal(400, "UniqueFieldsLimitExceeded", message, params)


@dataclass(frozen=True)
class Clash:
    """A value that its field cannot hold: the field's type, and the types that the value may have."""

    expected: str
    possible: tuple[str, ...]
    value: Any

    def detail(self, category: str) -> dict[str, Any]:
        return {
            "incomingTypes": list(self.possible),
            "expectedType": self.expected,
            "category": category,
            "offendingValue": self.value,
            "_type": "UnexpectedType",
        }


class Admission:
    """One pass of a request over known types; what it has `learned` is for the caller to keep, if nothing clashes.

    A clash in an object that Iterable manages is no fault of the request: the row alone is unfit.
    """

    def __init__(self, known: Mapping[str, str], managed: Collection[str] = ()) -> None:
        self.learned: dict[str, str] = {}
        self.filtered_out: dict[str, None] = {}
        self.clashes: dict[str, Clash] = {}
        self._known = known
        self._managed = managed
        self._create = True
        self._unfit = False

    def row(self, fields: Fields, *, create: bool) -> Fields | None:
        """The fields as stored: the same object unless a value had to change. None: a value that no field can hold."""
        self._create, self._unfit = create, False
        stored, known = fields, self._known
        for name, value in fields.items():
            # Nearly every value ends here: a known field and a type that needs no change.
            if type(value) in _AS_IS.get(known.get(name, ""), ()):
                if type(value) is str and len(value) > MAX_CHARACTERS:
                    self._unfit = True
                continue
            settled = self._settle(name, value)
            if settled is not value:
                stored = _with(dict(fields) if stored is fields else stored, name, settled)
        return None if self._unfit else stored

    def _type(self, path: str) -> str | None:
        return self._known.get(path) or self.learned.get(path)

    def _settle(self, path: str, value: Any) -> Any:
        """The value as stored, or _DROPPED."""
        if value is None:
            return None
        if not self._create and self._type(path) is None:
            self.filtered_out[path] = None
            return _DROPPED
        if type(value) is not list:
            return self._settle_one(path, value)
        self._unfit = self._unfit or any(type(item) is list for item in value)
        return [self._settle_one(path, item) if type(item) not in {list, type(None)} else item for item in value]

    def _settle_one(self, path: str, value: Any) -> Any:
        possible = possible_types(path, value)
        expected = self._type(path) or self.learned.setdefault(path, possible[0])
        if expected not in possible:
            return self._clash(path, value, expected, possible)
        if expected == "date":
            return stored_date(value)
        if expected == "object":
            return self._members(path, value)
        if type(value) is str and len(value) > MAX_CHARACTERS:
            self._unfit = True
        return value

    def _members(self, path: str, value: Fields) -> Fields:
        if path.count(".") >= MAX_DEPTH:
            self._unfit = True
            return value
        settled = {name: self._settle(f"{path}.{name}", member) for name, member in value.items()}
        return {name: member for name, member in settled.items() if member is not _DROPPED}

    def _clash(self, path: str, value: Any, expected: str, possible: tuple[str, ...]) -> Any:
        if expected == "object" and path in self._managed:
            self._unfit = True
        else:
            self.clashes.setdefault(path, Clash(expected, possible, value))
        return value


def without_nulls(value: Any) -> Any:
    """The value without null members of objects: a null stands for nothing to store."""
    if type(value) is dict:
        return {name: without_nulls(member) for name, member in value.items() if member is not None}
    return value


def possible_types(path: str, value: Any) -> tuple[str, ...]:
    """The types a value may have, the one it is given at first sight in front."""
    if type(value) is str:
        return ("date", "string", "keyword") if stored_date(value) else ("string", "keyword")
    if type(value) is dict:
        return ("geo_location", "object") if path.endswith("_geo_location") and _is_place(value) else ("object",)
    if type(value) is bool:
        return ("boolean",)
    return ("long", "double") if type(value) is int else ("double",)


def _is_place(value: Fields) -> bool:
    return value.keys() == {"lat", "lon"} and all(type(number) in {int, float} for number in value.values())


def _with(fields: Fields, name: str, settled: Any) -> Fields:
    if settled is _DROPPED:
        del fields[name]
    else:
        fields[name] = settled
    return fields
