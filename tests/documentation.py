"""The documentation as readers see it: README, the pages of the site, and the pages that are made from the code."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _generated() -> dict[str, str]:
    sys.path.insert(0, str(DOCS / "_hooks"))
    from pages import generated_pages

    return dict(generated_pages())


WRITTEN = {path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md"))}
GENERATED = _generated()
PAGES = {**WRITTEN, **GENERATED}
TEXT = "\n".join([README, *PAGES.values()])


@dataclass(frozen=True)
class Example:
    """A complete definition of the docs, with a query for the model's only row and the type of its project."""

    definition: str
    query: str
    project_type: str


# A comment that no reader sees stands before each complete example: `<!-- complete`, the query, `-->`.
_COMPLETE = re.compile(
    r"^<!-- complete(?:, project_type: (\w+))?\n(.*?)\n-->\n```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
EXAMPLES = tuple(Example(found[3], found[2], found[1] or "email") for found in _COMPLETE.finditer(TEXT))
