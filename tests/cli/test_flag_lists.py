from __future__ import annotations

import pytest

from reverse_etl.cli.flag_lists import repeat_flags


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("run --select a b --threads 2", "run --select a --select b --threads 2"),
        ("run -s a -x", "run -s a -x"),
        ("run --select a b --exclude c d", "run --select a --select b --exclude c --exclude d"),
        ("run --select=a --quiet", "run --select=a --quiet"),
        ("requeue --select a key", "requeue --select a key"),
        ("state prune --allow target old_sync", "state prune --allow target old_sync"),
        ("state reset --select a b", "state reset --select a --select b"),
        ("run --allow removed build -- x y", "run --allow removed --allow build -- x y"),
        ("plan --show-payload 3 -s a b", "plan --show-payload 3 -s a -s b"),
        ("plan --show-payload -s a b", "plan --show-payload 1 -s a -s b"),
        ("plan -s a b --show-payload", "plan -s a -s b --show-payload 1"),
        ("plan --show-payload=2", "plan --show-payload=2"),
        ("run --only a@b.com 4711 -s x", "run --only a@b.com --only 4711 -s x"),
        ("", ""),
    ],
)
def test_spread(typed: str, read: str) -> None:
    assert repeat_flags(typed.split()) == read.split()
