"""Makes the page of error messages: every place in the code that makes an error, with its sentence and its hint."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import reverse_etl

_PACKAGE = Path(reverse_etl.__file__).parent
_KINDS = {
    "ConfigError": "Change a file or a flag",
    "Fault": "Change a file or a flag",
    "fault": "Change a file or a flag",
    "WarehouseError": "The warehouse: a right, a table, a lock",
    "LeaseError": "The warehouse: a right, a table, a lock",
    "DestinationError": "Iterable refused the run as a whole",
    "Problem": "The end of a sync",
    "Outcome": "The outcome of a row",
    "UnfitRow": "The outcome of a row",
    "Requirement": "The outcome of a row",
}
_INTRO = """# Error messages

Every error with its sentence and, in italics, its hint. [Error codes](errors.md) says what each code means. Words
in braces are filled in.
"""


@dataclass(frozen=True)
class Raised:
    """One place that makes an error: its code, what kind it is, its sentence and its hint."""

    code: str
    kind: str
    sentence: str
    hint: str


def errors_page() -> str:
    """Return every error by kind and code."""
    raised = sorted({(one.kind, one.code, one.sentence, one.hint) for one in raised_errors()})
    lines = [_INTRO]
    kind = code = ""
    for its_kind, its_code, sentence, hint in raised:
        if its_kind != kind:
            lines.append(f"\n## {its_kind}\n")
        if (its_kind, its_code) != (kind, code):
            lines.append(f"\n### `{its_code}`\n")
        kind, code = its_kind, its_code
        lines.append(f"{_escaped(sentence)}\n" if sentence else "")
        lines.append(f"*{_escaped(hint)}*\n" if hint else "")
    return "\n".join(lines)


def raised_errors() -> Iterator[Raised]:
    """Yield what the source of the package says of each error."""
    for path in sorted(_PACKAGE.rglob("*.py")):
        if "sandbox" not in path.relative_to(_PACKAGE).parts[:1]:
            yield from _raised_in(ast.parse(path.read_text(encoding="utf-8")), {})


def _raised_in(tree: ast.AST, variables: Mapping[str, str]) -> Iterator[Raised]:
    """Yield the errors of a file or a function. `variables` are the texts that its names hold."""
    for node in ast.iter_child_nodes(tree):
        known = {**variables, **_assigned_texts(node)} if isinstance(node, ast.FunctionDef) else variables
        if isinstance(node, ast.Call) and (found := _raised(node, known)) is not None:
            yield found
        yield from _raised_in(node, known)


def _assigned_texts(function: ast.FunctionDef) -> Mapping[str, str]:
    """Return the text of each local name that is assigned one. Of several, the last one counts."""
    assigned = (node for node in ast.walk(function) if isinstance(node, ast.Assign))
    pairs = ((target, _text(node.value, {})) for node in assigned for target in node.targets)
    return {target.id: text for target, text in pairs if isinstance(target, ast.Name) and text}


def _raised(call: ast.Call, variables: Mapping[str, str]) -> Raised | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in _KINDS:
        return None
    texts = [_text(one, variables) for one in call.args]
    place = next((i for i, text in enumerate(texts) if text and _is_code(text)), None)
    if place is None:
        return None
    hint = next((_text(word.value, variables) for word in call.keywords if word.arg == "hint"), "")
    after = texts[place + 1 :]
    hint = hint or (after[1] if name == "Problem" and len(after) > 1 else "")
    return Raised(texts[place], _KINDS[name], after[0] if after else "", hint)


def _is_code(text: str) -> bool:
    return text.replace("-", "").isalpha() and text == text.lower() and " " not in text


def _text(node: ast.expr, variables: Mapping[str, str]) -> str:
    """Return the text of a literal or of a known name, with the names of what is filled in; empty for anything else."""
    if isinstance(node, ast.Name):
        return variables.get(node.id, "")
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        pieces = (_text(one, {}) if isinstance(one, ast.Constant) else _filled(one) for one in node.values)
        return "".join(pieces)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left, variables) + _text(node.right, variables)
    if isinstance(node, ast.IfExp):
        return _text(node.body, variables) or _text(node.orelse, variables)
    return ""


def _filled(node: ast.expr) -> str:
    inner = node.value if isinstance(node, ast.FormattedValue) else node
    named = [
        one.attr if isinstance(one, ast.Attribute) else one.id
        for one in ast.walk(inner)
        if isinstance(one, (ast.Attribute, ast.Name))
    ]
    return "{" + (named[0].strip("_") if named else "…") + "}"


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace("*", "\\*")
