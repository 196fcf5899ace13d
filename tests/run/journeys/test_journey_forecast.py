"""What rows may start, and the sentences about it, by the documented rules of entry events."""

from __future__ import annotations

from reverse_etl.destinations.iterable.resources.journeys import (
    LIST_ADD,
    NEW_USER,
    PROFILE_UPDATE,
    PURCHASE,
    custom_event,
    custom_events_by,
)
from reverse_etl.destinations.journeys import Journey, JourneyEvent, JourneyList
from reverse_etl.report.plan_parts.journeys import journey_sentences
from reverse_etl.run.journeys.journey_forecast import JourneyForecast, RowsToSend, forecast_journeys
from reverse_etl.run.planning.value_counts import ValueCounts

WIN_BACK = Journey("1", "Win back", ("Order Placed",), 1)
THANKS = Journey("2", "Thanks", ("purchase",))
SILENT = Journey("3", "Silent")
WELCOME = Journey("4", "Welcome", ("emailSubscribe", "userCreated"), None, 1)


def forecast(journeys: tuple[Journey, ...], *events: JourneyEvent, **rows: object) -> JourneyForecast:
    return forecast_journeys(JourneyList(journeys), events, RowsToSend(**rows))  # type: ignore[arg-type]


def test_custom_events_start_only_journeys_that_name_them() -> None:
    found = forecast((WIN_BACK, SILENT, THANKS), custom_event("Order Placed"), written=412)
    assert journey_sentences(found) == [
        "412 events `Order Placed` enter the enabled journey 'Win back' (limits: 1 per user)"
    ]
    assert (found.rows, found.enabled) == (412, 3)
    other = forecast((WIN_BACK, SILENT), custom_event("order placed"), written=412)
    assert journey_sentences(other) == ["these rows start none of the 2 enabled journeys"]
    assert other.rows == 0


def test_rows_of_named_events_add_up_and_a_row_counts_once() -> None:
    both = Journey("5", "Both", ("Order Placed", "Seen"))
    names = {"Order Placed": 3, "Seen": 4, "Rare": 9}
    assert forecast((WIN_BACK, both), custom_events_by("event_name"), written=16, names=names).rows == 7
    uncounted = forecast((WIN_BACK, both), custom_events_by("event_name"), written=21, names=names, unnamed=5)
    assert uncounted.rows == 12


def test_a_journey_without_events_may_start_with_what_is_no_custom_event() -> None:
    found = forecast((THANKS, SILENT), PURCHASE, NEW_USER, written=20, added=1)
    assert journey_sentences(found) == [
        "20 purchases enter the enabled journey 'Thanks' (no limits)",
        "20 purchases may enter 1 enabled journey that names no event: 'Silent'",
    ]
    assert found.rows == 20


def test_list_adds_and_new_users_have_their_doubt() -> None:
    found = forecast((WELCOME,), LIST_ADD, NEW_USER, written=9, added=1)
    limits = "(limits: 1 per user at the same time)"
    lists = "Iterable's API does not say which list starts it"
    assert journey_sentences(found) == [
        f"9 list adds may enter the enabled journey 'Welcome' {limits}: {lists}",
        f"1 new user may enter the enabled journey 'Welcome' {limits}: only users that Iterable does not have yet",
    ]


def test_every_user_may_start_a_journey_if_one_is_enabled() -> None:
    found = forecast((WIN_BACK,), PROFILE_UPDATE, NEW_USER, written=37, added=2, fields=("a", "b"))
    assert journey_sentences(found) == [
        "37 users go with fields a, b. Iterable's API does not say which fields start journeys; 1 journey is enabled"
    ]
    assert (found.rows, found.possible[0].journeys) == (37, ())
    assert forecast((), PROFILE_UPDATE, written=37).rows == 0


def test_removed_rows_count_too() -> None:
    gone = JourneyEvent("list removal", "list removals", rows="removed", names=frozenset({"emailUnSubscribe"}))
    leaving = Journey("6", "Leaving", ("emailUnSubscribe",))
    assert forecast((leaving, WELCOME), LIST_ADD, gone, written=5, removed=2).rows == 7


def test_a_limit_cuts_written_rows_first_and_removed_rows_last() -> None:
    rows = RowsToSend(written=5, added=4, removed=3, names={"a": 4, "b": 1}, unnamed=1)
    assert rows.limited_to(None) == rows
    assert rows.limited_to(6) == RowsToSend(5, 4, 1, {"a": 4, "b": 1}, 1)
    assert rows.limited_to(2) == RowsToSend(2, 2, 0, {"a": 2, "b": 1}, 1)


def test_a_list_that_could_not_be_read_is_said() -> None:
    found = forecast_journeys(JourneyList(unread="no answer"), [PURCHASE], RowsToSend(written=1))
    assert journey_sentences(found) == ["the journeys could not be read, so more may start: no answer"]
    assert journey_sentences(None) == []


def test_only_so_many_values_are_counted_apart() -> None:
    import pyarrow as pa

    counts = ValueCounts()
    counts.add(pa.array([str(number) for number in range(1_000)]))
    counts.add(pa.array(["1", "more", "more"]))
    assert (len(counts.counts), counts.counts["1"], counts.others) == (1_000, 2, 2)
