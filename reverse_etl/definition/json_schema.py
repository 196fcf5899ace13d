"""The JSON Schema of what stands under `reverse_etl` in a model's meta."""

from __future__ import annotations

from reverse_etl.definition.entry import Entries
from reverse_etl.definition.switches import ENABLED


def json_schema(entries: Entries) -> dict[str, object]:
    """Return the JSON Schema of what stands under `reverse_etl` in a model's meta."""
    parts = [entry.model_json_schema() for entry in entries.values()]
    # References are always looked up from the root of a schema.
    shared = {name: part for entry in parts for name, part in entry.pop("$defs", {}).items()}
    one: object = parts[0] if len(parts) == 1 else {"oneOf": parts}
    off = {"type": "object", "properties": {ENABLED: {"const": False}}, "required": [ENABLED]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": shared,
        "title": "reverse_etl",
        "description": "The entry under `meta` of a dbt model: one definition or a list of them.",
        "anyOf": [one, {"type": "array", "minItems": 1, "items": {"anyOf": [one, off]}}, off, {"const": False}],
    }
