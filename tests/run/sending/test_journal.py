"""The journal notes exactly the rows of a batch, in any order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reverse_etl.run.sending.journal import Journal, SendDeadlines
from reverse_etl.snapshot.tables import REMOVALS_FROM


def empty_journal():
    """A journal that is never flushed, so that it needs no warehouse."""
    return Journal(None, None, SendDeadlines(30, 120, 30, lambda: 0.0, lambda: False))


@given(st.lists(st.integers(0, 30), unique=True), st.booleans())
def test_accepted_rows_are_noted_in_any_order(ordinals, removed):
    journal = empty_journal()
    first = REMOVALS_FROM if removed else 0
    journal.accept([first + ordinal for ordinal in ordinals])
    assert [n - first for start, end in journal.acked for n in range(start, end)] == sorted(ordinals)
    assert journal.outcomes.removed == (len(ordinals) if removed else 0)


def test_range_of_accepted_rows_is_one_interval():
    journal = empty_journal()
    journal.accept(range(1_000, 2_000))
    assert list(journal.acked) == [(1_000, 2_000)]
