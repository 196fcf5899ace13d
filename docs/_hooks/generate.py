"""MkDocs hook: adds the reference pages, which are made from the code, so that each fact has one source."""

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


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add each generated page, as if it were a file of the folder."""
    for path, text in generated_pages().items():
        files.append(File.generated(config, path, content=text))
    return files
