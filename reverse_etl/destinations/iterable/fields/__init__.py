"""Field types and values: what Iterable stores, and how a column's value is encoded."""
