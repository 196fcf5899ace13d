"""How many requests a plan takes, and how long."""

from __future__ import annotations

from dataclasses import replace

from reverse_etl.destinations.iterable.objects.users import BulkUpdate, DeleteUser
from reverse_etl.destinations.iterable.resources.user_lookup import UserExists
from reverse_etl.destinations.operation import Operations
from reverse_etl.run.planning.estimate import Estimate, estimate
from reverse_etl.settings import Settings

WRITE = BulkUpdate("email")
SETTINGS = Settings()


def test_bulk_requests_at_five_a_second() -> None:
    assert estimate(Operations(WRITE), SETTINGS, 1_000_001, 0) == Estimate(1001, 200.2)
    assert estimate(Operations(WRITE), SETTINGS, 0, 0) == Estimate(0, 0)


def test_lookups_and_deletes_are_one_a_row_at_a_hundred_a_second() -> None:
    operations = Operations(WRITE, DeleteUser("email"), UserExists("email"))
    assert estimate(operations, SETTINGS, 1000, 300) == Estimate(1 + 1000 + 300, 0.2 + 10 + 3)


def test_clearing_goes_in_bulk_and_settings_count() -> None:
    slow = Settings(requests_per_second=1, batch_rows=10)
    assert estimate(Operations(WRITE, WRITE), slow, 15, 25) == Estimate(5, 5)


def test_a_limit_per_day_is_waited_for_by_the_day() -> None:
    limited = replace(DeleteUser("email"), endpoint=replace(DeleteUser("email").endpoint, per_second=3, per_day=1000))
    seconds = [estimate(Operations(limited), SETTINGS, rows, 0).seconds for rows in (999, 1000, 1003, 2003)]
    assert seconds == [333, 333.333, 86_401, 2 * 86_400 + 1]
