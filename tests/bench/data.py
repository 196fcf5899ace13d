"""The model that is measured: 12 mixed columns, the same for every run, and what one per cent of change is."""

from __future__ import annotations


def _one_of(words: str, salt: int) -> str:
    names = words.split()
    return f"({names!r})[1 + (hash(i + {salt}) % {len(names)})::INT]"


def create(rows: int | str) -> str:
    """`people` with so many rows. E-mails are unique and in no order."""
    return f"""
        CREATE TABLE people AS SELECT
            substr(md5(i::VARCHAR), 1, 8) || i || '@' || {_one_of("a.com b.org c.net d.io e.co", 0)} AS email,
            i AS customer_number,
            'First' || (hash(i + 1) % 5000) AS first_name,
            CASE WHEN hash(i + 2) % 20 <> 0 THEN 'Last' || (hash(i + 3) % 50000) END AS last_name,
            {_one_of("DE FR US GB IT ES NL SE", 4)} AS country,
            {_one_of("free pro team corp", 5)} AS plan,
            ((hash(i + 6) % 10000000) / 100.0)::DECIMAL(12, 2) AS lifetime_value,
            (hash(i + 7) % 1000000) / 7.0::DOUBLE AS score,
            TIMESTAMP '2024-01-01' + to_seconds((hash(i + 8) % 30000000)::BIGINT) AS updated_at,
            CASE WHEN hash(i + 9) % 50 <> 0 THEN hash(i + 9) % 2 = 0 END AS is_subscribed,
            DATE '2020-01-01' + (hash(i + 10) % 1500)::INT AS last_order,
            {{
                'city': 'City' || (hash(i + 11) % 1000),
                'zip': (hash(i + 12) % 90000 + 10000)::VARCHAR,
                'tags': CASE WHEN hash(i + 13) % 4 = 0 THEN []::VARCHAR[] ELSE ['t' || (hash(i) % 9)] END
            }} AS address
        FROM range({rows}) t(i)"""


COLUMNS = [
    "customer_number",
    "first_name",
    "last_name",
    "country",
    "plan",
    "lifetime_value",
    "score",
    "updated_at",
    "is_subscribed",
    "last_order",
    "address",
]

CHANGE = """
    UPDATE people SET lifetime_value = lifetime_value + 1, updated_at = TIMESTAMP '2025-01-01'
    WHERE hash(customer_number + 99) % 1000 < 10"""

KEEP = "CREATE TABLE kept AS SELECT * FROM people"
# What `dbt build` does, also if no row changed.
REBUILD = "CREATE OR REPLACE TABLE people AS SELECT * FROM kept"
CHANGED = "SELECT count(*) FROM people WHERE updated_at = TIMESTAMP '2025-01-01'"

# The question of `plan`, written by hand: rows added, removed and changed, and in how many rows each column differs.
COMPARE = (
    "SELECT count(*) FILTER (k.email IS NULL), count(*) FILTER (p.email IS NULL),"
    f" count(*) FILTER (p.email = k.email AND ({' OR '.join(f'p.{c} IS DISTINCT FROM k.{c}' for c in COLUMNS)})), "
    + ", ".join(f"count(*) FILTER (p.email = k.email AND p.{c} IS DISTINCT FROM k.{c})" for c in COLUMNS)
    + " FROM people p FULL OUTER JOIN kept k ON p.email = k.email"
)


def create_wide(rows: int) -> str:
    """`people` with so many rows of 10 kB."""
    return f"""
        CREATE TABLE people AS SELECT
            'u' || i || '@shop.com' AS email, i AS customer_number,
            {", ".join(f"repeat(md5((i + {part})::VARCHAR), 78) AS text_{part}" for part in range(4))}
        FROM range({rows}) t(i)"""
