"""run_results.json: what the last dbt command built and tested, and whether that speaks against a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from reverse_etl.dbt.manifest import Manifest
from reverse_etl.dbt.nodes import Model, mapping, text
from reverse_etl.dbt.project import Locations
from reverse_etl.errors import ConfigError

_BAD = ("error", "fail", "runtime error", "partial success", "skipped")


@dataclass(frozen=True)
class Build:
    """The last dbt command. `statuses` holds dbt's word for each node it came to, by unique id.

    `target` and `profile` are dbt's flags, where they were given. `lists_flags`: dbt says which flags were given.
    """

    generated_at: str | None = None
    invocation_id: str | None = None
    target: str | None = None
    profile: str | None = None
    lists_flags: bool = False
    statuses: Mapping[str, str] = field(default_factory=dict)


def read_build(locations: Locations) -> Build:
    """The last run results; an empty Build where there are none. Raises ConfigError `broken-run-results`."""
    path = locations.run_results
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return Build()
    except (OSError, ValueError, RecursionError) as error:
        raise _broken(locations, f"cannot be read ({error})") from error
    if not isinstance(content, dict) or not isinstance(content.get("results"), list):
        raise _broken(locations, "does not hold run results")
    metadata = mapping(content.get("metadata"))
    results = [mapping(result) for result in content["results"]]
    args = mapping(content.get("args"))
    return Build(
        generated_at=text(metadata.get("generated_at")),
        invocation_id=text(metadata.get("invocation_id")),
        target=text(args.get("target")),
        profile=text(args.get("profile")),
        lists_flags="project_dir" in args,  # dbt v2 names only the command
        statuses={str(result.get("unique_id")): str(result.get("status")).lower() for result in results},
    )


def build_problem(build: Build, manifest: Manifest, unique_id: str) -> str | None:
    """Why the last dbt command speaks against sending this model, in one sentence; None where nothing does.

    That is: the model itself, or a test on it that is not of severity `warn`, failed or was skipped. What the command
    did not come to speaks neither way. `unique_id` is one of the manifest's `nodes`.
    """
    node = manifest.nodes[unique_id]
    own = build.statuses.get(unique_id)
    if own in _BAD:
        return f"{node.resource_type} `{node.name}` ended as `{own}` in the last dbt run"
    for test in manifest.tests_on(unique_id):
        status = build.statuses.get(test.unique_id)
        if status is not None and _speaks_against(test, status):
            return f"test `{test.name}` on `{node.name}` ended as `{status}` in the last dbt run"
    return None


def _speaks_against(test: Model, status: str) -> bool:
    # dbt says `fail` only where the severity came out as error, and `warn` otherwise.
    return status == "fail" or (status in _BAD and test.severity != "warn")


def _broken(locations: Locations, reason: str) -> ConfigError:
    return ConfigError(
        "broken-run-results",
        f"{locations.run_results} {reason}",
        context={"file": locations.run_results},
        hint="Run `dbt build` again, or delete the file if no dbt run is to be considered.",
    )
