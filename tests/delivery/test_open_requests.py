"""How many requests are open at the same time: as the rate limit needs, if replies are slow."""

from __future__ import annotations

import pytest

from reverse_etl.delivery.open_requests import FEW, MOST, most_requests


@pytest.mark.parametrize(
    ("per_second", "latency", "most"),
    [
        (5.0, 0.2, FEW),
        (10.0, 0.0, FEW),
        (0.0, 3.0, FEW),
        (10.0, 1.0, 11),
        (5.0, 2.5, 14),
        (100.0, 5.0, MOST),
    ],
)
def test_open_requests_follow_rate_and_latency(per_second: float, latency: float, most: int) -> None:
    assert most_requests(0, per_second, latency, []) == most


def test_a_fixed_number_stays() -> None:
    assert most_requests(2, 100.0, 5.0, []) == 2


def test_large_requests_do_not_fill_the_memory() -> None:
    assert most_requests(0, 100.0, 5.0, [4_000_000] * 7) == MOST
    assert most_requests(0, 100.0, 5.0, [4_000_000] * 8) == FEW
