"""A key that shows nowhere: not in text, not in copies, not in tracebacks."""

from __future__ import annotations

import copy
import pickle
import traceback
from dataclasses import asdict

import pytest

from reverse_etl.destinations.iterable.protocol.client_config import ClientConfig
from reverse_etl.secret import Secret

REAL = "0123456789abcdef0123456789abcdef"
SECRET = Secret(REAL)
ACCESS = ClientConfig("https://api.iterable.com", SECRET, 1.0)


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        "{!r}".format,
        "%s".__mod__,
        ascii,
        lambda s: f"{s}",
        lambda s: repr([s]),
        lambda s: repr({s: s}),
    ],
)
def test_no_way_of_printing_shows_it(show):
    assert REAL not in show(SECRET)
    assert "****" in show(SECRET)


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy, "{:>20}".format])
def test_no_way_of_writing_it_works(write):
    with pytest.raises(TypeError) as caught:
        write(SECRET)
    assert REAL not in str(caught.value)


def test_an_access_shows_as_little():
    assert REAL not in repr(ACCESS)
    assert REAL not in str(ACCESS)
    for write in (pickle.dumps, asdict, copy.deepcopy):
        with pytest.raises(TypeError):
            write(ACCESS)


def test_a_traceback_with_its_locals_does_not_show_it():
    key = SECRET
    access = ACCESS
    with pytest.raises(ZeroDivisionError) as caught:
        len([key, access]) / 0
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "Secret('****')" in shown
    assert REAL not in shown


def test_it_is_revealed_as_it_is():
    assert Secret(" x\n").reveal() == " x\n"
    assert bool(Secret("x"))
    assert not Secret("")


def test_it_compares_and_hashes_by_its_text():
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("\u00e9") != "\u00e9"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_a_fingerprint_tells_keys_and_salts_apart_and_is_stable():
    prints = [Secret(k).fingerprint(salt) for k in ("a", "b") for salt in ("s", "t")]
    assert len(set(prints)) == 4
    assert Secret("a").fingerprint("s") == prints[0]
    assert all(len(one) == 32 for one in prints)


@pytest.mark.parametrize(
    ("text", "odd"), [("abc-1.2_3", False), ("a b", True), ("a\t", True), ("\x7f", True), ("\u00e9", True)]
)
def test_odd_characters_are_seen(text, odd):
    assert Secret(text).has_odd_characters() is odd
