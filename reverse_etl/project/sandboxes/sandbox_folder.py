"""The data folder of a sandbox: what it says about itself, and what goes wrong with it."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from reverse_etl.dbt.nodes import mapping
from reverse_etl.documents import MEGABYTE, read_json
from reverse_etl.errors import ConfigError

_FILE = "sandbox.json"


@dataclass(frozen=True)
class FolderLabel:
    """What a data folder says about itself: an id and the type of its project. `is_empty`: it has no data."""

    id: str
    project_type: str
    is_empty: bool = False


def read_label(folder: Path) -> FolderLabel | None:
    """Return what a data folder says about itself; None if it is new. Raises ConfigError."""
    path = folder / _FILE
    try:
        said = mapping(read_json(path, MEGABYTE))
        return FolderLabel(str(said["id"]), str(said["project_type"]), said.get("is_empty") is True)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            "broken-sandbox-folder",
            f"{path} cannot be read",
            context={"reason": type(error).__name__},
            hint=f"Delete {folder}. The next run starts with an empty sandbox.",
        ) from error


def write_label(folder: Path, label: FolderLabel) -> FolderLabel:
    (folder / _FILE).write_text(json.dumps(asdict(label)), encoding="utf-8")
    return label


def other_project_type(folder: Path, label: FolderLabel, project_type: str) -> ConfigError:
    return ConfigError(
        "other-project-type",
        f"the sandbox in {folder} holds a project of type {label.project_type}, which cannot become {project_type}",
        context={"folder": folder, "variable": "ITERABLE_PROJECT_TYPE"},
        hint=f"Delete {folder} to start with an empty sandbox, or set the project type back.",
    )


def type_of_folder(folder: Path, label: FolderLabel, allowed: Sequence[str]) -> str:
    """Return why the folder decides the project type, and how to get another type."""
    if label.project_type in allowed or not allowed:
        return "the type of the last run"
    needed = " or ".join(allowed)
    return f"the type of the last run; your definitions need {needed}: delete {shown_path(folder)} to start again"


def shown_path(folder: Path) -> str:
    """Return the folder as a shell takes it, relative to the working directory if it is inside."""
    return shlex.quote(os.path.relpath(folder) if folder.is_relative_to(Path.cwd()) else str(folder))


def viewing_hint(folder: Path, project_type: str) -> str:
    return (
        f"to see what arrived: reverse-etl sandbox --data-dir {shown_path(folder)} --project-type {project_type}"
        "; status, history, rejected and requeue take --sandbox too"
    )
