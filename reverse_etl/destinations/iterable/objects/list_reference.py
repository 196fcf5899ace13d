"""How a definition names a list: by id or by name."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, SkipValidation, WithJsonSchema
from pydantic_core import PydanticCustomError

from reverse_etl.destinations.iterable.resources.list_lookup import ListKey


def _read_list(value: object) -> object:
    """Return `{"id": 123}` or `{"name": "VIP"}`."""
    if isinstance(value, dict) and len(value) == 1:
        [(key, said)] = value.items()
        if key == "id" and type(said) is int and said > 0:
            return ListKey(id=said)
        if key == "name" and isinstance(said, str) and said:
            return ListKey(name=said)
    raise PydanticCustomError("list", "{id: 123} or {name: VIP}")


_SCHEMA = {
    "anyOf": [
        {
            "type": "object",
            "properties": {key: {**kind, "description": f"the {key} of a static list"}},
            "required": [key],
            "additionalProperties": False,
        }
        for key, kind in (("id", {"type": "integer", "minimum": 1}), ("name", {"type": "string", "minLength": 1}))
    ]
}
ListOfIterable = Annotated[ListKey, SkipValidation, BeforeValidator(_read_list), WithJsonSchema(_SCHEMA)]
