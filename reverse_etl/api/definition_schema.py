"""The JSON Schema of definitions, for editors."""

from __future__ import annotations

from collections.abc import Mapping


def definition_schema() -> Mapping[str, object]:
    """Return the JSON Schema of a definition, which is the `reverse_etl` entry in a model's `meta`."""
    from reverse_etl.definition.json_schema import json_schema
    from reverse_etl.destinations import DEFAULT, load_destination

    return json_schema(load_destination(DEFAULT).entries())
