"""The comment in every statement, so that the warehouse's query history shows who ran it."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Characters that could end a comment or look like a parameter.
_NOT_ALLOWED = re.compile(r"[^\w.:-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mark:
    """Who runs a statement: the invocation, the sync and the step of its run. Unknown parts are empty."""

    invocation: str = ""
    sync: str = ""
    step: str = ""

    def __str__(self) -> str:
        parts = {"invocation": self.invocation, "sync": self.sync, "step": self.step}
        written = (f" {name}={_NOT_ALLOWED.sub('_', text)}" for name, text in parts.items() if text)
        return f"/* reverse_etl{''.join(written)} */"
