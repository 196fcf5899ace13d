"""What statements cost: gathered by sync, step and kind of statement, with only the warehouse's own time."""

from __future__ import annotations

import pyarrow as pa
import pytest

from reverse_etl.cost import Cost, total
from reverse_etl.warehouses.mark import Mark
from reverse_etl.warehouses.statement_meter import StatementMeter, describe_statement

LOOK, SEND = Mark("a1", "users", "look"), Mark("a1", "users", "send")


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def passes(self, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def meter(clock):
    return StatementMeter(clock)


def test_statements_that_differ_in_numbers_alone_are_told_together(meter, clock):
    for start in range(0, 3000, 1000):
        with meter.statement(
            SEND, f'SELECT a FROM "s"."plan__7" WHERE n >= {start} AND n < {start + 1000}'
        ) as statement:
            clock.passes(0.5)
            statement.rows_read = 10
    with meter.statement(SEND, 'UPDATE "s"."lease" SET a = ?') as statement:
        statement.rows_written = 1
    with meter.statement(LOOK, 'UPDATE "s"."lease" SET a = ?'):
        pass
    found = [(one.step, one.statement, one.cost) for one in meter.costs("users")]
    assert found == [
        ("send", "SELECT plan__7", Cost(3, 30, 0, 1.5)),
        ("send", "UPDATE lease", Cost(1, 0, 1)),
        ("look", "UPDATE lease", Cost(1)),
    ]


def test_each_sync_has_its_own(meter):
    for sync in ("users", "orders", "users"):
        with meter.statement(Mark("a1", sync, "look"), "SELECT 1"):
            pass
    assert [total(one.cost for one in meter.costs(name)).statements for name in ("users", "orders", "x")] == [
        2,
        1,
        0,
    ]


def test_a_statement_that_fails_counts(meter, clock):
    def refused():
        with meter.statement(LOOK, "SELECT 1"):
            clock.passes(2)
            raise ValueError("refused")

    with pytest.raises(ValueError, match="refused"):
        refused()
    assert meter.costs("users")[0].cost == Cost(1, seconds=2)


@pytest.mark.parametrize("taken", [1, 3])
def test_time_between_batches_is_not_the_warehouses(meter, clock, taken):
    closed = []

    def batches():
        try:
            for _ in range(3):
                clock.passes(1)
                yield pa.record_batch({"a": [1, 2]})
        finally:
            closed.append(True)

    def streamed():
        with meter.statement(LOOK, "SELECT 1") as statement:
            yield from statement.following(batches())

    stream = streamed()
    for _ in range(taken):
        assert next(stream).num_rows == 2
        clock.passes(60)
    stream.close()
    assert closed == [True]
    assert meter.costs("users")[0].cost == Cost(1, rows_read=2 * taken, seconds=taken)


def test_what_is_told_later_takes_the_place_of_the_time_that_was_waited(meter, clock):
    for number in ("one", "two", ""):
        with meter.statement(LOOK, "SELECT 1") as statement:
            clock.passes(1)
            statement.number = number
    assert meter.waits
    meter.tell("one", 0.25, Cost(bytes_processed=100, credits=0.5))
    meter.tell("a stranger", 9, Cost(bytes_processed=9))
    assert meter.costs("users")[0].cost == Cost(3, seconds=2.25, bytes_processed=100, credits=0.5)
    meter.forget()
    assert not meter.waits


def test_what_one_statement_tells_and_another_does_not_is_what_is_known_of_both():
    told = Cost(1, 2, 3, 4.0, 5, 6, 7.0)
    assert total([told, Cost(1), told]) == Cost(3, 4, 6, 8.0, 10, 12, 14.0)
    assert total([]) == Cost()


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT 1", "SELECT"),
        ("WITH a AS (SELECT 'TABLE x.y' FROM `p`.`d`.`users`) SELECT 1", "WITH users"),
        ('MERGE INTO "db"."reverse_etl"."snapshot__users" AS s USING', "MERGE INTO snapshot__users"),
        ("CREATE TABLE IF NOT EXISTS `p`.`d`.`lease` (a INT64)", "CREATE TABLE IF NOT EXISTS lease"),
        ('CREATE TRANSIENT TABLE "DB".REVERSE_ETL."plan" AS', "CREATE TRANSIENT TABLE plan"),
        ('DELETE FROM s.t WHERE a = "x"."y"', "DELETE FROM t"),
        ("COMMIT", "COMMIT"),
        ("", ""),
    ],
)
def test_a_statement_is_described_by_its_words_and_its_table(sql, said):
    assert describe_statement(sql) == said
