"""Labels for the cells of tables: on a phone, each row is shown as a block in which the column's title stands first."""

from __future__ import annotations

import re

_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_TITLE = re.compile(r"<th(?:\s[^>]*)?>(.*?)</th>", re.DOTALL)
_ROW = re.compile(r"<tr>.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<td(?=[ >])")
_VARIABLE = re.compile(r"<code>([A-Z]+(?:_[A-Z]+)+)</code>")
_TAG = re.compile(r"<[^>]+>")


def label_cells(html: str) -> str:
    """Return the page with its column's title in each cell's `data-label`. A long variable may break after a `_`."""
    return _TABLE.sub(_labelled_table, html)


def _labelled_table(found: re.Match[str]) -> str:
    titles = [_TAG.sub("", title).strip().replace('"', "&quot;") for title in _TITLE.findall(found[0])]
    table = _VARIABLE.sub(lambda code: code[0].replace("_", "_<wbr>"), found[0])
    return _ROW.sub(lambda row: _labelled_row(row[0], titles), table)


def _labelled_row(row: str, titles: list[str]) -> str:
    left = iter(titles)
    return _CELL.sub(lambda _: f'<td data-label="{next(left, "")}"', row)
