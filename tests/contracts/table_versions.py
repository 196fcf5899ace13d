"""The warehouse contract: the version of a table changes whenever its rows may have changed.

Fixtures are the adapter's. `builder` makes and edits the tables, as dbt would.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reverse_etl.change import RunResult
from reverse_etl.settings import Settings
from reverse_etl.warehouses import table_version
from tests.contracts.sync_harness import MODEL_SCHEMA, STATE_SCHEMA
from tests.reference_iterable import serve_reference
from tests.stories.running import run

META = {"object": "users", "email": "t", "fields": {"number": "n"}}
SETTINGS = Settings(state_schema=STATE_SCHEMA, requests_per_second=1000, user_pause=0)

EDITS = (
    "INSERT INTO {table} VALUES ('b', 2)",
    "UPDATE {table} SET n = 3 WHERE t = 'b'",
    "DELETE FROM {table} WHERE t = 'b'",
    "DROP TABLE {table}",
    "CREATE TABLE {table} AS SELECT 'a' AS t, 1 AS n",
)


def recording(call: Callable[..., Any], statements: list[str]) -> Callable[..., Any]:
    """The same call, whose statements are kept."""

    def recorded(sql: str, *rest: Any) -> Any:
        statements.append(sql)
        return call(sql, *rest)

    return recorded


def bytes_of(result: RunResult) -> int:
    return sum(one.cost.bytes_processed or 0 for one in result.spent)


class TableVersionsContract:
    """A warehouse whose tables have versions. `harness` has its builder."""

    def test_version_changes_with_every_change(self, harness):
        relation = self.made(harness)
        versions = [self.version(harness, relation)]
        assert self.version(harness, relation) == versions[0]
        for edit in EDITS:
            harness.builder.execute(edit.format(table=relation))
            if not edit.startswith("DROP"):
                versions.append(self.version(harness, relation))
        assert len(set(versions)) == len(versions) == len(EDITS)

    def test_version_is_not_that_of_another_table(self, harness):
        """Our own tables change in every run."""
        relation = self.made(harness)
        before = self.version(harness, relation)
        harness.warehouse.create_schema(MODEL_SCHEMA)
        other = harness.warehouse.table(MODEL_SCHEMA, "other")
        harness.warehouse.execute(f"CREATE TABLE {other} AS SELECT 1 AS n")
        assert self.version(harness, relation) == before

    def test_view_has_no_version(self, harness):
        relation = self.made(harness)
        view = relation.replace("versioned", "viewed").replace("VERSIONED", "VIEWED")
        harness.builder.execute(f"CREATE VIEW {view} AS SELECT * FROM {relation}")
        assert harness.warehouse.table_version(view) is None

    def test_table_that_just_changed_is_not_settled(self, harness):
        relation = self.made(harness)
        harness.warehouse.query("SELECT 1")
        assert not harness.warehouse.table_version(relation).is_settled

    def test_run_reads_no_row_of_an_unchanged_table(self, harness, monkeypatch):
        monkeypatch.setattr(table_version, "SETTLED_AFTER", 0.0)
        relation, warehouse, statements = self.made(harness, "ann@shop.com"), harness.warehouse, []
        for name in ("query", "execute", "batches"):
            monkeypatch.setattr(warehouse, name, recording(getattr(warehouse, name), statements))
        with serve_reference() as iterable:
            sent = run(warehouse, iterable.url, META, SETTINGS, relation=relation)
            assert sent.problem is None
            assert (sent.counts.accepted, sent.not_compared_since) == (1, "")
            statements.clear()
            skipped = run(warehouse, iterable.url, META, SETTINGS, relation=relation)
            assert iterable.number == 1
        assert skipped.not_compared_since
        reading = [sql for sql in statements if "versioned" in sql.lower()]
        assert [sql for sql in reading if not sql.startswith("DESCRIBE") and "INFORMATION_SCHEMA" not in sql] == []
        assert len(statements) <= 12
        # Costs are counted since the process began.
        assert bytes_of(skipped) - bytes_of(sent) <= bytes_of(sent) / 2

    def made(self, harness, text: str = "a") -> str:
        harness.builder.create_schema(MODEL_SCHEMA)
        relation: str = harness.warehouse.table(MODEL_SCHEMA, "versioned")
        d = harness.warehouse.dialect
        harness.builder.execute(f"CREATE TABLE {relation} (t {d.text_type}, n {d.integer_type})")
        harness.builder.execute(f"INSERT INTO {relation} VALUES ('{text}', 1)")
        return relation

    def version(self, harness, relation: str) -> str:
        found = harness.warehouse.table_version(relation)
        assert found is not None
        return str(found.text)
