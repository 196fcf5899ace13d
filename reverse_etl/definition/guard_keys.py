"""GuardsEntry: the keys under `guards:` of a definition, made from the table of guards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import create_model

from reverse_etl.guards.entry_part import EntryPart
from reverse_etl.guards.table import GUARDS


class GuardKeys(EntryPart):
    """Which guards can stop this sync before it sends; `false` turns one off permanently."""

    def settings(self) -> Mapping[str, object]:
        """Return the value of each key, by the guard's name."""
        return {name: getattr(self, name) for name in type(self).model_fields}


_KEYS: dict[str, Any] = {guard.name: (guard.key, guard.default) for guard in GUARDS if guard.key is not None}

if TYPE_CHECKING:
    GuardsEntry = GuardKeys
else:
    # A model that is made at run time is no type for a type checker.
    GuardsEntry = create_model("GuardsEntry", __base__=GuardKeys, __doc__=GuardKeys.__doc__, **_KEYS)
