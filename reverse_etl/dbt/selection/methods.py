"""The nodes that one selector method (`tag:`, `path:`, …) matches, as in dbt; knows neither graph nor operators."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import PurePosixPath

from reverse_etl.dbt.manifest import Manifest
from reverse_etl.dbt.nodes import Model
from reverse_etl.errors import ConfigError, did_you_mean

Predicate = Callable[[Model], bool]

_RESOURCE_TYPES = (
    "model",
    "seed",
    "snapshot",
    "source",
    "exposure",
    "test",
    "unit_test",
    "analysis",
    "metric",
    "semantic_model",
    "saved_query",
    "function",
    "operation",
)
_WILD = re.compile(r"[*?\[\]]")


def matcher(manifest: Manifest, method: str, arguments: Sequence[str], value: str) -> Predicate:
    """Return the nodes that `method.argument:value` matches. Raises ConfigError `unknown-selector`."""
    if method == "config":
        return lambda node: _config_is(node.config, arguments, value)
    if method == "package" and value == "this" and manifest.project_name:
        value = manifest.project_name
    if method in _NAMED:
        return lambda node: node.resource_type == method and _has_name(node, value)
    if method == "resource_type" and value not in _RESOURCE_TYPES:
        raise unknown_word(f"resource type `{value}`", value, _RESOURCE_TYPES)
    if method == "version" and value not in _VERSIONS:
        raise unknown_word(f"version `{value}`", value, tuple(_VERSIONS))
    if method not in _SIMPLE:
        raise unknown_word(f"selector method `{method}`", method, METHODS)
    return lambda node: _SIMPLE[method](node, value)


def default_method(value: str) -> str:
    """Return the method of a selector without one: a path, a file, or a name."""
    if "/" in value or "\\" in value:
        return "path"
    return "file" if value.lower().endswith((".sql", ".py", ".csv")) else "fqn"


def unknown_word(what: str, word: str, words: Sequence[str]) -> ConfigError:
    """Return the error for a selector with an unknown word."""
    return ConfigError(
        "unknown-selector",
        f"there is no {what}{did_you_mean(word, words)}",
        context={"allowed": ", ".join(words)},
        hint=f"Use one of: {', '.join(words)}.",
    )


def _fqn(node: Model, value: str) -> bool:
    if node.resource_type == "source":
        return False
    return _fqn_is(node.fqn, value, versioned=node.version is not None) or _fqn_is(
        node.fqn[1:], value, versioned=node.version is not None
    )


def _fqn_is(fqn: Sequence[str], value: str, *, versioned: bool) -> bool:
    """Return whether the name, or the start of the dotted path, matches."""
    if not fqn:
        return False
    wanted = value.split(".")
    leaf = fqn[-2] if versioned and len(fqn) > 1 else fqn[-1]
    if leaf == value or (versioned and "_".join(fqn[-2:]) == "_".join(wanted[-2:])):
        return True
    path = ".".join(fqn).split(".")
    if len(path) < len(wanted):
        return False
    wild = next((index for index, part in enumerate(wanted) if _WILD.search(part)), len(wanted))
    if path[:wild] != wanted[:wild]:
        return False
    if wild == len(wanted) or fnmatch(".".join(path[wild:]), ".".join(wanted[wild:])):
        return True
    return len(wanted) == 1 and fnmatch(leaf, value)


def _path(node: Model, value: str) -> bool:
    """Return whether the path is the node's file, its YAML file, or a folder above its file."""
    pattern = _parts(value)
    file = PurePosixPath(node.file)
    folders = [folder.parts for folder in file.parents if folder.parts]
    return any(_globbed(parts, pattern) for parts in (file.parts, _parts(node.patch_file or ""), *folders))


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.replace("\\", "/").split("/") if part not in ("", "."))


def _globbed(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Return whether a glob matches a whole path: `*` stays inside one folder, `**` crosses folders."""
    if not parts or not pattern:
        return not parts and all(part == "**" for part in pattern)
    if pattern[0] == "**":
        return _globbed(parts, pattern[1:]) or _globbed(parts[1:], pattern)
    return fnmatch(parts[0], pattern[0]) and _globbed(parts[1:], pattern[1:])


def _file(node: Model, value: str) -> bool:
    path = PurePosixPath(node.file)
    return fnmatch(path.name, value) or fnmatch(path.stem, value)


def _source(node: Model, value: str) -> bool:
    """Match `source`, `source.table` or `package.source.table`."""
    parts = value.split(".")
    package, source, table = {1: ["*", *parts, "*"], 2: ["*", *parts], 3: parts}.get(len(parts), ["", "", ""])
    return (
        node.resource_type == "source"
        and fnmatch(node.package, package)
        and fnmatch(node.source_name or "", source)
        and fnmatch(node.name, table)
    )


def _has_name(node: Model, value: str) -> bool:
    """Match `name` or `package.name`."""
    package, _, name = value.rpartition(".")
    return fnmatch(node.package, package or "*") and fnmatch(node.name, name)


def _config_is(config: object, arguments: Sequence[str], value: str) -> bool:
    for argument in arguments:
        if not isinstance(config, Mapping) or argument not in config:
            return False
        config = config[argument]
    values = config if isinstance(config, list) else [config]
    truth = {"true": True, "false": False}.get(value.lower())
    return any(item == value or (truth is not None and item is truth) for item in values)


def _version(node: Model, value: str) -> bool:
    return node.resource_type == "model" and _VERSIONS[value](node)


def _order(node: Model) -> int:
    """Return -1 if the version is older than the latest, 0 if it is the latest, 1 if newer; 0 without versions."""
    version, latest = node.version or "", node.latest_version or ""
    try:
        older, newer = float(version) < float(latest), float(version) > float(latest)
    except ValueError:
        older, newer = version < latest, version > latest
    return int(newer) - int(older) if version and latest else 0


_VERSIONS: Mapping[str, Predicate] = {
    "latest": lambda node: node.version is not None and node.version == node.latest_version,
    "prerelease": lambda node: _order(node) > 0,
    "old": lambda node: _order(node) < 0,
    "none": lambda node: node.version is None,
}
_NAMED = ("exposure", "metric", "semantic_model", "saved_query", "unit_test")
_SIMPLE: Mapping[str, Callable[[Model, str], bool]] = {
    "fqn": _fqn,
    "tag": lambda node, value: any(fnmatch(tag, value) for tag in node.tags),
    "path": _path,
    "file": _file,
    "package": lambda node, value: fnmatch(node.package, value),
    "resource_type": lambda node, value: node.resource_type == value,
    "source": _source,
    "group": lambda node, value: fnmatch(node.group or "", value),
    "access": lambda node, value: node.access == value,
    "version": _version,
}
METHODS = (*_SIMPLE, "config", *_NAMED, "sync")
