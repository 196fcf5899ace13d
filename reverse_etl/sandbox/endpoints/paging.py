"""Pages of long responses, as the catalog endpoints return them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote, urlencode

from reverse_etl.sandbox.replies import ApiRefusal

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call

Entry = TypeVar("Entry")

_DEFAULT_SIZE: Final = 10


@dataclass(frozen=True)
class PageRequest:
    """The number and the size of a page. Pages are counted from 1."""

    page: int
    size: int

    def slice_entries(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Return the entries of the page."""
        first = (self.page - 1) * self.size
        return entries[first : first + self.size]

    def build_urls(self, call: Call, total: int) -> dict[str, str]:
        """Return the URLs of the next and the previous page, if they exist. They keep the other query parameters."""
        urls = {}
        if self.page * self.size < total:
            urls["nextPageUrl"] = self._build_url(call, self.page + 1)
        if self.page > 1:
            urls["previousPageUrl"] = self._build_url(call, self.page - 1)
        return urls

    def _build_url(self, call: Call, page: int) -> str:
        return f"{quote(call.path)}?{urlencode({**call.query, 'page': page, 'pageSize': self.size})}"


def parse_page_request(call: Call, max_size: int) -> PageRequest:
    """Return the page that a request asks for. Raises Refusal if the page or the size is not valid."""
    return PageRequest(
        _parse_parameter(call, "page", 1, None), _parse_parameter(call, "pageSize", _DEFAULT_SIZE, max_size)
    )


def _parse_parameter(call: Call, name: str, default: int, maximum: int | None) -> int:
    text = call.query.get(name, str(default))
    number = int(text) if text.isdecimal() and len(text) < 10 else 0
    if number < 1 or (maximum is not None and number > maximum):
        raise ApiRefusal(400, "BadParams", f"Invalid {name}: {text}")
    return number
