"""Flags that take several values or may have none: `--select a b` as dbt reads it, and `--show-payload`."""

from __future__ import annotations

from collections.abc import Sequence

_MANY = ("--select", "-s", "--exclude", "--allow", "--only")
# Flags with a number that may be left out, and the number that they then mean.
_WITHOUT_NUMBER = {"--show-payload": "1"}
# Commands whose own words would be read as values of a flag.
_TAKES_WORDS = (("requeue",), ("state", "prune"))


def repeat_flags(words: Sequence[str]) -> list[str]:
    """Return the command line with each of several values under a flag of its own, and numbers that were left out."""
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
        if word in _WITHOUT_NUMBER and not "".join(words[number + 1 : number + 2]).isdecimal():
            found.append(_WITHOUT_NUMBER[word])
    return found
