"""run_results.json as a value: which dbt command wrote it, with which arguments, and how each node ended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from reverse_etl.dbt.nodes import mapping, text
from reverse_etl.dbt.project import Locations
from reverse_etl.documents import MEGABYTE, UnreadableError, read_json
from reverse_etl.errors import ConfigError
from reverse_etl.verdict import EMPTY, SAMPLE

# Commands that build or test models, by dbt's word under `args.which`. `dbt retry` writes the command that it repeats.
_BUILDING = ("build", "run", "seed", "snapshot", "retry")
_TESTING = ("build", "test", "retry")
_SPOKEN = {"generate": "docs generate", "freshness": "source freshness"}
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|\+00:?00)?\Z")


_MOST_BYTES = 512 * MEGABYTE


@dataclass(frozen=True)
class NodeResult:
    """How one node ended: dbt's word, in lower case, dbt's message, and the quoted relation if dbt says it."""

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
        """The command in dbt's word; empty if dbt does not say it."""
        return text(self.args.get("which")) or ""

    @property
    def command(self) -> str:
        """The command as it is typed after `dbt`."""
        return _SPOKEN.get(self.which, self.which)

    @property
    def builds(self) -> bool:
        """Whether the command builds models. One that dbt does not name may have done anything."""
        return self.which in (*_BUILDING, "")

    @property
    def tests(self) -> bool:
        """Whether the command runs tests."""
        return self.which in (*_TESTING, "")

    @property
    def limited(self) -> str | None:
        """`empty` or `sample` if the command was given this flag, so that models hold no data, or a part of it."""
        return next((word for word in (EMPTY, SAMPLE) if self.args.get(word)), None)

    @property
    def target(self) -> str | None:
        """The flag `--target`, if it was given."""
        return text(self.args.get("target"))

    @property
    def profile(self) -> str | None:
        """The flag `--profile`, if it was given."""
        return text(self.args.get("profile"))

    @property
    def lists_flags(self) -> bool:
        """Whether dbt says which flags were given; dbt v2 names only the command."""
        return "project_dir" in self.args

    @property
    def is_v2(self) -> bool:
        """Whether dbt v2 wrote it, which leaves out most arguments."""
        return self.dbt_version.startswith("2.")


def read_build(locations: Locations) -> Build:
    """The last run results; an empty Build where there are none. Raises ConfigError `broken-run-results`."""
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
    """A time that dbt wrote, in UTC with six digits of a second; None if it is not one."""
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
        hint="Run `dbt build` again, or delete the file if no dbt run is to be considered.",
    )
