"""`schema`: what a `reverse_etl` entry may say, for editors and checkers."""

from __future__ import annotations

from reverse_etl.cli.command import Session


def schema(session: Session) -> None:
    """Print the JSON Schema of a definition. That is the `reverse_etl` entry in a model's meta."""
    from reverse_etl.api.definition_schema import definition_schema

    session.console.json(definition_schema(), indent=2)
