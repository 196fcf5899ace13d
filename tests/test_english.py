"""What people read is plain English: pages, docstrings, comments and messages keep the words of `english.py` out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documentation import GENERATED, ROOT
from tests.english import Finding, Passage, file_passages, findings, markdown_passages, python_passages

# A word that stays, with the file it is in. Each one has a reason.
_ALLOWED = {
    ("reverse_etl/snapshot/rejections.py", "alone"): "a column of a query",
}

READ_BY_USERS = sorted(
    path
    for pattern in ("reverse_etl/**/*.py", "reverse_etl/**/*.html", "docs/**/*.md", "docs/_hooks/*.py", "*.md")
    for path in ROOT.glob(pattern)
)
# The strings of tests are also examples and quotations: of tests, only docstrings and comments count.
READ_BY_DEVELOPERS = sorted(path for path in ROOT.glob("tests/**/*.py") if path.name != "english.py")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def complaints(name: str, passages: Iterator[Passage]) -> list[Finding]:
    return [finding for finding in findings(name, passages) if (name, finding.word.lower()) not in _ALLOWED]


def assert_plain(found: list[Finding]) -> None:
    assert not found, "\n".join(["These words are not plain English:", *map(str, found)])


def in_folder(paths: list[Path], folder: str) -> list[Path]:
    return [path for path in paths if name_of(path.parent) == folder]


FOLDERS = sorted({name_of(path.parent) for path in READ_BY_USERS})


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_users_read_is_plain(folder: str) -> None:
    paths = in_folder(READ_BY_USERS, folder)
    assert_plain([found for path in paths for found in complaints(name_of(path), file_passages(path))])


@pytest.mark.parametrize("page", sorted(GENERATED))
def test_generated_pages_are_plain(page: str) -> None:
    assert_plain(complaints(page, markdown_passages(GENERATED[page])))


def test_docstrings_and_comments_of_tests_are_plain() -> None:
    assert_plain(
        [f for path in READ_BY_DEVELOPERS for f in complaints(name_of(path), file_passages(path, with_strings=False))]
    )


def test_an_old_word_is_found_in_each_kind_of_text() -> None:
    module = '"""Say it.\n\nTold anew."""\n\n# What befalls\n# nobody\nx = f"the row {1} is told"\ny = "told"\n'
    assert [(f.line, f.word) for f in findings("m.py", python_passages(module))] == [
        (5, "befalls"),
        (6, "nobody"),
        (3, "Told"),
        (3, "anew"),
        (7, "told"),
    ]
    page = "Run it.\n\n```sql\nselect told\n```\n\nThe `told` row is those\nthat fail.\n"
    assert [str(f) for f in findings("p.md", markdown_passages(page))] == [
        'p.md:7: "those that"; write: name the things again'
    ]


@pytest.mark.parametrize(("name", "word"), sorted(_ALLOWED))
def test_each_exception_is_still_needed(name: str, word: str) -> None:
    path = ROOT / name
    assert word in {finding.word.lower() for finding in findings(name, file_passages(path))}
