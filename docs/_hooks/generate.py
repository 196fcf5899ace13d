"""MkDocs hooks: add the reference pages and the menu of objects, made from the code, and label the cells of tables."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).parent))

from pages import generated_pages
from table_labels import label_cells

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


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Label the cells of the page's tables."""
    del page, config, files
    return label_cells(html)
