"""Built-in profile fields of Iterable, and the types that they must have.

The first value sets a field's type permanently, also for built-in fields. Sources: support articles 217744303 (fields
of user profiles) and 208183076 (types).
"""

from __future__ import annotations

from collections.abc import Mapping

# Fields that every project has.
ALWAYS_PRESENT: Mapping[str, str] = {"email": "string", "userId": "string"}
BUILT_IN: Mapping[str, str] = {
    **ALWAYS_PRESENT,
    **dict.fromkeys(
        (
            "phoneNumber",
            "timeZone",
            "locale",
            "ip",
            "city",
            "region",
            "country",
        ),
        "string",
    ),
    "signupDate": "date",
}
# Kinds of a column that give a new field this type. A text is not always a date, and JSON can be anything.
ACCEPTED_KINDS: Mapping[str, frozenset[str]] = {
    "string": frozenset({"text", "uuid", "time"}),
    "date": frozenset({"date", "timestamp"}),
}
