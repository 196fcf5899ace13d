"""The warehouse contract: texts of a model are counted by what they look like, in one query over its first rows."""

from __future__ import annotations

from reverse_etl.destinations.iterable.fields.date_fields import DATE_PATTERNS
from reverse_etl.snapshot.columns.text_samples import PatternCounts, count_patterns
from reverse_etl.sync import Field

COLUMNS = {"email": "VARCHAR", "born": "VARCHAR", "Note's": "VARCHAR", "points": "INTEGER"}
ROWS = [
    ("a@x.y", "2024-01-01", "soon", 1),
    ("b@x.y", "2024-01-01T10:00:00.000Z", "", 2),
    ("c@x.y", "13/04/2020", None, 3),
    ("d@x.y", "2020-04-13 14:04:09.123456", "2020-04-13T14:04:09Z", 4),
    ("e@x.y", "14/04/2020", "it's", 5),
]


def matching(tally: PatternCounts) -> dict[str, int]:
    return {name: count for name, count in tally.matches.items() if count}


class TextSamplesContract:
    """Counts of a sample, by field."""

    def sampled(self, harness, rows=100, patterns=DATE_PATTERNS):
        return count_patterns(harness.warehouse, harness.layout(), patterns, rows)

    def test_texts_are_counted_by_their_forms(self, harness):
        harness.model(COLUMNS, ROWS)
        found = self.sampled(harness)
        assert set(found) == {"born", "Note's"}
        assert (found["born"].texts, found["Note's"].texts) == (5, 4)
        assert matching(found["born"]) == {"accepted": 2, "dd/MM/yyyy": 2, "yyyy-MM-dd HH:mm:ss.SSS": 1}
        assert matching(found["Note's"]) == {"yyyy-MM-ddTHH:mm:ss": 1}

    def test_no_more_rows_are_looked_at_than_asked(self, harness):
        harness.model(COLUMNS, ROWS)
        assert self.sampled(harness, rows=2)["born"].texts == 2

    def test_an_empty_model_has_no_texts(self, harness):
        harness.model(COLUMNS, [])
        assert self.sampled(harness)["born"] == PatternCounts(0, dict.fromkeys(DATE_PATTERNS, 0))

    def test_only_mapped_texts_are_looked_at(self, harness):
        harness.fields = (
            Field("when", "born"),
            Field("userId", "Note's", as_text=True),
            Field("name", "Note's", from_key=True),
            Field("points", "points"),
            Field("kind", None, constant="2024-01-01"),
        )
        harness.model(COLUMNS, ROWS)
        assert set(self.sampled(harness)) == {"when"}

    def test_nothing_to_look_at_asks_nothing(self, harness):
        harness.fields = (Field("points", "points"),)
        harness.model(COLUMNS, ROWS)
        assert self.sampled(harness) == {}

    def test_columns_that_are_compared_by_their_text_are_looked_at_as_such(self, harness):
        harness.fields = (Field("when", "born"), Field("again", "born"))
        harness.model(COLUMNS, ROWS)
        found = self.sampled(harness, patterns={"x": "2024.*"})
        assert found == {"when": PatternCounts(5, {"x": 2}), "again": PatternCounts(5, {"x": 2})}
