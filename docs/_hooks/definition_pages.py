"""The page of definition keys, from the same models that check a definition and make its JSON Schema."""

from __future__ import annotations

import json
from typing import Any

from markdown_pieces import code, table

from reverse_etl.destinations.iterable import entries

_INTRO = """# Keys of a definition

A definition stands under `config: meta: reverse_etl:` of a model, seed or snapshot: one entry, or a list of entries.
`reverse-etl schema` prints the JSON Schema for your editor. Each object has [a page of its own](../objects/users.md)
with examples.

"""


def definition_page() -> str:
    """Return the keys of every object, with defaults and allowed values."""
    return _INTRO + "\n".join(_section(name, entry.model_json_schema()) for name, entry in entries().items())


def _section(name: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = [_row(key, one, required=key in required) for key, one in schema["properties"].items()]
    about = schema.get("description", "")
    return f"## `{name}`\n\n{about}\n\n" + table(("Key", "Default", "Allowed", "Meaning"), rows)


def _row(key: str, schema: dict[str, Any], *, required: bool) -> tuple[str, str, str, str]:
    default = "required" if required else _default(schema)
    return code(key), default, _allowed(schema), schema.get("description", "")


def _default(schema: dict[str, Any]) -> str:
    value = schema.get("default")
    return "" if value in (None, [], {}) else code(json.dumps(value).strip('"'))


def _allowed(schema: dict[str, Any]) -> str:
    if "const" in schema:
        return code(schema["const"])
    if "enum" in schema:
        return ", ".join(code(word) for word in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(text for one in schema["anyOf"] if (text := _allowed(one))))
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[-1].removesuffix("Entry").lower() + ", see the JSON Schema"
    kinds = {"null": "", "string": "text", "boolean": "`true`, `false`", "integer": "whole number", "object": "mapping"}
    return kinds.get(schema.get("type", ""), schema.get("type", ""))
