"""All exceptions, in one tree whose branches say what to do, and the suggestion of the nearest correct word.

    ReverseEtlError
        ConfigError        change a file, a flag or an environment variable
        WarehouseError     a right, a table, a lock in the warehouse
        DestinationError   Iterable refused the run as a whole
        LeaseError         another run owns this sync

Exceptions stop a sync; outcomes describe rows; nothing raises for a row.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

from reverse_etl.counting import plural

# The warehouse has too little memory for a statement. Half of the rows may fit.
OUT_OF_MEMORY = "out-of-memory"
# How similar a misspelled word must be to a known one, from 0 to 1.
_MIN_LIKENESS = 0.5
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class ReverseEtlError(Exception):
    """An error that stops a command or a sync.

    `code` is kebab-case, so that users can search for it. `message` is one sentence that names the sync, column or
    file.
    `context` holds facts in the order to print them. `hint` is an action. `exit_code` is the exit code of the command.
    """

    exit_code = 1

    def __init__(self, code: str, message: str, *, hint: str, context: Mapping[str, object]) -> None:
        """Set all four parts. Raises ValueError if the code is not kebab-case."""
        if not _CODE.fullmatch(code):
            raise ValueError(f"error code {code!r} is not kebab-case")
        super().__init__(message)
        self.code = code
        self.message = message
        self.context = dict(context)
        self.hint = hint


class ConfigError(ReverseEtlError):
    """A file, a flag or an environment variable has to change."""

    exit_code = 2


class Fault(ConfigError):
    """One thing wrong in one definition; many are reported together as `Faults`."""


class Faults(ConfigError):
    """All faults of all definitions."""

    def __init__(self, faults: Sequence[ReverseEtlError]) -> None:
        """Keep the faults in this order. There is at least one."""
        super().__init__(
            "invalid-definitions",
            f"{plural(len(faults), 'fault')} in the definitions",
            context={"faults": ", ".join(dict.fromkeys(fault.code for fault in faults))},
            hint="Fix each of them in the YAML file it names, then run `dbt parse` (or `dbt build`) again.",
        )
        self.faults = tuple(faults)


class WarehouseError(ReverseEtlError):
    """The warehouse could not be opened, read or written."""


class DestinationError(ReverseEtlError):
    """Iterable refused the run as a whole, or cannot be reached."""


class LeaseError(ReverseEtlError):
    """Another run holds the lease of this sync, or took it over."""


def nearest_word(word: str, words: Iterable[str]) -> str | None:
    """Return the word most similar to `word`, ignoring letter case; None if no word is similar."""
    spelled = {one.lower(): one for one in words}
    matches = difflib.get_close_matches(word.lower(), list(spelled), 1, cutoff=_MIN_LIKENESS)
    return spelled[matches[0]] if matches else None


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return `; did you mean …?` with the nearest word, or an empty string."""
    nearest = nearest_word(word, words)
    return f"; did you mean `{nearest}`?" if nearest else ""


def all_of(errors: Sequence[ReverseEtlError]) -> ReverseEtlError:
    """Return the error itself if there is only one, else all of them as `Faults`."""
    return errors[0] if len(errors) == 1 else Faults(errors)
