"""Long answers page by page, as Iterable's catalogs give them. Knows no resource."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote, urlencode

from reverse_etl.sandbox.http.replies import refusal

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call

Thing = TypeVar("Thing")

_DEFAULT_SIZE: Final = 10


@dataclass(frozen=True)
class Paging:
    """Which page of which size; pages are counted from 1."""

    page: int
    size: int

    def cut(self, things: Sequence[Thing]) -> Sequence[Thing]:
        first = (self.page - 1) * self.size
        return things[first : first + self.size]

    def urls(self, call: Call, total: int) -> dict[str, str]:
        """The neighbouring pages there are, with everything else that was asked."""
        urls = {}
        if self.page * self.size < total:
            urls["nextPageUrl"] = self._url(call, self.page + 1)
        if self.page > 1:
            urls["previousPageUrl"] = self._url(call, self.page - 1)
        return urls

    def _url(self, call: Call, page: int) -> str:
        return f"{quote(call.path)}?{urlencode({**call.query, 'page': page, 'pageSize': self.size})}"


def asked(call: Call, most: int) -> Paging:
    """Raises the refusal of a page or a size that cannot be."""
    return Paging(_number(call, "page", 1, None), _number(call, "pageSize", _DEFAULT_SIZE, most))


def _number(call: Call, name: str, default: int, most: int | None) -> int:
    text = call.query.get(name, str(default))
    number = int(text) if text.isdecimal() and len(text) < 10 else 0
    if number < 1 or (most is not None and number > most):
        raise refusal(400, "BadParams", f"Invalid {name}: {text}")
    return number
