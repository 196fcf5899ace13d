"""Every message agrees with its number: one row *has*, two rows *have*. The source is scanned for others."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import reverse_etl
from reverse_etl.counting import agree, are, plural, were
from reverse_etl.sandbox.plurals import pluralize

PACKAGE = Path(reverse_etl.__file__).parent
# What a number is put into a text as: a length, a count, or anything with a separator of thousands.
_NUMBER = re.compile(
    r"\blen\(|\bsum\(|(?<![a-z])count|(?<![a-z])number|total|rows?\b|entries|limit|size|removed|planned|accepted|rejected"
)
# A plural after a number, perhaps with a word between them, or a verb of several.
_NOT_COUNTED = r"(?:of|that|and|or|to|in|is|was|has|at|more|than|with|from|by|ms|s|exceeds|has|holds|lacks)"
_SEVERAL = re.compile(
    rf"\s+(?!{_NOT_COUNTED}\b)(?:(?:accepted|custom|other|planned|sent|unique|static)\s+)?"
    r"(?:(?:are|have|were|do|look|count|differ)\b|[a-z]+[^\W\d_s]s\b(?!/))"
)
_BEFORE_NOUN = re.compile(
    r"\{[^{}]*\}\s+(?:row|request|field|fault|entry|entrie|item|user|event|line|file|list|text)s\b"
)
_TEMPLATE = re.compile(r"\}\}\s+(?:row|request|field|item|user|event|line|file|list|member|byte|change)s\b")
# Texts in which the number is never 1, or is no count: file, and what the placeholder holds.
ALLOWED = {
    ("sandbox/http/log_entries.py", "len(value)"): "a text that is shortened has hundreds of characters",
}


def _texts(source: str) -> Iterator[ast.JoinedStr]:
    yield from (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.JoinedStr))


def bare_numbers(source: str) -> list[tuple[str, str]]:
    """Placeholders of a number with the plural that follows them in the text for any number."""
    found = []
    for text in _texts(source):
        for value, after in zip(text.values, text.values[1:], strict=False):
            if not isinstance(value, ast.FormattedValue) or not isinstance(after, ast.Constant):
                continue
            held, form = ast.unparse(value.value), ast.unparse(value.format_spec)[2:-1] if value.format_spec else ""
            # A constant in capitals is a limit that is well above 1, and `.6f` is a measure.
            if held.isupper() or held.startswith(("plural(", "pluralize(", "_share(")) or form == ".6f":
                continue
            several = _SEVERAL.match(str(after.value))
            if several and (form in (",", "g", ",.0f", ".0f") or _NUMBER.search(held)):
                found.append((held, several.group().strip()))
    return found


def bare_templates(source: str) -> list[str]:
    """The same of texts for `str.format`: strings with a placeholder before a plural."""
    constants = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return [one for one in constants if isinstance(one, str) and _BEFORE_NOUN.search(one)]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_number_stands_before_a_plural_without_a_look_at_it(path: Path) -> None:
    source, name = path.read_text(encoding="utf-8"), str(path.relative_to(PACKAGE))
    assert [one for one in bare_numbers(source) if (name, one[0]) not in ALLOWED] == []
    assert bare_templates(source) == []


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.html")), ids=lambda path: path.name)
def test_no_page_of_the_sandbox_does_either(path: Path) -> None:
    assert not _TEMPLATE.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('f"{rows:,} rows have"', [("rows", "rows")]),
        ('f"{len(faults)} faults; nothing"', [("len(faults)", "faults")]),
        ('f"its {rows} accepted rows count"', [("rows", "accepted rows")]),
        ('f"{entries:,} were accepted"', [("entries", "were")]),
        ('f"{hours:g} hours"', [("hours", "hours")]),
        ('f"at most {MOST} bytes"', []),
        ("f\"{plural(rows, 'row')} were\"", []),
        ('f"{path} holds names"', []),
        ("f\"{rows:,} of {plural(total, 'row')}\"", []),
    ],
)
def test_what_the_scan_finds(text: str, found: list[tuple[str, str]]) -> None:
    assert bare_numbers(text) == found


def test_one_is_no_plural() -> None:
    assert [plural(number, "row") for number in (0, 1, 2, 2000)] == ["0 rows", "1 row", "2 rows", "2,000 rows"]
    assert [plural(number, "entry", "entries") for number in (1, 2)] == ["1 entry", "2 entries"]
    assert [(were(number), are(number), agree(number, "looks", "look")) for number in (1, 2)] == [
        ("was", "is", "looks"),
        ("were", "are", "look"),
    ]
    assert [pluralize(number, "item") for number in (1, 1001)] == ["1 item", "1001 items"]
