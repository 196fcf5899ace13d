"""OutcomeLimitEntry: how a definition writes how many refused rows are too many, also with dbt's words."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Annotated

from pydantic import BeforeValidator, SkipValidation, WithJsonSchema
from pydantic import Field as Key
from pydantic_core import PydanticCustomError

from reverse_etl.guards.limit import LimitEntry
from reverse_etl.sync import OutcomeLimit, Threshold

_CONDITION = r"^\s*(>=?|!=)\s*(\d+(?:\.\d+)?)\s*(%?)\s*$"
_ALLOWED = 'a condition such as "> 10", ">= 5 %" or "!= 0"'


def _read_threshold(value: object) -> object:
    if value is None or isinstance(value, Threshold):
        return value
    found = re.fullmatch(_CONDITION, value) if isinstance(value, str) else None
    if found is None or (found[1] == "!=" and float(found[2])):
        raise PydanticCustomError("condition", _ALLOWED)
    return Threshold(float(found[2]), is_share=bool(found[3]), is_inclusive=found[1] == ">=")


_Condition = Annotated[
    Threshold | None,
    SkipValidation,
    BeforeValidator(_read_threshold),
    WithJsonSchema({"type": "string", "pattern": _CONDITION, "description": _ALLOWED}),
]


class OutcomeLimitEntry(LimitEntry):
    """A limit for refused rows. `warn_if` and `error_if` are conditions as in dbt, also by share: `> 5 %`."""

    warn_if: _Condition = Key(default=None, description="how many refused rows make a run a warning; default: != 0")
    error_if: _Condition = Key(
        default=None, description="how many make it an error, instead of `percent`, `rows` and `share`"
    )

    def limit(self) -> OutcomeLimit:
        """Return the limit as a value."""
        return OutcomeLimit(**asdict(super().limit()), warn_if=self.warn_if or Threshold(), error_if=self.error_if)
