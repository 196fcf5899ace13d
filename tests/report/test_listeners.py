"""Events as lines, as a bar and as JSON, under a clock of the test's own."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from reverse_etl.change import Problem
from reverse_etl.events import Event
from reverse_etl.report.listeners import Bar, Ear, JsonLines, Lines

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=timezone.utc)
PROBLEM = Problem("wrong-thing", "it is wrong", "Mend it.", {"file": "a.yml"})


class World:
    def __init__(self, level: str = "info") -> None:
        self.clock = 100.0
        self.text = ""
        self.ear = Ear(self._write, lambda: self.clock, lambda: NOON, level)

    def _write(self, text: str) -> None:
        self.text += text


def _progress(done: int, total: int = 1000) -> Event:
    return Event("Progress", "", "debug", "people", {"done": done, "total": total})


def test_lines_tell_progress_every_ten_seconds() -> None:
    world = World()
    lines = Lines(world.ear)
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
        lines = Lines(world.ear)
        lines(Event("A", "details", "debug"))
        lines(Event("B", "news\x1b", "info"))
        lines.problem(PROBLEM)
    four_parts = "error[wrong-thing]: it is wrong\n  file: a.yml\nhint: Mend it.\n"
    assert quiet.text == four_parts
    assert normal.text == "12:00:00  news\\x1b\n" + four_parts
    assert debug.text == "12:00:00  details\n12:00:00  news\\x1b\n" + four_parts


def test_the_bar_is_cleared_before_a_line_and_redrawn_sparingly() -> None:
    world = World()
    bar = Bar(world.ear, lambda: 200)
    bar(_progress(0))
    world.clock += 0.01
    bar(_progress(100))
    world.clock += 0.99
    bar(_progress(500))
    assert world.text.count("\r\x1b[K") == 2
    assert world.text.endswith("people [###############...............]  50% 500 rows, 500 rows/s, 1 s left")
    bar(Event("Planned", "planned", "info", "people"))
    assert world.text.endswith("\r\x1b[K12:00:00  planned\n")
    bar.close()
    assert world.text.endswith("planned\n")


def test_the_bar_fits_the_terminal() -> None:
    world = World()
    Bar(world.ear, lambda: 20)(_progress(1))
    assert len(world.text.removeprefix("\r\x1b[K")) == 19


def test_json_is_shaped_as_dbts_and_redacted() -> None:
    world = World()
    listener = JsonLines(
        world.ear, lambda: "the-id", lambda value: json.loads(json.dumps(value).replace("secret", "****"))
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
