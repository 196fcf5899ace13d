"""What a sample of texts says about a field: warnings with the form and the fix, and never a text itself."""

from __future__ import annotations

import pytest

from reverse_etl.destinations.inspection import Inspection, NewField
from reverse_etl.destinations.iterable.fields.date_fields import DateSample, add_date_findings

SLASHES = "dd/MM/yyyy"
FRACTIONS = "yyyy-MM-dd HH:mm:ss.SSS"
NEW = Inspection((NewField("f", "string"), NewField("n", "long")))
UNINFERRED = Inspection((NewField("f", "string"),), inferring=False)


def known(kind):
    return Inspection(types={"f": kind})


def judged(inspection, count, **matches):
    """The warnings, and the field if it is new."""
    names = {"slashes": SLASHES, "fractions": FRACTIONS, "accepted": "accepted"}
    found = add_date_findings(inspection, {"f": DateSample(count, {names[name]: n for name, n in matches.items()})})
    return found.warnings, next((item for item in found.new_fields if item.field == "f"), None)


@pytest.mark.parametrize("inspection", [NEW, UNINFERRED, known("string"), known("date"), known("long")])
def test_an_empty_sample_says_nothing(inspection):
    warnings, field = judged(inspection, 0)
    assert warnings == ()
    assert field in (None, NewField("f", "string"))


@pytest.mark.parametrize("inspection", [NEW, UNINFERRED, known("string")])
@pytest.mark.parametrize("odd", [0, 1, 50])
def test_texts_that_are_mostly_no_dates_are_texts(inspection, odd):
    assert judged(inspection, 100, slashes=odd)[0] == ()


@pytest.mark.parametrize(
    ("inspection", "words"),
    [
        (NEW, "would make it a string permanently"),
        (UNINFERRED, "would be strings"),
        (known("string"), "map the field to a new name"),
    ],
)
def test_dates_that_iterable_takes_for_texts_are_told_with_their_form_and_the_fix(inspection, words):
    [warning], _ = judged(inspection, 10_000, slashes=8000, fractions=1312)
    assert "field `f`: 9,312 of 10,000 texts are dates" in warning
    assert f"`{SLASHES}`" in warning
    assert words in warning
    assert "cast the column to a date or timestamp in the model" in warning


def test_a_new_field_of_dates_becomes_a_date_for_good():
    warnings, field = judged(NEW, 10, accepted=10)
    assert warnings == ()
    assert field == NewField("f", "date", "its texts all look like dates")


def test_where_types_are_not_inferred_a_text_stays_one():
    assert judged(UNINFERRED, 10, accepted=10) == ((), NewField("f", "string"))


@pytest.mark.parametrize("dates", [1, 9])
def test_a_new_field_of_some_dates_is_a_matter_of_chance(dates):
    [warning], field = judged(NEW, 10, accepted=dates)
    assert f"{dates} of 10 texts {'looks like a date' if dates == 1 else 'look like dates'} to Iterable" in warning
    assert "the first to arrive" in warning
    assert field.type == "string"


@pytest.mark.parametrize(
    ("matches", "misfits", "form"),
    [({"accepted": 10}, 0, ""), ({"accepted": 9}, 1, ""), ({"accepted": 7, "slashes": 2, "fractions": 1}, 3, SLASHES)],
)
def test_texts_that_a_date_field_would_not_take_are_counted(matches, misfits, form):
    warnings, _ = judged(known("date"), 10, **matches)
    assert len(warnings) == bool(misfits)
    for warning in warnings:
        assert f"{misfits} of 10 texts {'is' if misfits == 1 else 'are'} none" in warning
        assert (f"`{form}`" in warning) is bool(form)


def test_warnings_come_after_those_that_were_there_and_other_fields_stay():
    before = Inspection((*NEW.new_fields,), {"x": "long"}, ("first",), ("note",))
    found = add_date_findings(before, {"f": DateSample(2, {SLASHES: 2}), "gone": DateSample(2, {SLASHES: 2})})
    assert found.warnings[0] == "first"
    assert len(found.warnings) == 2
    assert found.new_fields == before.new_fields
    assert (found.types, found.notes) == (before.types, before.notes)
