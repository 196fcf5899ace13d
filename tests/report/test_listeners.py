"""Events as lines, as a bar and as JSON, under a clock of the test's own."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone

import pytest

from reverse_etl.change import Problem
from reverse_etl.events import TICK, Event
from reverse_etl.report.listeners.line_listeners import EventOutput, JsonLines, Lines
from reverse_etl.report.listeners.terminal_bar import Bar

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=timezone.utc)
PROBLEM = Problem("wrong-thing", "it is wrong", "Mend it.", {"file": "a.yml"})


class World:
    def __init__(self, level: str = "info") -> None:
        self.clock = 100.0
        self.text = ""
        self.output = EventOutput(self._write, lambda: self.clock, lambda: NOON, level)

    def _write(self, text: str) -> None:
        self.text += text


def _progress(done: int, total: int = 1000) -> Event:
    return Event("Progress", "", "debug", "people", {"done": done, "total": total})


def test_lines_tell_progress_every_ten_seconds() -> None:
    world = World()
    lines = Lines(world.output)
    for second in range(25):
        world.clock = 100.0 + second
        lines(_progress(second * 40))
    told = world.text.splitlines()
    assert told == [
        "12:00:00  sync `people`: 400 of 1,000 rows, 40 rows/s, 15 s left",
        "12:00:00  sync `people`: 800 of 1,000 rows, 40 rows/s, 5 s left",
    ]


def test_levels() -> None:
    quiet, normal, debug = World("error"), World(), World("debug")
    for world in (quiet, normal, debug):
        lines = Lines(world.output)
        lines(Event("A", "details", "debug"))
        lines(Event("B", "news\x1b", "info"))
        lines.problem(PROBLEM)
    four_parts = "error[wrong-thing]: it is wrong\n  file: a.yml\nhint: Mend it.\n"
    assert quiet.text == four_parts
    assert normal.text == "12:00:00  news\\x1b\n" + four_parts
    assert debug.text == "12:00:00  details\n12:00:00  news\\x1b\n" + four_parts


def test_the_bar_shows_rows_rate_and_time_left_and_is_gone_before_a_line() -> None:
    world = World()
    bar = Bar(world.output, lambda: 200)
    bar(_progress(0))
    world.clock += 0.01
    drawn = len(world.text)
    bar(_progress(100))
    assert len(world.text) == drawn
    world.clock += 0.99
    bar(_progress(500))
    assert re.search(r"people .* 50% +500/1000 500 rows/s, 1 s left", world.text)
    bar(Event("SyncEnded", "sync `people`: ended", "info", "people"))
    assert _screen(world.text) == ["12:00:00  sync `people`: ended"]


def test_the_bar_fits_the_terminal_and_cannot_be_steered() -> None:
    world = World()
    Bar(world.output, lambda: 20)(Event("Progress", "", "debug", "[bold]x\x1b", {"done": 1, "total": 2}))
    assert max(map(len, re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", world.text).splitlines())) <= 20
    assert "\x1b]" not in world.text


def test_a_problem_takes_the_bar_off_the_screen() -> None:
    world = World()
    bar = Bar(world.output, lambda: 80)
    bar(_progress(500))
    bar.problem(PROBLEM)
    assert _screen(world.text)[0] == "error[wrong-thing]: it is wrong"


@pytest.mark.parametrize("name", ["Waiting", "WaitingForLease", "WaitingForUsers"])
@pytest.mark.parametrize("began", [True, False])
def test_a_wait_counts_down_below_the_bar(name: str, began: bool) -> None:
    world = World()
    bar = Bar(world.output, lambda: 120)
    if began:
        bar(_progress(0))
        world.clock += 1
        bar(_progress(500))
    bar(Event(name, "sync `people`: waiting", "info", "people", {"seconds": 12, "reason": "Iterable's rate limit"}))
    for left in (9, 4):
        world.clock = 100.0 + began + 12 - left
        bar(TICK)
        assert _screen(world.text)[-1] == f"waiting {left} s: Iterable's rate limit"
    if began:
        bar(_progress(500))
        world.clock += 0.2
        bar(_progress(500))
        # Nothing was accepted in the wait, so the rate has fallen; the time left holds the rest of the wait.
        assert re.search(r"50% +500/1000 54 rows/s, 9 s left", _screen(world.text)[-2])
    world.clock = 200.0
    bar(TICK)
    assert "waiting 0" not in world.text
    assert not _screen(world.text)[-1].startswith("waiting")
    bar(Event("SyncEnded", "ended", "info", "people"))
    assert _screen(world.text)[-1] == "12:00:00  ended"


def test_the_countdown_begins_with_the_seconds_that_the_line_names() -> None:
    world = World()
    bar = Bar(world.output, lambda: 120)
    bar(Event("Waiting", "waiting 3 s", "info", "people", {"seconds": 3.4, "reason": "Iterable's rate limit"}))
    assert _screen(world.text)[-1].startswith("waiting 3 s")
    world.clock += 3.2
    bar(TICK)
    assert _screen(world.text)[-1].startswith("waiting 1 s")


def test_the_time_left_is_no_less_than_the_wait() -> None:
    world = World()
    bar = Bar(world.output, lambda: 120)
    bar(_progress(0))
    world.clock += 1
    bar(_progress(900))
    bar(Event("Waiting", "", "info", "people", {"seconds": 30, "reason": "x"}))
    bar(_progress(900))
    world.clock += 1
    bar(_progress(900))
    assert "450 rows/s, 29 s left" in _screen(world.text)[-2]


def test_only_a_terminal_hears_that_time_passes() -> None:
    world = World("debug")
    Lines(world.output)(TICK)
    JsonLines(world.output, lambda: "the-id", lambda value: value)(TICK)
    Bar(world.output, lambda: 80)(TICK)
    assert world.text == ""


def test_rows_that_are_held_back_are_not_counted_as_delivered() -> None:
    world = World()
    lines = Lines(world.output)
    lines(_progress(0))
    world.clock += 10
    lines(Event("Progress", "", "debug", "people", {"done": 400, "held": 200, "total": 1000}))
    assert "400 of 1,000 rows accepted, 200 held back, 40 rows/s, 10 s left" in world.text


def _screen(text: str) -> list[str]:
    """What is left on a terminal: lines that were not erased."""
    lines = [""]
    row = 0
    for part in re.findall(r"\x1b\[[0-9;?]*[a-zA-Z]|\r|\n|[^\x1b\r\n]+", text):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\r":
            continue
        elif part.startswith("\x1b["):
            if part.endswith("A"):
                row -= int(part[2:-1] or 1)
            elif part.endswith("K"):
                lines[row] = ""
        else:
            lines[row] += part
    return [line for line in lines if line]


def test_json_is_shaped_as_dbts_and_redacted() -> None:
    world = World()
    listener = JsonLines(
        world.output, lambda: "the-id", lambda value: json.loads(json.dumps(value).replace("secret", "****"))
    )
    listener(Event("Planned", "planned a secret", "info", "people", {"added": 3}))
    listener(_progress(1))
    listener.problem(PROBLEM)
    first, second = (json.loads(line) for line in world.text.splitlines())
    assert first["data"] == {"sync": "people", "added": 3}
    assert {name: first["info"][name] for name in ("name", "level", "msg", "ts", "invocation_id", "thread")} == {
        "name": "Planned",
        "level": "info",
        "msg": "planned a ****",
        "ts": "2026-01-02T12:00:00.000000Z",
        "invocation_id": "the-id",
        "thread": "MainThread",
    }
    assert (second["info"]["code"], second["data"]["hint"]) == ("wrong-thing", "Mend it.")
