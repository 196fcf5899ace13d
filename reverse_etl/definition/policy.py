"""SyncPolicy: keys of a definition that say when a run stops and how it sends.

Entries of every object have them, and reverse_etl.yml can set their defaults. A new key here is covered by both.
"""

from __future__ import annotations

from pydantic import Field as Key

from reverse_etl.definition.guard_keys import GuardsEntry
from reverse_etl.guards.entry_part import EntryPart
from reverse_etl.guards.limit import LimitEntry


class SyncPolicy(EntryPart):
    """Defaults for definitions."""

    guards: GuardsEntry = Key(GuardsEntry(), description="which guards can stop a run, and their limits")
    reject_limit: LimitEntry = Key(LimitEntry(), description="how many refused rows make a run an error")
