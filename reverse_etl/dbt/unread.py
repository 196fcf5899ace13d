"""Finds definitions that are not read: misspelled tags, tags in the wrong place, lost keys, changed files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from reverse_etl.dbt.manifest import Manifest, Model
from reverse_etl.dbt.project import Locations
from reverse_etl.dbt.staleness import Staleness
from reverse_etl.dbt.tags import TAG, misspelt_tags
from reverse_etl.documents import RepeatedKeyError, UnreadableError, parse_yaml

_MOST_NAMED = 3


def unread_tags(manifest: Manifest) -> Iterator[str]:
    """Return a sentence for each misspelled tag and for each tag in the wrong place."""
    for node in manifest.nodes.values():
        where = f"{node.resource_type} `{node.name}` ({node.patch_file or node.file})"
        for key in misspelt_tags(node.meta):
            yield f"{where}: `{key}` under `meta` is not read; rename it to `{TAG}`"
        for key in (*misspelt_tags(node.config), *(key for key in node.config if key == TAG)):
            yield f"{where}: `{key}` under `config` is not read; write it under `config: meta:`, as `{TAG}`"
    for node in manifest.others.values():
        if TAG in node.meta or misspelt_tags(node.meta):
            what = node.resource_type.replace("_", " ")
            yield f"{what} `{node.name}`: its `{TAG}` entry is not read; only models, seeds and snapshots are synced"


def repeated_keys(manifest: Manifest, project: Path) -> Iterator[str]:
    """Return a sentence for each file with definitions that has a key twice. dbt reads only the last one."""
    tagged = (node for node in manifest.nodes.values() if TAG in node.meta)
    names = {node.patch_file for node in tagged if manifest.project_name in (None, node.package)}
    repetitions = ((name, _repetition(project / name)) for name in sorted(name for name in names if name))
    yield from (f"{name} {found}; dbt reads only the last one" for name, found in repetitions if found)


def misspelt_marks(node: Model) -> list[tuple[str, str]]:
    """Return columns of a model with the misspelled tags in their meta."""
    return [(column.name, key) for column in node.columns for key in misspelt_tags(column.meta)]


def changed_files(stale: Staleness, locations: Locations) -> list[str]:
    """Return a sentence if files of untagged models changed after dbt read them."""
    if not stale.others:
        return []
    named = ", ".join(_relative_path(path, locations.project_dir) for path in stale.others[:_MOST_NAMED])
    more = f" and {len(stale.others) - _MOST_NAMED} more" if len(stale.others) > _MOST_NAMED else ""
    return [f"changed after dbt wrote the manifest and not read yet: {named}{more}; run `dbt parse` to read them"]


def _repetition(path: Path) -> str:
    try:
        parse_yaml(path.read_bytes())
    except RepeatedKeyError as error:
        return str(error)
    except (OSError, UnreadableError):
        return ""
    return ""


def _relative_path(path: Path, project: Path) -> str:
    return os.path.relpath(path, project)
