"""Who the rows of a batch are about: the identifiers that `pick_identifier` finds, for many rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reverse_etl.destinations.column_body import JsonColumn, RowColumns, find_rows
from reverse_etl.destinations.iterable.identity import JSON_NAMES

if TYPE_CHECKING:
    import pyarrow as pa

# The JSON of texts without escapes that are not blank, since they have a letter or a digit.
_PLAIN = r'^"[^"\\]*[\pL\pN][^"\\]*"$'


def pick_identifier_columns(keys: Sequence[str], rows: RowColumns) -> dict[str, JsonColumn]:
    """Return the members with the one identifier that each row sends: the first of `keys` that it has.

    Rows that have none of them, or one that is not a plain text, are odd.
    """
    import pyarrow.compute as pc

    found: dict[str, JsonColumn] = {}
    missing = rows.identity.texts.is_valid()
    for key in keys:
        column = rows.key_values.get(key)
        if column is not None:
            odd = find_rows(pc.invert(pc.match_substring_regex(column.texts, _PLAIN)))
            found[JSON_NAMES[key]] = JsonColumn(pc.if_else(missing, column.texts, None), odd)
            missing = pc.and_(missing, column.texts.is_null())
    return {name: JsonColumn(column.texts, {*column.odd, *find_rows(missing)}) for name, column in found.items()}


def name_users(keys: Sequence[str], rows: RowColumns) -> pa.Array:
    """Return the users of rows, each with the name of its identifier: `userId C-1`. An odd row has any text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pick_identifier_columns(keys, rows)
    texts = {name: pc.ascii_trim(column.texts, '"') for name, column in found.items()}
    named = [pc.binary_join_element_wise(f"{name} ", values, "") for name, values in texts.items()]
    return pc.coalesce(*named, pa.scalar(""))
