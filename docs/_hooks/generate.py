"""MkDocs hook: adds the reference pages and the menu of objects. Both are made from the code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

sys.path.insert(0, str(Path(__file__).parent))

from pages import generated_pages

from reverse_etl.destinations.iterable import OBJECTS


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill the menu `Objects` with the page of each object, in the order of the table."""
    for section in config.nav or ():
        if "Objects" in section:
            section["Objects"] = [{name: f"objects/{name}.md"} for name in OBJECTS]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add each generated page, as if it were a file of the folder."""
    for path, text in generated_pages().items():
        files.append(File.generated(config, path, content=text))
    return files
