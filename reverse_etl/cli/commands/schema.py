"""`schema`: what a `reverse_etl` entry may say, for editors and checkers."""

from __future__ import annotations

from reverse_etl.cli.session import Session


def schema(session: Session) -> None:
    """Print the JSON Schema of a definition. That is the `reverse_etl` entry in a model's meta."""
    from reverse_etl.definition.json_schema import json_schema
    from reverse_etl.destinations.iterable import entries

    session.console.json(json_schema(entries()), indent=2)
