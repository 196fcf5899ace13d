"""Decides from dbt's results of models and tests whether a model must not be sent."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from reverse_etl.build_result import EMPTY, MISSING, SAMPLE, SKIPPED, BuildResult, Key
from reverse_etl.dbt.manifest import Manifest
from reverse_etl.dbt.nodes import Model, as_texts, text
from reverse_etl.dbt.results import Build, NodeResult
from reverse_etl.dbt.selection.graph import Graph
from reverse_etl.dbt.selection.selectors import select
from reverse_etl.errors import ConfigError

# dbt's statuses of success. `warn` of a model: dbt v2 built it with warnings. `reused`: dbt v2 found it up to date.
GOOD = ("success", "pass", "warn", "reused")
# Statuses of a node that was not run, and has no problem.
_NOT_RUN = ("no-op", "noop")
_RESOURCE_OF = {"run": "model", "seed": "seed", "snapshot": "snapshot"}


@dataclass(frozen=True)
class Hold:
    """Why a model must not be sent: the sentence, the failed node, and its result."""

    sentence: str
    failed: Model
    result: BuildResult


def is_bad(result: BuildResult) -> bool:
    """Return whether the result means that the data may be wrong. An unknown status does."""
    return result.status not in GOOD


def read_build_results(build: Build, manifest: Manifest, watched: Collection[str]) -> dict[Key, BuildResult]:
    """Return the results of the last dbt command, for the nodes that it built or tested.

    `watched` are the models that must not be missing. Results of another target are ignored.
    """
    if not is_same_target(build, manifest):
        return {}
    statuses = {
        unique_id: status
        for unique_id, result in build.results.items()
        if (status := _status(unique_id, result, build, manifest))
    }
    found = [
        _build_result(_node(manifest, unique_id), status, build, manifest) for unique_id, status in statuses.items()
    ]
    found += [
        _build_result(manifest.nodes[unique_id], MISSING, build, manifest, lasting=not build.is_v2)
        for unique_id in _missing(build, manifest, watched)
    ]
    return {result.key: result for result in found}


def is_same_target(build: Build, manifest: Manifest) -> bool:
    """Return whether the results are about the relations of the manifest, as far as they say."""
    if build.invocation_id == manifest.invocation_id:
        return True
    relations = [
        (manifest.nodes[name], result.relation) for name, result in build.results.items() if name in manifest.nodes
    ]
    return all(relation in (None, node.relation_name) for node, relation in relations)


def key_of(node: Model, manifest: Manifest) -> Key:
    """Return the key of a node's result. A test has the relation of the first model that it reads."""
    if node.unique_id in manifest.nodes:
        return node.unique_id, node.relation_name or ""
    parents = (manifest.nodes.get(name) for name in (node.attached_node or "", *node.depends_on))
    return node.unique_id, next((parent.relation_name or "" for parent in parents if parent), "")


class Judge:
    """The results of one project's models and tests, old and new."""

    def __init__(self, manifest: Manifest, results: Mapping[Key, BuildResult]) -> None:
        """`results` come from the last results and from the history."""
        self._manifest = manifest
        self._results = results

    def find_hold(self, unique_id: str) -> Hold | None:
        """Return why this model must not be sent; None if it can be. It is one of the manifest's `nodes`.

        Reasons are: the model failed, a test on it or on what it is built from failed, or an ancestor has no data.
        Tests of severity `warn` do not count.
        """
        node = self._manifest.nodes[unique_id]
        own = self._bad(node)
        if own is not None:
            return self._own_hold(node, own)
        holds = chain(self._failed_tests(node), self._limited_ancestors(node), self._upstream_tests(node))
        return next(holds, None)

    def of(self, node: Model) -> BuildResult | None:
        """Return the result of a node; None if there is none."""
        return self._results.get(key_of(node, self._manifest))

    @cached_property
    def _graph(self) -> Graph:
        return Graph(self._manifest.graph)

    def _bad(self, node: Model) -> BuildResult | None:
        result = self.of(node)
        return result if result is not None and is_bad(result) and node.severity != "warn" else None

    def _own_hold(self, node: Model, own: BuildResult) -> Hold:
        if own.status != SKIPPED:
            return Hold(_sentence(node, own), node, own)
        causes = [*self._upstream_tests(node), *self._failed_ancestors(node)]
        causes = [hold for hold in causes if hold.result.invocation_id == own.invocation_id]
        # A skipped node is not the cause if another one is known.
        cause = min(causes, key=lambda hold: hold.result.status == SKIPPED, default=None)
        if cause is None:
            return Hold(_sentence(node, own), node, own)
        because = cause.sentence.partition(" in `dbt")[0]
        return Hold(f"{_sentence(node, own)}, because {because}", cause.failed, cause.result)

    def _failed_tests(self, node: Model) -> Iterator[Hold]:
        for test in self._manifest.tests_on(node.unique_id):
            result = self._bad(test)
            if result is not None:
                yield Hold(_test_sentence(test, node, result), test, result)

    def _upstream_tests(self, node: Model) -> Iterator[Hold]:
        """Return failed tests that `dbt build` runs before it builds the node: they only read upstream nodes."""
        upstream = self._graph.parents([node.unique_id])
        for ancestor in self._ancestors(node):
            for hold in self._failed_tests(ancestor):
                if set(hold.failed.depends_on) <= upstream:
                    yield hold

    def _limited_ancestors(self, node: Model) -> Iterator[Hold]:
        for ancestor in self._ancestors(node):
            result = self.of(ancestor)
            if result is not None and result.status in (EMPTY, SAMPLE):
                yield Hold(f"`{node.name}` depends on it: {_sentence(ancestor, result)}", ancestor, result)

    def _failed_ancestors(self, node: Model) -> Iterator[Hold]:
        for ancestor in self._ancestors(node):
            result = self._bad(ancestor)
            if result is not None and result.status != SKIPPED:
                yield Hold(_sentence(ancestor, result), ancestor, result)

    def _ancestors(self, node: Model) -> list[Model]:
        upstream = self._graph.parents([node.unique_id])
        return [model for unique_id, model in self._manifest.nodes.items() if unique_id in upstream]


def _node(manifest: Manifest, unique_id: str) -> Model:
    return manifest.nodes.get(unique_id) or manifest.tests[unique_id]


def _build_result(node: Model, status: str, build: Build, manifest: Manifest, *, lasting: bool = True) -> BuildResult:
    name, relation = key_of(node, manifest)
    return BuildResult(name, relation, status, build.generated_at, build.invocation_id or "", build.command, lasting)


def _status(unique_id: str, result: NodeResult, build: Build, manifest: Manifest) -> str | None:
    """Return the result of a node; None if the command did not build or test it."""
    if unique_id in manifest.nodes:
        if not build.builds or result.status in _NOT_RUN:
            return None
        node, said = manifest.nodes[unique_id], result.status
        return (build.limited or _limited(node, build, manifest) or said) if said in GOOD else said
    test = manifest.tests.get(unique_id)
    # A test of empty tables proves nothing.
    if test is None or not build.tests or build.limited or result.status in (*_NOT_RUN, "reused"):
        return None
    return None if result.status == SKIPPED and _skipped_with_reason(test, result, build) else result.status


def _limited(node: Model, build: Build, manifest: Manifest) -> str | None:
    """Return `empty` or `sample` if dbt v2, which does not write its flags, compiled such a filter into the node.

    Source: `render_with_run_filter` in dbt-fusion. Microbatch models always have the filter of a sample.
    """
    if not build.is_v2 or build.invocation_id != manifest.invocation_id or node.compiled is None:
        return None
    read = [manifest.graph[name] for name in node.depends_on if name in manifest.graph]
    code = " ".join(node.compiled.split())
    if any(_filter(one, r"(where false )?limit 0").search(code) for one in read):
        return EMPTY
    if node.config.get("incremental_strategy") == "microbatch":
        return None
    return SAMPLE if any(_filter(one, _window(one)).search(code) for one in read if _event_time(one)) else None


def _filter(read: Model, words: str) -> re.Pattern[str]:
    """Return a pattern that matches the subquery that dbt puts around a relation."""
    return re.compile(rf"\(select \* from {re.escape(read.relation_name or '')} {words}\)")  # noqa: S608 - reads SQL


def _window(read: Model) -> str:
    """Return the condition of a sample: the column of the times, as each warehouse casts it, between two full times."""
    column = rf"(cast\()?{re.escape(_event_time(read))}( as timestamp\))?"
    moment = r"(to_timestamp_tz\()?'\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^']*'\)?"
    return rf"(where {column} >= {moment}( and {column} < {moment})?|where {column} < {moment})"


def _event_time(read: Model) -> str:
    return text(read.config.get("event_time")) or ""


def _skipped_with_reason(test: Model, result: NodeResult, build: Build) -> bool:
    """Return whether dbt v2 did not run a test because it reused the model."""
    if "reuse" in result.message.lower():
        return True
    parents = [build.results[name].status for name in test.depends_on if name in build.results]
    return "reused" in parents and all(status in (*GOOD, *_NOT_RUN) for status in parents)


def _missing(build: Build, manifest: Manifest, watched: Collection[str]) -> list[str]:
    """Return the watched models that a failed command selected without writing a result."""
    failed = any(result.status not in (*GOOD, *_NOT_RUN) for result in build.results.values())
    absent = [name for name in watched if name in manifest.nodes and name not in build.results]
    if not absent or not failed or not build.builds or not build.which or build.invocation_id != manifest.invocation_id:
        return []
    selected = _selected(build, manifest, absent)
    # dbt v2 does not write down the selection, so it may have selected everything.
    return (absent if build.is_v2 else []) if selected is None else selected


def _selected(build: Build, manifest: Manifest, names: Collection[str]) -> list[str] | None:
    """Return the nodes that the command selected; None if its arguments do not show it."""
    args = build.args
    if "select" not in args or args.get("selector") or args.get("state"):
        return None
    kinds, but = as_texts(args.get("resource_types")), as_texts(args.get("exclude_resource_types"))
    only = _RESOURCE_OF.get(build.which)
    candidates = {
        name: (name,)
        for name in names
        if (kind := manifest.nodes[name].resource_type) not in but
        and kind in (kinds or (kind,))
        and kind == (only or kind)
    }
    try:
        pairs = select(manifest, candidates, as_texts(args.get("select")), as_texts(args.get("exclude")))
    except ConfigError:
        return None
    return [name for name, _ in pairs]


def _sentence(node: Model, result: BuildResult) -> str:
    what = f"{node.resource_type} `{node.name}`"
    if result.status in (EMPTY, SAMPLE):
        data = "no data" if result.status == EMPTY else "only a part of its data"
        flag = f"`dbt {result.command} --{result.status}`"
        return f"{what} was last built by {flag} at {_minute(result)}, so it has {data}"
    if result.status == MISSING:
        return f"{what} is missing from the results of `dbt {result.command}` at {_minute(result)}, which failed"
    return f"{what} ended as `{result.status}`{_when(result)}"


def _test_sentence(test: Model, node: Model, result: BuildResult) -> str:
    return f"test `{test.name}` on `{node.name}` ended as `{result.status}`{_when(result)}"


def _when(result: BuildResult) -> str:
    return f" in `dbt {result.command or '…'}` at {_minute(result)}"


def _minute(result: BuildResult) -> str:
    return f"{result.at[:16]} UTC"
