"""The rows that a command is about, if it names some: rows with one of the keys that a person typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reverse_etl.snapshot.columns.row_layout import RowLayout
from reverse_etl.snapshot.tables import value_name
from reverse_etl.sync import IdentityRule, PersonColumn
from reverse_etl.warehouses.dialect import Dialect


@dataclass(frozen=True)
class ChosenRows:
    """Tests of rows, over the columns of the sync snapshot. A key is an identifier of a row or of its person.

    It can also be the value of a column of the primary key, as text.
    """

    dialect: Dialect
    layout: RowLayout
    people: Sequence[PersonColumn]
    keys: tuple[str, ...]

    def has_any_key(self) -> str:
        """Return a test of whether a row has one of the keys."""
        return " OR ".join(self.has_key(key) for key in self.keys)

    def has_key(self, key: str) -> str:
        """Return a test of whether a row has this key."""
        text = self.dialect.literal
        forms = ", ".join(map(text, stored_identities([key], [self.layout.rule])))
        tests = [f"identity IN ({forms})"]
        tests += [f"{self.dialect.as_text(part.name)} = {text(key)}" for part in self.layout.keys]
        labels = {value.field.label for value in self.layout.values}
        for person in self.people:
            if person.label in labels:
                tests.append(self._is_person(person, key))
        return f"({' OR '.join(tests)})"

    def _is_person(self, person: PersonColumn, key: str) -> str:
        column = self.dialect.as_text(value_name(person.label))
        if person.lowered:
            return f"{self.dialect.lower(f'trim({column})')} = {self.dialect.literal(key.strip().lower())}"
        return f"{column} = {self.dialect.literal(key)}"


def stored_identities(keys: Sequence[str], rules: Sequence[IdentityRule]) -> list[str]:
    """Return the identities that a sync with one of these rules can have stored for keys that a person typed.

    A rule that compares without regard to letter case stores lower-case text; every other rule stores the key as it
    is. Without a rule this is unknown, so a text with an `@` is searched in both forms.
    """
    found: dict[str, None] = {}
    for key in keys:
        for rule in rules:
            found[_stored_form(key, rule)] = None
            if rule.otherwise is not None:
                found[rule.otherwise.mark + _stored_form(key, rule.otherwise)] = None
        if not rules:
            plain = [key, key.strip().lower()] if "@" in key else [key]
            marks = ["", *(IdentityRule(name, ()).mark for name in ("email", "user_id"))]
            found.update(dict.fromkeys(mark + text for text in plain for mark in marks))
    return list(found)


def _stored_form(key: str, rule: IdentityRule) -> str:
    return key.strip().lower() if rule.lowered else key
