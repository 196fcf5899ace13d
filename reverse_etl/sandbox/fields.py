"""The project's field types: the first value fixes a type, later ones must fit it. Knows no user and no identity."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.dates import stored_date
from reverse_etl.sandbox.replies import Refusal, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
        admission = _Admission(dict(self.types), create)
        admitted = [admission.row(fields) for fields in rows]
        if admission.clashes:
            raise self._mismatch(admission.clashes)
        self._check_limit(admission.created)
        self.types = admission.types
        return Admitted(admitted, admission.created, list(admission.filtered_out))

    def _check_limit(self, created: list[str]) -> None:
        total = len(self.types) - len(MANAGED) + len(created)
        if created and total > self._limit:
            message = f"Project {self._project_id}: the request would exceed the limit of {self._limit} unique fields."
            params = {"limit": self._limit, "requestedTotal": total, "newFields": created}
            raise refusal(400, "UniqueFieldsLimitExceeded", message, params)

    def _mismatch(self, clashes: Mapping[str, Mapping[str, Any]]) -> Refusal:
        told = " ".join(
            f"Field '{path}' already exists for type 'user' and has a data type of '{clash['expectedType']}' "
            f"but possible types '{', '.join(clash['incomingTypes'])}' in the request."
            for path, clash in clashes.items()
        )
        message = (
            f"Project {self._project_id}: The request does not have the same data types "
            f"as the data previously submitted. {told}"
        )
        return refusal(400, "RequestFieldsTypesMismatched", message, {"validationErrors": clashes})


@dataclass
class _Admission:
    """One pass over one request; its copy of the types becomes the project's only if nothing clashes."""

    types: dict[str, str]
    create: bool
    created: list[str] = field(default_factory=list)
    filtered_out: dict[str, None] = field(default_factory=dict)
    clashes: dict[str, dict[str, Any]] = field(default_factory=dict)
    unfit: bool = False

    def __post_init__(self) -> None:
        self._as_is = {path: _AS_IS[kind] for path, kind in self.types.items() if kind in _AS_IS}

    def row(self, fields: Fields) -> Fields | None:
        """The fields as stored: the same object unless a value had to change."""
        self.unfit = False
        stored, as_is = fields, self._as_is
        for name, value in fields.items():
            # Nearly every value ends here: a known field and a type that needs no change.
            if type(value) in as_is.get(name, ()):
                if type(value) is str and len(value) > MAX_CHARACTERS:
                    self.unfit = True
                continue
            settled = self._settle(name, value)
            if settled is not value:
                stored = _with(dict(fields) if stored is fields else stored, name, settled)
        return None if self.unfit else stored

    def _settle(self, path: str, value: Any) -> Any:
        """The value as stored, or _DROPPED."""
        if value is None:
            return None
        if path not in self.types and not self.create:
            self.filtered_out[path] = None
            return _DROPPED
        if type(value) is not list:
            return self._settle_one(path, value)
        self.unfit = self.unfit or any(type(item) is list for item in value)
        return [self._settle_one(path, item) if type(item) not in {list, type(None)} else item for item in value]

    def _settle_one(self, path: str, value: Any) -> Any:
        possible = possible_types(path, value)
        expected = self.types.get(path) or self._learn(path, possible[0])
        if expected not in possible:
            return self._clash(path, value, expected, possible)
        if expected == "date":
            return stored_date(value)
        if expected == "object":
            return self._members(path, value)
        if type(value) is str and len(value) > MAX_CHARACTERS:
            self.unfit = True
        return value

    def _members(self, path: str, value: Fields) -> Fields:
        if path.count(".") >= MAX_DEPTH:
            self.unfit = True
            return value
        settled = {name: self._settle(f"{path}.{name}", member) for name, member in value.items()}
        return {name: member for name, member in settled.items() if member is not _DROPPED}

    def _learn(self, path: str, kind: str) -> str:
        self.types[path] = kind
        self.created.append(path)
        if kind in _AS_IS:
            self._as_is[path] = _AS_IS[kind]
        return kind

    def _clash(self, path: str, value: Any, expected: str, possible: tuple[str, ...]) -> Any:
        if expected == "object" and path in MANAGED:
            self.unfit = True
            return value
        detail = {
            "incomingTypes": list(possible),
            "expectedType": expected,
            "category": "user",
            "offendingValue": value,
            "_type": "UnexpectedType",
        }
        self.clashes.setdefault(path, detail)
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
