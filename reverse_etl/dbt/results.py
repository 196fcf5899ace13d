"""Reads run_results.json: the dbt command that wrote it, its arguments, and the result of each node."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from reverse_etl.build_result import EMPTY, SAMPLE
from reverse_etl.dbt.nodes import mapping, text
from reverse_etl.dbt.project import Locations
from reverse_etl.documents import MEGABYTE, UnreadableError, read_json
from reverse_etl.errors import ConfigError

# Commands that build or test models, as dbt writes them to `args.which`. `dbt retry` writes the command that it
# repeats.
_BUILDING = ("build", "run", "seed", "snapshot", "retry")
_TESTING = ("build", "test", "retry")
_SPOKEN = {"generate": "docs generate", "freshness": "source freshness"}
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|\+00:?00)?\Z")


_MOST_BYTES = 512 * MEGABYTE


@dataclass(frozen=True)
class NodeResult:
    """The result of one node: dbt's status in lower case, dbt's message, and the quoted relation if dbt reports it."""

    status: str
    message: str = ""
    relation: str | None = None


@dataclass(frozen=True)
class Build:
    """The last dbt command. `generated_at` is UTC, as text that sorts. `results` are by unique id."""

    generated_at: str = ""
    invocation_id: str | None = None
    dbt_version: str = ""
    args: Mapping[str, object] = field(default_factory=dict)
    results: Mapping[str, NodeResult] = field(default_factory=dict)

    @property
    def which(self) -> str:
        """Return dbt's name of the command; empty if dbt does not report it."""
        return text(self.args.get("which")) or ""

    @property
    def command(self) -> str:
        """Return the command as people type it after `dbt`."""
        return _SPOKEN.get(self.which, self.which)

    @property
    def builds(self) -> bool:
        """Return whether the command builds models. A command without a name may have built them."""
        return self.which in (*_BUILDING, "")

    @property
    def tests(self) -> bool:
        """Return whether the command runs tests."""
        return self.which in (*_TESTING, "")

    @property
    def limited(self) -> str | None:
        """Return `empty` or `sample` if the command had this flag. Its models then hold no data, or only a part."""
        return next((word for word in (EMPTY, SAMPLE) if self.args.get(word)), None)

    @property
    def target(self) -> str | None:
        """Return the flag `--target`, if it was given."""
        return text(self.args.get("target"))

    @property
    def profile(self) -> str | None:
        """Return the flag `--profile`, if it was given."""
        return text(self.args.get("profile"))

    @property
    def lists_flags(self) -> bool:
        """Return whether dbt wrote down its flags. dbt v2 writes only the command."""
        return "project_dir" in self.args

    @property
    def is_v2(self) -> bool:
        """Return whether dbt v2 wrote the file. It leaves out most arguments."""
        return self.dbt_version.startswith("2.")


def read_build(locations: Locations) -> Build:
    """Return the last run results, or an empty Build if there are none. Raises ConfigError `broken-run-results`."""
    path = locations.run_results
    try:
        content = read_json(path, _MOST_BYTES)
        modified = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
    except FileNotFoundError:
        return Build()
    except OSError as error:
        raise _broken(locations, f"cannot be read ({error.strerror})") from error
    except UnreadableError as error:
        raise _broken(locations, str(error)) from None
    if not isinstance(content, dict) or not isinstance(content.get("results"), list):
        raise _broken(locations, "does not hold run results")
    metadata, args = mapping(content.get("metadata")), mapping(content.get("args"))
    results = [mapping(result) for result in content["results"]]
    return Build(
        generated_at=sortable_time(text(metadata.get("generated_at"))) or f"{modified:%Y-%m-%d %H:%M:%S.%f}",
        invocation_id=text(metadata.get("invocation_id")),
        dbt_version=text(metadata.get("dbt_version")) or "",
        args={**mapping(args.get("__other__")), **args},
        results={str(result.get("unique_id")): _node_result(result) for result in results},
    )


def sortable_time(written: str | None) -> str | None:
    """Return a time that dbt wrote, in UTC with six digits of a second; None if it is not a time."""
    found = _TIME.match(written or "")
    return f"{found[1]} {found[2]}.{(found[3] or '')[:6]:0<6}" if found else None


def _node_result(result: Mapping[str, object]) -> NodeResult:
    status, message = str(result.get("status")).lower(), text(result.get("message")) or ""
    return NodeResult(status, message, text(result.get("relation_name")))


def _broken(locations: Locations, reason: str) -> ConfigError:
    return ConfigError(
        "broken-run-results",
        f"{locations.run_results} {reason}",
        context={"file": locations.run_results},
        hint="Run `dbt build` again. If no dbt run should count, delete the file.",
    )
