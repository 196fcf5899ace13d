"""The key `send`: whether a changed row carries only its changed fields, or all of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field as Key

from reverse_etl.definition.entry import Entry

RowContent = Literal["changed_fields", "whole_row"]
WHAT_ROWS_CARRY = "what a changed row carries: only its changed fields, or the whole row"


class ChangedFieldsEntry(Entry):
    """An entry whose destination keeps the fields that a request leaves out."""

    send: RowContent = Key(
        default="changed_fields",
        description=WHAT_ROWS_CARRY,
    )

    def sends_changed_fields(self) -> bool:
        return self.send == "changed_fields"
