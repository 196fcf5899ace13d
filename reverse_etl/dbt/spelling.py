"""The nearest right word for a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """`; did you mean …?` with the nearest of `words`, or nothing where none is near."""
    near = difflib.get_close_matches(word, list(words), 1, cutoff=0.5)
    return f"; did you mean `{near[0]}`?" if near else ""
