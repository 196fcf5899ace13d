"""Texts that are dates to Iterable, texts that are dates to people only, and texts that are none."""

from __future__ import annotations

import re

import duckdb
import pytest

from reverse_etl.destinations.iterable.fields.date_formats import ACCEPTED_DATE, UNRECOGNIZED_FORMATS, is_date
from reverse_etl.warehouses.duckdb import DuckDBDialect

DATES = [
    "2024-01-01",
    "2024-02-29",
    "2024-01-01 23:59:59",
    "2024-01-01 10:00:00 +00:00",
    "2024-01-01 10:00:00 -11:30",
    "2024-01-01T10:00:00.000Z",
    "2024-01-01T10:00:00.000+00:00",
    "2024-01-01T10:00:00.000+0000",
]
DATES_TO_PEOPLE = {
    "2020-04-13 14:04:09.000": "yyyy-MM-dd HH:mm:ss.SSS",
    "2020-04-13 14:04:09.123456+00": "yyyy-MM-dd HH:mm:ss.SSS",
    "2020-04-13 14:04:09+00": "yyyy-MM-dd HH:mm:ssZ",
    "2020-04-13 14:04:09+00:00": "yyyy-MM-dd HH:mm:ssZ",
    "2020-04-13 14:04:09 +0000": "yyyy-MM-dd HH:mm:ssZ",
    "2020-04-13 14:04:09Z": "yyyy-MM-dd HH:mm:ssZ",
    "2020-04-13 14:04:09 UTC": "yyyy-MM-dd HH:mm:ssZ",
    "2020-04-13T14:04:09": "yyyy-MM-ddTHH:mm:ss",
    "2020-04-13T14:04:09Z": "yyyy-MM-ddTHH:mm:ss",
    "2020-04-13T14:04:09.123": "yyyy-MM-ddTHH:mm:ss",
    "2020-04-13T14:04:09.12Z": "yyyy-MM-ddTHH:mm:ss",
    "2020-04-13T14:04:09.123456+02:00": "yyyy-MM-ddTHH:mm:ss",
    "2020-04-13 14:04": "yyyy-MM-dd HH:mm",
    "2020-4-3": "yyyy-M-d",
    "2020-04-3 10:00": "yyyy-M-d",
    "2020/04/13": "yyyy/MM/dd",
    "13/04/2020": "dd/MM/yyyy",
    "4/13/20 10:00 PM": "dd/MM/yyyy",
    "13.04.2020": "dd.MM.yyyy",
    "13-04-2020": "dd-MM-yyyy",
    "13 Apr 2020": "d MMM yyyy",
    "13-Apr-2020": "d MMM yyyy",
    "Mon, 13 Apr 2020 10:00:00 GMT": "d MMM yyyy",
    "April 13, 2020": "MMM d, yyyy",
    "Apr 13 2020": "MMM d, yyyy",
}
NO_DATES = [
    "",
    " ",
    "hello",
    "1.2.3",
    "2024",
    "12345",
    "2024-01-01x",
    " 2024-01-01",
    "2024-13-01",
    "2024-01-01 24:00:00",
]


def in_python(pattern, text):
    return bool(re.fullmatch(pattern, text))


def in_the_warehouse(pattern, text):
    dialect = DuckDBDialect()
    return duckdb.sql(f"SELECT {dialect.matches(dialect.literal(text), pattern)}").fetchall() == [(True,)]


@pytest.mark.parametrize("matches", [in_python, in_the_warehouse])
@pytest.mark.parametrize("text", [*DATES, *DATES_TO_PEOPLE, *NO_DATES])
def test_every_text_has_one_form_at_most(matches, text):
    forms = [
        name for name, pattern in {"accepted": ACCEPTED_DATE, **UNRECOGNIZED_FORMATS}.items() if matches(pattern, text)
    ]
    expected = ["accepted"] if text in DATES else [DATES_TO_PEOPLE[text]] if text in DATES_TO_PEOPLE else []
    assert forms == expected


@pytest.mark.parametrize("text", DATES)
def test_dates(text):
    assert is_date(text)


@pytest.mark.parametrize("text", [*DATES_TO_PEOPLE, *NO_DATES, "2023-02-29", "2024-04-31 10:00:00"])
def test_no_dates(text):
    assert not is_date(text)


def test_every_form_has_an_example():
    assert set(DATES_TO_PEOPLE.values()) == set(UNRECOGNIZED_FORMATS)
