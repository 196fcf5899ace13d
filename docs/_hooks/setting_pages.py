"""The page of settings, from their model."""

from __future__ import annotations

from markdown_pieces import code, table

from reverse_etl.settings import FILE, Settings, variable

_INTRO = f"""# Settings

Write settings at the top level of `{FILE}`, next to `dbt_project.yml`, or set them in the environment. A flag wins over
the environment, and the environment wins over the file.

"""


def settings_page() -> str:
    """Return every setting with its variable, default and meaning."""
    rows = [
        (code(name), code(variable(name)), code(field.default), _sentence(field.description or ""))
        for name, field in Settings.model_fields.items()
    ]
    return _INTRO + table(("Setting", "Variable", "Default", "Meaning"), rows)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
