"""The page of settings, from their model."""

from __future__ import annotations

from markdown_pieces import code, table

from reverse_etl.definition.defaults import ProjectDefaults
from reverse_etl.settings import FILE, Settings, variable

_INTRO = f"""# Settings

Write settings at the top level of `{FILE}`, next to `dbt_project.yml`, or set them in the environment. A flag wins over
the environment, and the environment wins over the file.

"""
_DEFAULTS = f"""
## Defaults for definitions

Keys of a definition that `{FILE}` may hold at the top level, for all syncs, and below `targets:` and the name of a dbt
target, for the runs with that target. What a definition says wins over the target, and the target wins over the
project. Mappings such as `guards` are combined key by key. [When a guard stops a
run](../guides/guards.md#defaults-for-all-syncs) has an example.

"""


def settings_page() -> str:
    """Return every setting with its variable, default and meaning."""
    rows = [
        (code(name), code(variable(name)), code(field.default), _sentence(field.description or ""))
        for name, field in Settings.model_fields.items()
    ]
    settings = table(("Setting", "Variable", "Default", "Meaning"), rows)
    return _INTRO + settings + _DEFAULTS + table(("Key", "Meaning"), _default_rows())


def _default_rows() -> list[tuple[str, str]]:
    return [(code(name), _sentence(field.description or "")) for name, field in ProjectDefaults.model_fields.items()]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
