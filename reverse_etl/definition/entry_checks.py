"""Checks one entry of `meta` and finds all its faults at once, even if its object is not known."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError

from reverse_etl.definition.faults import EntryLocation, translate_errors
from reverse_etl.definition.field_mapping import check_field_count, find_wrong_fields
from reverse_etl.documents import excess_of
from reverse_etl.errors import Fault, did_you_mean

EntryModel = TypeVar("EntryModel", bound=BaseModel)
_SIMILAR = 0.6


def check_entry(
    entry: object, location: EntryLocation, kinds: Mapping[str, type[EntryModel]]
) -> tuple[EntryModel | None, EntryModel | None, list[Fault]]:
    """Return the entry if it is valid, else its valid part, and every fault. `kinds` are the objects' entries."""
    if not isinstance(entry, dict):
        said = "a definition holds `key: value` pairs"
        return None, None, [location.fault("not-a-definition", said, found=entry, allowed="object, email, …")]
    reason = excess_of(entry)
    if reason:
        return None, None, [location.fault("definition-too-large", f"the definition {reason}")]
    many = check_field_count(entry.get("fields"), location)
    if many is not None:
        return None, None, [many]
    kind = entry.get("object")
    if not isinstance(kind, str) or kind not in kinds:
        return None, None, _without_object(entry, location, kinds)
    wrong = find_wrong_fields(entry.get("fields"), location) if "fields" in kinds[kind].model_fields else []
    try:
        return kinds[kind].model_validate(entry), None, wrong
    except ValidationError as error:
        return None, _sound_part(entry, error, kinds[kind]), [*wrong, *translate_errors(error, location, kinds[kind])]


def _sound_part(entry: Mapping[object, object], error: ValidationError, kind: type[EntryModel]) -> EntryModel | None:
    """Return the entry without its wrong keys, if that is valid: its other faults can then be found."""
    wrong = {detail["loc"][0] for detail in error.errors(include_url=False) if detail["loc"]}
    try:
        return kind.model_validate({key: value for key, value in entry.items() if key not in wrong})
    except ValidationError:
        return None


def _without_object(
    entry: dict[object, object], location: EntryLocation, kinds: Mapping[str, type[EntryModel]]
) -> list[Fault]:
    """Return the fault of the object, and other faults for the object that is probably meant."""
    kind = entry.get("object")
    faults = [location.wrong_word("object", kind, kinds)]
    meant = _meant(entry, kinds)
    if meant is not None:
        return [*faults, *check_entry({**entry, "object": meant}, location, kinds)[2]]
    # Without an object, only faults of every object that has these keys count.
    known = {name: len(entry.keys() & kinds[name].model_fields.keys()) for name in kinds}
    likely_kinds = [name for name in kinds if known[name] == max(known.values())]
    found = [check_entry({**entry, "object": name}, location, kinds)[2] for name in likely_kinds]
    common = set.intersection(*({_key(fault) for fault in some} for some in found))
    likely = max(found, key=lambda some: -len(some))
    return [*faults, *(_for_any(fault, entry, location, kinds) for fault in likely if _key(fault) in common)]


def _meant(entry: Mapping[object, object], kinds: Mapping[str, type[EntryModel]]) -> str | None:
    """Return the object that a misspelt word or key probably means."""
    keys = ["object", *difflib.get_close_matches("object", [key for key in entry if isinstance(key, str)])]
    words = [str(entry[key]) for key in keys if key in entry]
    near = (difflib.get_close_matches(word, kinds, 1, cutoff=_SIMILAR) for word in words)
    return next((found[0] for found in near if found), None)


def _for_any(
    fault: Fault, entry: Mapping[object, object], location: EntryLocation, kinds: Mapping[str, type[EntryModel]]
) -> Fault:
    """Return a fault whose nearest and allowed keys come from all objects."""
    path = str(fault.context["key"]).removeprefix(f"{location.key()}.")
    if path == "mode":
        words = {word for kind in kinds.values() for word in get_args(kind.model_fields["mode"].annotation)}
        return location.wrong_word("mode", entry.get("mode"), sorted(words))
    if fault.code == "unknown-key" and "." not in path:
        keys = dict.fromkeys(key for kind in kinds.values() for key in kind.model_fields)
        said = f"there is no key `{path}`{did_you_mean(path, keys)}"
        return location.fault("unknown-key", said, key=path, found=path, allowed=", ".join(keys))
    return fault


def _key(fault: Fault) -> tuple[str, str]:
    return fault.code, str(fault.context["key"])
