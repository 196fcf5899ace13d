"""Applies `--select` and `--exclude`, in dbt's language, to the syncs of the models."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property

from reverse_etl.dbt.manifest import Manifest
from reverse_etl.dbt.selection.graph import Graph
from reverse_etl.dbt.selection.methods import default_method, matcher
from reverse_etl.errors import ConfigError

_CRITERION = re.compile(
    r"(?P<around>@)?((?P<up_depth>\d*)(?P<up>\+))?((?P<method>[\w.]+):)?(?P<value>.*?)((?P<down>\+)(?P<down_depth>\d*))?\Z"
)


@dataclass(frozen=True)
class _Criterion:
    """One selector. `up` and `down` are the steps that it reaches; None: no limit."""

    method: str
    arguments: tuple[str, ...]
    value: str
    around: bool
    up: int | None
    down: int | None


def select(
    manifest: Manifest, candidates: Mapping[str, Sequence[str]], select: Sequence[str], exclude: Sequence[str]
) -> list[tuple[str, str]]:
    """Return the selected pairs (unique id of the model, name of the sync), in the order of `candidates`.

    `candidates` are the names of the syncs of each model. As in dbt, a blank in `select` or `exclude` means union and a
    comma means intersection. A name without a method matches a model or a sync; `sync:` matches only syncs. Without
    `select`, all are selected. If nothing matches, the list is empty. Raises ConfigError `unknown-selector`,
    `wrong-selector`.
    """
    everything = [(model, sync) for model, syncs in candidates.items() for sync in syncs]
    selection = _Selection(manifest, everything)
    kept = selection.union(select) if select else set(everything)
    dropped = selection.union(exclude)
    return [pair for pair in everything if pair in kept and pair not in dropped]


class _Selection:
    """Selects pairs of model and sync, with one manifest."""

    def __init__(self, manifest: Manifest, pairs: Sequence[tuple[str, str]]) -> None:
        self._manifest = manifest
        self._pairs = [pair for pair in pairs if pair[0] in manifest.graph]

    @cached_property
    def _graph(self) -> Graph:
        return Graph(self._manifest.graph)

    def union(self, as_texts: Sequence[str]) -> set[tuple[str, str]]:
        specs = [spec for text in as_texts for spec in text.split()]
        return set().union(*(self._intersection(spec) for spec in specs))

    def _intersection(self, spec: str) -> set[tuple[str, str]]:
        return set.intersection(*(self._matched(_parse(part)) for part in spec.split(",")))

    def _matched(self, criterion: _Criterion) -> set[tuple[str, str]]:
        named = {pair for pair in self._pairs if _names_sync(criterion, pair[1])}
        models = self._models(criterion)
        reached = models | self._reached(criterion, models | {model for model, _ in named})
        return named | {pair for pair in self._pairs if pair[0] in reached}

    def _models(self, criterion: _Criterion) -> set[str]:
        if criterion.method == "sync":
            return set()
        matches = matcher(self._manifest, criterion.method, criterion.arguments, criterion.value)
        return {unique_id for unique_id, node in self._manifest.graph.items() if matches(node)}

    def _reached(self, criterion: _Criterion, start: set[str]) -> set[str]:
        around = self._graph.around(start) if criterion.around else set()
        return around | self._graph.parents(start, criterion.up) | self._graph.children(start, criterion.down)


def _names_sync(criterion: _Criterion, sync: str) -> bool:
    return criterion.method in ("fqn", "sync") and fnmatch(sync, criterion.value)


def _parse(text: str) -> _Criterion:
    found = _CRITERION.match(text)
    if found is None or (found["around"] and found["down"]):
        raise ConfigError(
            "wrong-selector",
            f"`{text}` is not a selector: `@` at the start and `+` at the end cannot be combined",
            context={"selector": text},
            hint="Remove the `+`: `@` already includes what it adds.",
        )
    method, *arguments = (found["method"] or default_method(found["value"])).split(".")
    return _Criterion(
        method=method,
        arguments=tuple(arguments),
        value=found["value"],
        around=bool(found["around"]),
        up=_steps(found["up"], found["up_depth"]),
        down=_steps(found["down"], found["down_depth"]),
    )


def _steps(operator: str | None, depth: str | None) -> int | None:
    if not operator:
        return 0
    return int(depth) if depth else None
