"""Builds SQL that finds rows that are listed as held but equal what the destination accepted. Runs nothing."""

from __future__ import annotations

from reverse_etl.snapshot.sql.diff import Diff


def settled_keys(diff: Diff) -> str:
    """Return keys of model rows that equal their accepted entry, if their identities are listed."""
    tables = diff.tables
    sync = diff.dialect.literal(tables.sync)
    listed = f"SELECT identity FROM {tables.rejections} WHERE sync = {sync} AND identity IS NOT NULL"
    differs = [*diff.differing_values(), *diff.moved_keys()]
    differing = f" AND NOT ({' OR '.join(differs)})" if differs else ""
    return (
        f"SELECT {diff.key_text('m')} AS settled FROM ({diff.model_rows()}) m JOIN {tables.snapshot} s"
        f" ON s.identity = m.identity WHERE s.state = 'accepted' AND m.identity IN ({listed}){differing}"
    )
