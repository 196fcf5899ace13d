"""The documentation as readers see it: README, the pages of the site, and the pages that are made from the code."""

from __future__ import annotations

import sys
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
