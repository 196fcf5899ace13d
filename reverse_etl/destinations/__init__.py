"""The table of destinations that rows can go to. A destination is imported when it is first used."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reverse_etl.destinations.base import Destination

DEFAULT = "iterable"
# By name: the module and the class in it.
DESTINATIONS: dict[str, str] = {
    DEFAULT: "reverse_etl.destinations.iterable.destination:IterableDestination",
}


@cache
def load_destination(kind: str) -> Destination:
    """Return the destination of that name in the table."""
    module, _, name = DESTINATIONS[kind].partition(":")
    destination: Destination = getattr(import_module(module), name)()
    return destination
