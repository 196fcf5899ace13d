"""Flags that take several values: `--select a b` as dbt reads it, written as `--select a --select b`."""

from __future__ import annotations

from collections.abc import Sequence

_MANY = ("--select", "-s", "--exclude", "--allow")
# Commands whose own words would be read as values of a flag.
_TAKES_WORDS = (("requeue",), ("state", "prune"))


def repeat_flags(words: Sequence[str]) -> list[str]:
    """Return the command line with each of several values under a flag of its own."""
    if any(tuple(words[: len(command)]) == command for command in _TAKES_WORDS):
        return list(words)
    found: list[str] = []
    flag, given = "", 0
    for number, word in enumerate(words):
        if word == "--":
            return [*found, *words[number:]]
        if word.startswith("-"):
            flag, given = (word, 0) if word in _MANY else ("", 0)
        elif flag:
            given += 1
            if given > 1:
                found.append(flag)
        found.append(word)
    return found
