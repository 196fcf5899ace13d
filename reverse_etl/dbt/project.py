"""Finds the folders of a dbt project and of dbt's output; reads only dbt_project.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reverse_etl.dbt.jinja import Renderer
from reverse_etl.documents import read_yaml
from reverse_etl.errors import ConfigError

PROJECT_FILE = "dbt_project.yml"
# The file in which dbt 1.x saves its last parse, in the folder of the manifest.
PARTIAL_PARSE = "partial_parse.msgpack"


@dataclass(frozen=True)
class Locations:
    """Absolute paths. `manifest_is_default`: the manifest is the one in dbt's own target folder."""

    project_dir: Path
    target_path: Path
    manifest: Path
    run_results: Path
    manifest_is_default: bool


def locate(
    project_dir: Path | None,
    target_path: Path | None,
    manifest: Path | None,
    env: Mapping[str, str],
    variables: Mapping[str, object] | None = None,
) -> Locations:
    """Resolve flags, dbt's environment variables and dbt_project.yml in dbt's order.

    A relative target path starts at the project, a relative manifest path at the current folder. With `--manifest`,
    run_results.json is read from the folder of the manifest, unless `--target-path` was also given. Raises ConfigError
    `missing-project` if there is neither a dbt_project.yml nor a `--manifest`.
    """
    project = (project_dir or from_env(env, "PROJECT_DIR") or _nearest_project()).expanduser().absolute()
    if manifest is None and not (project / PROJECT_FILE).is_file():
        raise _missing_project(project)
    named_target = target_path or from_env(env, "TARGET_PATH")
    target = project / (named_target or _project_target(project, Renderer(env, variables))).expanduser()
    if manifest is None:
        return Locations(
            project, target, target / "manifest.json", target / "run_results.json", manifest_is_default=True
        )
    chosen = manifest.expanduser().absolute()
    results = (target if named_target else chosen.parent) / "run_results.json"
    return Locations(project, target, chosen, results, manifest_is_default=False)


def from_env(env: Mapping[str, str], name: str) -> Path | None:
    """Return a path from dbt's environment variables; None if it is not set."""
    value = dbt_variable(env, name)
    return Path(value) if value else None


def dbt_variable(env: Mapping[str, str], name: str) -> str | None:
    """Return the value of DBT_ENGINE_<name> (dbt 1.11 and later) or DBT_<name>. An empty value counts as not set."""
    return env.get(f"DBT_ENGINE_{name}") or env.get(f"DBT_{name}") or None


def read_project(project_dir: Path) -> dict[str, object]:
    """Return dbt_project.yml as plain values, without rendering; empty if there is none."""
    path = project_dir / PROJECT_FILE
    return read_yaml(path, "broken-project-file") if path.is_file() else {}


def _nearest_project() -> Path:
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / PROJECT_FILE).is_file()), here)


def _project_target(project: Path, renderer: Renderer) -> Path:
    written = read_project(project).get("target-path")
    if not isinstance(written, str):
        return Path("target")
    where = {"file": project / PROJECT_FILE, "key": "target-path"}
    try:
        return Path(str(renderer.render(written, where)))
    except ConfigError as error:
        if error.code != "unrenderable-value":
            raise
        raise ConfigError(
            error.code, error.message, context=error.context, hint="Name the folder with `--target-path`."
        ) from error


def _missing_project(project: Path) -> ConfigError:
    return ConfigError(
        "missing-project",
        f"there is no {PROJECT_FILE} in {project}",
        context={"looked in": project},
        hint="Run inside a dbt project, or name it with `--project-dir` (or its manifest with `--manifest`).",
    )
