"""The generated reference pages: path to Markdown. Every fact comes from the code of the package."""

from __future__ import annotations

from api_pages import api_page
from code_map import code_map_page
from command_pages import commands_page
from definition_pages import definition_page
from error_pages import errors_page
from guard_pages import guards_page
from setting_pages import settings_page


def generated_pages() -> dict[str, str]:
    """Return the Markdown of each page by its path below `docs/`."""
    return {
        "reference/commands.md": commands_page(),
        "reference/python-api.md": api_page(),
        "reference/settings.md": settings_page(),
        "reference/definition.md": definition_page(),
        "reference/guards.md": guards_page(),
        "reference/error-messages.md": errors_page(),
        "reference/code-map.md": code_map_page(),
    }
