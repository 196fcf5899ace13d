"""Documents are read within bounds, and quickly refused beyond them; nothing of them is quoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from reverse_etl.documents import MOST_VALUES, UnreadableError, excess_of, parse_json, parse_yaml, read_json, read_yaml
from reverse_etl.errors import ConfigError

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30))
MERGED = "a: &a {" + ", ".join(f"k{n}: 1" for n in range(5000)) + "}\nb: {<<: [" + ", ".join(["*a"] * 2000) + "]}\n"
ITSELF = "a: &a\n  b: *a\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "holds more than 100,000 values"),
        (MERGED, "holds more than 100,000 values"),
        (ITSELF, "holds more than 100,000 values"),
        ("[" * 5000, "is nested too deep"),
        ("[" * 60 + "]" * 60, "is nested deeper than 50 levels"),
        ("a: " + "9" * 30, "holds a whole number of more than 64 bits"),
        ("a: " + "9" * 100_000, "is not valid YAML"),
        ("a: 0x" + "f" * 100_000, "holds a whole number of more than 64 bits"),
        ("k: 'hidden-key\nother: 1", "is not valid YAML at line 2"),
    ],
    ids=["aliases", "merge keys", "itself", "open", "deep", "number", "digits", "hexadecimal", "quote"],
)
def test_yaml_beyond_the_bounds_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UnreadableError) as raised:
        parse_yaml(text)
    assert str(raised.value).startswith(reason)
    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\nb: 2\na: 3\n", "has the key `a` twice, at lines 1 and 3"),
        ("top:\n  inner: {limit: 5, other: 1, limit: 6}\n", "has the key `limit` twice, at lines 2 and 2"),
        ("a: 1\n'a': 2\n", "has the key `a` twice, at lines 1 and 2"),
        ("1: x\n'1': y\n", "has the key `1` twice, at lines 1 and 2"),
        (f"{'f' * 32}: 1\n{'f' * 32}: 1\n", "has a key twice, at lines 1 and 2"),
    ],
    ids=["top", "flow", "quoted", "number", "perhaps a secret"],
)
def test_a_key_that_is_written_twice_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UnreadableError) as raised:
        parse_yaml(text)
    assert str(raised.value) == reason


def test_a_key_may_replace_what_is_merged() -> None:
    assert parse_yaml("a: &a {k: 1, l: 2}\nb: {<<: *a, k: 3}\nc: {<<: *a, <<: {m: 4}}") == {
        "a": {"k": 1, "l": 2},
        "b": {"k": 3, "l": 2},
        "c": {"k": 1, "l": 2, "m": 4},
    }


def test_yaml_within_the_bounds_is_read() -> None:
    assert parse_yaml("a: &a {k: 1}\nb: {<<: *a, l: *a}") == {"a": {"k": 1}, "b": {"k": 1, "l": {"k": 1}}}
    assert parse_yaml("[" * 50 + "]" * 50) is not None
    assert parse_yaml(f"a: {2**64 - 1}") == {"a": 2**64 - 1}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "is nested too deep"),
        ("9" * 101, "holds a number of 101 digits"),
        ("-" + "9" * 3_000_000, "holds a number of 3,000,001 digits"),
        ('{"key": "hidden', "is not complete JSON (line 1, column 9)"),
        (b"\xff\xfe", "is not complete JSON"),
    ],
)
def test_json_beyond_the_bounds_is_refused(text: str | bytes, reason: str) -> None:
    with pytest.raises(UnreadableError) as raised:
        parse_json(text)
    assert str(raised.value).startswith(reason)
    assert "hidden" not in str(raised.value)


def test_files_beyond_the_bounds_are_not_even_read(tmp_path: Path) -> None:
    file = tmp_path / "some.file"
    with file.open("wb") as sparse:
        sparse.truncate(5 * 1024 * 1024)
    with pytest.raises(UnreadableError, match="is larger than 1 MB"):
        read_json(file, 1024 * 1024)
    with pytest.raises(ConfigError, match="is larger than 4 MB"):
        read_yaml(file, "broken-file")


def test_values_count_with_their_keys() -> None:
    assert excess_of([0] * (MOST_VALUES - 1)) == ""
    assert excess_of([0] * MOST_VALUES) != ""
    assert excess_of({"a": {2**70: 1}}) == "holds a whole number of more than 64 bits"
