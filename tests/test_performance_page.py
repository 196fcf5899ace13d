"""The page on performance shows the committed results, and names every measurement."""

from __future__ import annotations

import re

import pytest

from tests.bench.__main__ import MEASUREMENTS, parse
from tests.bench.page_tables import PAGE, PLOT, fill_page
from tests.bench.publish import digest
from tests.bench.result_file import PUBLISHED, Measurement, read_file
from tests.bench.targets import TARGETS, Target

TEXT = PAGE.read_text(encoding="utf-8")
AGAIN = "run: make bench ARGS=publish"


def test_the_tables_are_made_from_the_results() -> None:
    assert fill_page(TEXT, read_file(PUBLISHED)) == TEXT, AGAIN


def test_the_plot_is_drawn_from_the_results() -> None:
    assert digest(PUBLISHED).encode() in PLOT.read_bytes(), AGAIN


def test_the_page_names_every_measurement() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ", TEXT, re.MULTILINE)
    assert set(MEASUREMENTS) <= set(rows)


@pytest.mark.parametrize("words", re.findall(r'make bench ARGS="?([^"\s][^"\n]*?)(?:"| +#|$)', TEXT, re.MULTILINE))
def test_examples_are_commands(words: str) -> None:
    assert parse(words.split()).act in [act for _, act, _ in MEASUREMENTS.values()]


def test_a_median_and_a_ratio_are_of_all_rounds() -> None:
    rounds = [{"a": {"wall": seconds}, "b": {"wall": 2}} for seconds in (9, 1, 4)]
    measured = Measurement({}, rounds)
    assert (measured.median("a"), measured.ratio("a", "b"), measured.median("a", "cpu")) == (4, 2, None)


@pytest.mark.parametrize(("figure", "at_least", "met"), [(3, False, "no"), (1, False, "yes"), (1, True, "no")])
def test_a_target_is_met_on_the_right_side_of_its_limit(figure: float, at_least: bool, met: str) -> None:
    target = Target("t", 2, lambda _results: figure, "{:.0f} x", at_least)
    assert target.row({}) == ("t", f"{'at least' if at_least else 'at most'} 2 x", f"{figure} x", met)


def test_a_target_without_a_figure_has_no_row() -> None:
    assert [target.row({}) for target in TARGETS] == [None] * len(TARGETS)
