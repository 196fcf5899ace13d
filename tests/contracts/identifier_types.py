"""The warehouse contract: each type as the identifier of each object: sent as text, held back by row, or refused."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from reverse_etl.definition.definition_reader import TaggedModel, read_definitions
from reverse_etl.destinations.iterable import OBJECTS, entries
from reverse_etl.destinations.iterable.config import IterableConfig
from reverse_etl.run.runnable_sync import resolve_syncs
from reverse_etl.secret import Secret
from reverse_etl.snapshot.sql.identifier_text import UNFIT
from reverse_etl.snapshot.sql.row_checks import reason
from tests.contracts.sync_harness import MODEL_SCHEMA, SyncHarness

TESTS = Path(__file__).parents[1]
REFUSED = "refused"
HELD = "held"


def identifier_uses(name: str) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Definitions of an object, from its test file: `COLUMN` stands in the place of an identifier."""
    [path] = (TESTS / "destinations" / "iterable").rglob(f"test_{name}.py")
    module = importlib.import_module(".".join(path.relative_to(TESTS.parent).with_suffix("").parts))
    uses: Sequence[tuple[str, Mapping[str, Any]]] = module.IDENTIFIER_USES
    return uses


USES = [use for name in OBJECTS for use in identifier_uses(name)]
IDS = [f"{use['object']}-{next(key for key, value in use.items() if value == 'COLUMN')}-{kind}" for kind, use in USES]


class IdentifierTypesContract:
    """`IDENTIFIERS` are values in the warehouse's words, each with the text that is sent, HELD, or REFUSED.

    A NULL is none in every object. `LINES` are the items of an order.
    """

    IDENTIFIERS: ClassVar[Mapping[str, tuple[str, str | None]]]
    LINES: ClassVar[str] = "'[]'"

    @pytest.fixture
    def typed_model(self, harness) -> SyncHarness:
        quote = harness.warehouse.dialect.quote
        values = [f"{value} AS {quote(name)}" for name, (value, _) in self.IDENTIFIERS.items()]
        harness.builder.create_schema(MODEL_SCHEMA)
        rest = f"'x' AS {quote('other')}, {self.LINES} AS {quote('lines')}"
        harness.builder.execute(f"CREATE TABLE {harness.relation} AS SELECT {', '.join(values)}, {rest}")
        return harness

    def test_every_object_is_among_them(self) -> None:
        assert {use["object"] for _, use in USES} == set(OBJECTS)
        assert all("COLUMN" in use.values() for _, use in USES)

    @pytest.mark.parametrize(("project", "use"), USES, ids=IDS)
    def test_each_type_in_the_place_of_an_identifier(self, typed_model, project, use):
        found = {name: self.found(typed_model, project, use, name) for name in self.IDENTIFIERS}
        assert found == {name: expected for name, (_, expected) in self.IDENTIFIERS.items()}

    def found(self, harness: SyncHarness, project: str, use: Mapping[str, Any], column: str) -> str | None:
        definition = {key: column if value == "COLUMN" else value for key, value in use.items()}
        model = TaggedModel("users", "model.shop.users", harness.relation, "users.yml")
        [sync], faults = read_definitions(model, definition, lambda _: entries())
        assert faults == []
        destination = IterableConfig("iterable", "http://127.0.0.1:1", project, Secret("sandbox-x"))
        dialect = harness.warehouse.dialect
        made, errors = resolve_syncs([sync], lambda _name: destination, harness.warehouse, lambda _sync: None)
        if not made:
            assert [(error.code, column in str(error.context["found"])) for error in errors[sync.name]] == [
                ("identifier-type", True)
            ]
            return REFUSED
        layout = made[0].layout
        own = [value for value in layout.values if value.column is not None and value.column.name == column]
        name = "identity" if column in layout.rule.columns else own[0].name
        columns = ", ".join(
            [f"{layout.identity} AS identity", *(f"{one.expression} AS {one.name}" for one in layout.values)]
        )
        alone = (
            f"SELECT m.*, CAST(NULL AS {dialect.text_type}) AS nobody FROM (SELECT {columns} FROM {layout.relation}) m"
        )
        why = reason(dialect, layout).replace("i.identity", "m.nobody")
        [(value, held)] = harness.warehouse.query(f"SELECT {name}, {why} FROM ({alone}) m")
        assert (held == UNFIT) == str(value).startswith("not an identifier: ")
        assert held != UNFIT or f"`{column}`" in layout.reasons()[UNFIT]
        return HELD if held == UNFIT else value
