"""Reads manifest.json: the models, the tests on them and the rest of the graph."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from reverse_etl.dbt.nodes import Model, mapping, read_node, text
from reverse_etl.dbt.project import Locations
from reverse_etl.documents import MEGABYTE, UnreadableError, read_json
from reverse_etl.errors import ConfigError

__all__ = ["Manifest", "Model", "read_manifest"]

BUILT = ("model", "seed", "snapshot")
MAX_BYTES = 512 * MEGABYTE
_OLDEST_SCHEMA = 9  # dbt 1.5
_SCHEMA = re.compile(r"/manifest/v(\d+)")
_NAMING = re.compile(r"(?:^|__)generate_(database|schema)_name$")
_SECTIONS = (
    "nodes",
    "sources",
    "exposures",
    "metrics",
    "semantic_models",
    "saved_queries",
    "unit_tests",
    "functions",
)
_TESTS = ("test", "unit_test")


@dataclass(frozen=True)
class Manifest:
    """The nodes of dbt's manifest, ephemeral models included.

    - `nodes` are models, seeds and snapshots; `tests` are data and unit tests; `others` are sources, exposures and all
      other parts of the graph. Each is by unique id, in the order of the file.
    - `custom_names` says which names (`database`, `schema`) the project makes with its own macro.
    - `target` is the target, if dbt wrote it down.
    - `disabled` are nodes that are switched off.
    """

    path: Path
    dbt_version: str
    adapter_type: str
    project_name: str | None
    invocation_id: str | None
    generated_at: str | None
    nodes: Mapping[str, Model]
    tests: Mapping[str, Model] = field(default_factory=dict)
    others: Mapping[str, Model] = field(default_factory=dict)
    disabled: tuple[Model, ...] = ()
    custom_names: frozenset[str] = frozenset()
    target: str | None = None

    @cached_property
    def graph(self) -> Mapping[str, Model]:
        """Return every node by unique id."""
        return {**self.nodes, **self.tests, **self.others}

    def tests_on(self, unique_id: str) -> tuple[Model, ...]:
        """Return the tests that read this node, or are attached to it."""
        return tuple(
            test for test in self.tests.values() if unique_id in test.depends_on or unique_id == test.attached_node
        )


def read_manifest(locations: Locations) -> Manifest:
    """Read the manifest of dbt 1.5 or later.

    Raises ConfigError `missing-manifest`, `broken-manifest` or `unsupported-manifest`.
    """
    with _paused_collector():
        return _read(locations.manifest)


@contextmanager
def _paused_collector() -> Iterator[None]:
    """Pause the garbage collector. A manifest is a million objects that stay, and it would visit them many times."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read(path: Path) -> Manifest:
    content = _load(path)
    metadata = mapping(content.get("metadata"))
    _refuse_unknown_schema(path, metadata, content)
    adapter = text(metadata.get("adapter_type")) or ""
    found = list(_enabled_nodes(content, adapter))
    return Manifest(
        path=path,
        dbt_version=text(metadata.get("dbt_version")) or "",
        adapter_type=adapter,
        project_name=text(metadata.get("project_name")),
        invocation_id=text(metadata.get("invocation_id")),
        generated_at=text(metadata.get("generated_at")),
        nodes={node.unique_id: node for node in found if node.resource_type in BUILT},
        tests={node.unique_id: node for node in found if node.resource_type in _TESTS},
        others={node.unique_id: node for node in found if node.resource_type not in (*BUILT, *_TESTS)},
        disabled=tuple(_disabled_nodes(content, adapter)),
        custom_names=_custom_names(content, adapter),
        target=text(metadata.get("target_name")) or text(metadata.get("target")),
    )


def _load(path: Path) -> Mapping[str, object]:
    try:
        content = read_json(path, MAX_BYTES)
    except FileNotFoundError:
        raise _missing(path) from None
    except OSError as error:
        raise _broken(path, f"cannot be read ({error.strerror})") from error
    except UnreadableError as error:
        raise _broken(path, str(error)) from None
    if not isinstance(content, dict):
        raise _broken(path, "is not a dbt manifest")
    return content


def _refuse_unknown_schema(path: Path, metadata: Mapping[str, object], content: Mapping[str, object]) -> None:
    schema = _SCHEMA.search(text(metadata.get("dbt_schema_version")) or "")
    if schema is None or not isinstance(content.get("nodes"), dict):
        raise _broken(path, "is not a dbt manifest")
    if int(schema[1]) < _OLDEST_SCHEMA:
        version = text(metadata.get("dbt_version")) or "an old dbt"
        raise ConfigError(
            "unsupported-manifest",
            f"{path} was written by dbt {version}, which is older than 1.5",
            context={"file": path, "dbt_version": version, "schema": f"v{schema[1]}"},
            hint="Run `dbt build` (or `dbt parse`) with dbt 1.5 or later.",
        )


def _enabled_nodes(content: Mapping[str, object], adapter: str) -> Iterable[Model]:
    for section in _SECTIONS:
        for unique_id, raw in mapping(content.get(section)).items():
            if isinstance(raw, dict) and mapping(raw.get("config")).get("enabled") is not False:
                yield read_node(unique_id, raw, adapter)


def _custom_names(content: Mapping[str, object], adapter: str) -> frozenset[str]:
    """Return which of dbt's `generate_…_name` macros the project or one of its packages replaces."""
    macros = [mapping(macro) for macro in mapping(content.get("macros")).values()]
    own = [macro for macro in macros if macro.get("package_name") not in ("dbt", f"dbt_{adapter}")]
    found = (_NAMING.search(text(macro.get("name")) or "") for macro in own)
    return frozenset(match[1] for match in found if match)


def _disabled_nodes(content: Mapping[str, object], adapter: str) -> Iterable[Model]:
    for unique_id, versions in mapping(content.get("disabled")).items():
        for raw in versions if isinstance(versions, list) else []:
            yield read_node(unique_id, mapping(raw), adapter)


def _missing(path: Path) -> ConfigError:
    return ConfigError(
        "missing-manifest",
        f"there is no manifest at {path}",
        context={"file": path},
        hint="Run `dbt build` (or `dbt parse`) first, or name it with `--manifest`, its folder with `--target-path`.",
    )


def _broken(path: Path, reason: str) -> ConfigError:
    return ConfigError(
        "broken-manifest",
        f"{path} {reason}",
        context={"file": path},
        hint="Run `dbt build` (or `dbt parse`) to write it again.",
    )
