"""EntryPart: the base of every model that checks a mapping below `meta`; an unknown key or another type is an error."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class EntryPart(BaseModel):
    """A mapping of a definition."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
