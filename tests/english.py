"""The words that are not plain English, and where people would read them: pages, docstrings, comments and messages."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# Each word or phrase that makes a reader stop, and what to write instead.
PLAIN_WORDS = {
    r"heed(?:s|ed|less)?": "read, follow (or: ignored)",
    r"mend(?:s|ed|ing)?": "fix",
    r"anew": "again",
    r"once more": "again",
    r"befall(?:s|en)?|befell": "happen",
    r"lest": "so that … not",
    r"(?:whence|thence|hence|thereof|therein|thereby|whereby|wherein|whereof)": "a new sentence",
    r"(?:henceforth|hitherto|thrice|likewise|albeit|forthwith|ere|naught|nought|ought|shall|upon)": "an everyday word",
    r"dear(?:er|est)?": "expensive",
    r"tells?|told|telling": "report, say, show, know",
    r"tak(?:e|es|en|ing) (?:it |them |one |none |this |that |these )?for|took for": "treat as, recognize as",
    r"pass(?:es|ed|ing)? over": "ignore, skip",
    r"lets? (?:\w+ )?in|letting in": "accept, allow",
    r"(?:may|might) not be": "must not be, cannot be",
    r"held to": "must follow",
    r"whatever|whoever|whomever|whichever|whosoever|wherever": "any, every, if, when",
    r"those (?:that|who|which|of)|that of": "name the things again",
    r"(?:of|about|after|before|from) which|(?:of|for|on) whom": "two sentences",
    r"in turn": "then, one after another",
    r"alone": "only",
    r"(?:well|badly) end(?:s|ed)?|ends? (?:well|badly)": "succeed, fail",
    r"beside": "next to, besides",
    r"(?:nobody|somebody|anybody|everybody)(?:'s)?": "no one, someone (or name the role)",
    r"meanwhile": "at the same time",
    r"and the like|the likes? of": "an example, or the full list",
    r"for good": "permanently",
    r"ke(?:ep|eps|pt|eping) back": "hold, skip, stop",
    r"for want of|want of": "without, because … is missing",
    r"in vain|of old|at heart|to and fro|by and by": "an everyday word",
    r"come(?:s)? to nothing|came to nothing": "fail",
    r"goes (?:amiss|astray|wrong when told)": "fails",
    r"a (?:good many|great many|great deal)": "many, much",
    r"that which|save for|be it|be they|as to|none the less|nonetheless": "an everyday word",
}
PATTERN = re.compile(
    "|".join(rf"(?P<w{n}>\b(?:{word})\b)" for n, word in enumerate(PLAIN_WORDS)).replace(" ", r"\s+"), re.IGNORECASE
)
_PLAIN = list(PLAIN_WORDS.values())


class Passage(NamedTuple):
    """Text that people read, with the line it starts at."""

    line: int
    text: str


class Finding(NamedTuple):
    """A word that is not plain, with its place and what to write instead."""

    path: str
    line: int
    word: str
    plain: str

    def __str__(self) -> str:
        return f'{self.path}:{self.line}: "{self.word}"; write: {self.plain}'


def findings(path: str, passages: Iterator[Passage]) -> list[Finding]:
    """Return each word of the list that the passages use."""
    return [
        Finding(path, line + text.count("\n", 0, match.start()), " ".join(match.group().split()), _plain(match))
        for line, text in passages
        for match in PATTERN.finditer(re.sub(r"[ \t]+", " ", text))
    ]


def _plain(match: re.Match[str]) -> str:
    return _PLAIN[next(n for n in range(len(_PLAIN)) if match.group(f"w{n}"))]


def markdown_passages(text: str) -> Iterator[Passage]:
    """Yield a page without its code: blocks and `words` in backticks are names and output."""
    text = re.sub(
        r"^(```|~~~).*?^\1", lambda block: "\n" * block.group().count("\n"), text, flags=re.DOTALL | re.MULTILINE
    )
    yield Passage(1, re.sub(r"`[^`\n]*`", "`", text))


def html_passages(text: str) -> Iterator[Passage]:
    """Yield a template without its tags and expressions."""
    hidden = r"<(style|script)\b.*?</\1>|<[^>]*>|{[{%#].*?[}%#]}"
    yield Passage(1, re.sub(hidden, lambda tag: "\n" * tag.group().count("\n"), text, flags=re.DOTALL))


def python_passages(text: str, with_strings: bool = True) -> Iterator[Passage]:
    """Yield the comments and docstrings of a module, and each string of more than one word."""
    yield from _comments(text)
    tree = ast.parse(text)
    docstrings = set(_docstrings(tree))
    for line, value in _strings(tree):
        if " " in value.strip() and (with_strings or (line, value) in docstrings):
            yield Passage(line, re.sub(r"`[^`\n]*`", "`", value))


def _strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield each string with its line; a placeholder of an f-string is a single character."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
            yield from (string for part in node.values for string in _strings(part))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        else:
            yield from _strings(node)


def _docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value.lineno, str(first.value.value)


def _comments(text: str) -> Iterator[Passage]:
    """Yield comments; lines that follow each other are one passage."""
    start, lines = 0, []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        if lines and token.start[0] != start + len(lines):
            yield Passage(start, "\n".join(lines))
            lines = []
        start = start if lines else token.start[0]
        lines.append(token.string.lstrip("#: "))
    if lines:
        yield Passage(start, "\n".join(lines))


def file_passages(path: Path, with_strings: bool = True) -> Iterator[Passage]:
    """Yield what people read in a file, by its type."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return python_passages(text, with_strings)
    return html_passages(text) if path.suffix == ".html" else markdown_passages(text)
