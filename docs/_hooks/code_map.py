"""The map of the code: every folder and module with the first line of its docstring."""

from __future__ import annotations

import ast
from pathlib import Path

import reverse_etl

_PACKAGE = Path(reverse_etl.__file__).parent
_INTRO = """# Map of the code

Each module says in its first line what it owns. Imports point one way, from the command line to the values:
[Architecture](../design/architecture.md) says why.
"""


def code_map_page() -> str:
    """Return a section for each folder, the package's own first."""
    folders = sorted({path.parent for path in _PACKAGE.rglob("*.py")})
    return _INTRO + "\n".join(_section(folder) for folder in folders)


def _section(folder: Path) -> str:
    name = "reverse_etl/" if folder == _PACKAGE else f"reverse_etl/{folder.relative_to(_PACKAGE).as_posix()}/"
    lines = [f"\n## `{name}`\n"]
    for path in sorted(folder.glob("*.py")):
        first = _first_line(path)
        if first:
            lines.append(f"- `{path.name}`: {first}")
    return "\n".join(lines) + "\n"


def _first_line(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0].replace("<", "&lt;")
