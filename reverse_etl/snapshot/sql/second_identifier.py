"""Builds SQL about rows that have only a second identifier. Runs nothing."""

from __future__ import annotations

from reverse_etl.snapshot.columns.row_layout import RowLayout, StoredTables
from reverse_etl.snapshot.tables import Tables
from reverse_etl.sync import IdentityRule
from reverse_etl.warehouses.dialect import Dialect

# The form of `IdentityRule.mark`, in ASCII, which every database can hold.
_ANY_MARK = "^[a-z_]+ [^ -~]+ "


def marked(dialect: Dialect, rule: IdentityRule, text: str) -> str:
    """Return the identity that a text has by a second identity rule; NULL if the text is empty."""
    return f"CASE WHEN trim({text}) <> '' THEN {dialect.concat_texts([dialect.literal(rule.mark), text])} END"


def unmarked(identity: str) -> str:
    """Return an identity without the mark of any identity rule."""
    return f"regexp_replace({identity}, '{_ANY_MARK}', '')"


def malformed(dialect: Dialect, rule: IdentityRule) -> list[tuple[str, str]]:
    """Return tests of `m.identity` that find what cannot be an identity, each with its code."""
    wrong = [f"NOT ({dialect.matches('m.identity', rule.pattern)})"] if rule.pattern else []
    wrong += [f"m.identity = {dialect.literal(text)}" for text in rule.never]
    other = rule.otherwise
    if other is None:
        return [(test, rule.code) for test in wrong]
    stands_in = f"substr(m.identity, 1, {len(other.mark)}) = {dialect.literal(other.mark)}"
    misfits = [f"NOT ({dialect.matches('m.identity', f'{other.mark}({other.pattern})')})"] if other.pattern else []
    misfits += [f"m.identity = {dialect.literal(other.mark + text)}" for text in other.never]
    found = [(f"NOT ({stands_in}) AND {test}", rule.code) for test in wrong]
    return found + [(f"{stands_in} AND {test}", other.code) for test in misfits]


def still_there(dialect: Dialect, tables: Tables, layout: RowLayout, stored: StoredTables) -> str:
    """Return a test that keeps `c.entry_identity` if the model has that user under the other identifier."""
    other, beside = layout.rule.otherwise, layout.second_identifier()
    if other is None:
        return ""
    stands = f"SELECT {layout.stand_in} AS stands FROM {layout.relation}"
    known = f" AND NOT EXISTS (SELECT 1 FROM ({stands}) o WHERE o.stands = c.entry_identity)"
    if beside is None or beside.name not in stored.columns:
        return known
    text = dialect.as_text(f"e.{beside.name}")
    text = dialect.lower(f"trim({text})") if other.lowered else text
    return (
        f"{known} AND NOT EXISTS (SELECT 1 FROM {tables.snapshot} e JOIN model o"
        f" ON o.identity = {marked(dialect, other, text)} WHERE e.state <> 'absent' AND e.identity = c.entry_identity)"
    )
