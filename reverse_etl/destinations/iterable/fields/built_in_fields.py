"""Built-in profile fields of Iterable, and the types that they must have.

A field's type is set by its first value for ever, also of these. Sources: support articles 217744303 (fields of user
profiles) and 208183076 (types).
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
# Kinds of a column that give a new field this type. A text may be no date, and JSON can be anything.
ACCEPTED_KINDS: Mapping[str, frozenset[str]] = {
    "string": frozenset({"text", "uuid", "time"}),
    "date": frozenset({"date", "timestamp"}),
}
