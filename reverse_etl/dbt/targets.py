"""Finds the target that a manifest was made for, by the names of its relations; opens no connection.

A manifest has the database and schema of the target it was made with. dbt's own macros build a schema name from the
target's: `schema`, or `schema_custom` if a model sets one. A project may have its own macros, which may replace the
name. Then only a comparison with the other targets can show the target.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from reverse_etl.dbt.manifest import Manifest
from reverse_etl.dbt.nodes import Model, text
from reverse_etl.dbt.profiles import Outputs, Profile
from reverse_etl.dbt.project import PARTIAL_PARSE
from reverse_etl.dbt.results import Build

_UNEXPLAINED, _CERTAIN = 0, 1000
_DATABASE_KEYS = {"bigquery": ("project", "database")}
_SCHEMA_KEYS = {"bigquery": ("dataset", "schema")}
# Keys of a node's config that replace the schema or the database of the target.
_CONFIGURED_SCHEMA = ("schema", "target_schema")
_CONFIGURED_DATABASE = ("database", "project", "target_database")
_SERVER_KEYS = {"snowflake": ("account", "host"), "duckdb": ("path",), "bigquery": ()}
_MOTHERDUCK = ("md", "motherduck")
# The fields of an output that say where its relations are.
PLACE_KEYS = ("type", "host", "port", "account", "path", "database", "dbname", "project", "schema", "dataset")


@dataclass(frozen=True)
class TargetPlace:
    """Where dbt puts relations in one target. `server` names the server or file; None if unknown."""

    name: str
    type: str
    server: str = ""
    database: str | None = None
    schema: str | None = None

    def is_same_place(self, other: TargetPlace) -> bool:
        """Return whether both targets have the same relations, and differ only in their names."""
        mine, theirs = ((one.type, one.server, one.database, one.schema) for one in (self, other))
        return mine == theirs and None not in mine


@dataclass(frozen=True)
class TargetCheck:
    """Why a manifest was not made for a target. `targets` are possible ones; `example` is one of its relations."""

    targets: tuple[str, ...]
    reason: str
    example: Model | None = None


def place_of(name: str, fields: Mapping[str, object]) -> TargetPlace:
    """Return where an output of a profile puts relations, from its rendered fields."""
    kind = (text(fields.get("type")) or "").lower()
    schema = _first(fields, _SCHEMA_KEYS.get(kind, ("schema",)))
    database = _first(fields, _DATABASE_KEYS.get(kind, ("database", "dbname")))
    if kind == "duckdb":
        schema, database = schema or "main", database or duckdb_name(_first(fields, ("path",)))
    server = "/".join(_first(fields, (key,)) or "" for key in _SERVER_KEYS.get(kind, ("host", "port")))
    return TargetPlace(name, kind, server, _folded(database), _folded(schema))


def duckdb_name(path: str | None) -> str | None:
    """Return the database name that DuckDB makes from a path, as in dbt-duckdb; None if it is not a database file."""
    if path is None or path == ":memory:":
        return "memory"
    parts = urlsplit(path)
    file = posixpath.basename(parts.path.replace("\\", "/"))
    if parts.scheme in _MOTHERDUCK:
        return posixpath.splitext(file)[0] or "my_db"
    return None if parts.scheme == "ducklake" else file.lstrip(".").split(".")[0]


def judge(manifest: Manifest, build: Build, profile: Profile, outputs: Outputs) -> TargetCheck | None:
    """Return why a manifest cannot be for the profile's target; None if it may be."""
    chosen = place_of(profile.target, profile.fields)
    places = {name: place_of(name, fields) for name, fields in outputs.fields.items()}
    others = [place for name, place in places.items() if name != chosen.name and not place.is_same_place(chosen)]
    recorded = manifest.target or _recorded_target(manifest, build, outputs)
    if recorded is None or recorded not in places:
        by_names = judge_by_names(manifest, chosen, others)
        return by_names or _made_with(_parsed_target(manifest, outputs), others)
    return _made_with(recorded, others) or judge_by_names(manifest, chosen, ())


def _made_with(target: str | None, others: Sequence[TargetPlace]) -> TargetCheck | None:
    if target not in {place.name for place in others}:
        return None
    return TargetCheck((str(target),), f"dbt made it with target `{target}`")


def _recorded_target(manifest: Manifest, build: Build, outputs: Outputs) -> str | None:
    """Return the target in the run results, if the same command wrote them and the manifest."""
    if not build.invocation_id or build.invocation_id != manifest.invocation_id:
        return None
    if build.profile not in (None, outputs.profile):
        return None
    return build.target or (outputs.default if build.lists_flags else None)


def _parsed_target(manifest: Manifest, outputs: Outputs) -> str | None:
    """Return the target whose hash is in dbt 1.x's partial-parse file. Used only if names do not show the target.

    dbt hashes its flags `--vars`, `--profile` and `--target` together (`build_manifest_state_check`). A hash can be
    recognized if there were no `--vars`.
    """
    notes = manifest.path.with_name(PARTIAL_PARSE)
    if not manifest.custom_names or not manifest.dbt_version.startswith("1.") or not notes.is_file():
        return None
    content = notes.read_bytes()
    flags = {"": outputs.default, **{name: name for name in outputs.fields}}
    found = {
        target
        for flag, target in flags.items()
        for profile in ("", outputs.profile)
        if _flags_hash(profile, flag, manifest.dbt_version) in content
    }
    return found.pop() if len(found) == 1 else None


def _flags_hash(profile: str, target: str, version: str) -> bytes:
    return hashlib.sha256(f"{{}}\0{profile}\0{target}\0{version}".encode()).hexdigest().encode()


def dbt_flags(flags: Mapping[str, object]) -> str:
    """Return the other flags that dbt needs to find the same project, as people type them."""
    given = {name: flags.get(name) for name in ("project_dir", "profiles_dir", "profile", "target_path")}
    variables = flags.get("variables")
    given["vars"] = json.dumps(variables, default=str) if variables else None
    return "".join(f" --{name.replace('_', '-')} {shlex.quote(str(said))}" for name, said in given.items() if said)


def judge_by_names(manifest: Manifest, chosen: TargetPlace, others: Sequence[TargetPlace]) -> TargetCheck | None:
    """Return why the relations of a manifest cannot be in the chosen target; None if they may be."""
    if manifest.adapter_type and chosen.type and manifest.adapter_type.lower() != chosen.type:
        fits = tuple(one.name for one in others if one.type == manifest.adapter_type.lower())
        return TargetCheck(fits, f"it was made for {manifest.adapter_type}, and the target is {chosen.type}")
    nodes = [node for node in (*manifest.nodes.values(), *manifest.tests.values()) if _has_place(node)]
    votes = _votes(nodes, manifest.custom_names, (chosen, *others))
    most = max(votes.values(), default=0)
    better = tuple(name for name, count in votes.items() if count == most > votes[chosen.name])
    strangers = _strangers(nodes, manifest.custom_names, chosen)
    if not better and not strangers:
        return None
    example = next(iter(strangers), None) or _voter(nodes, manifest.custom_names, chosen, others, better)
    return TargetCheck(
        better, _mismatch(example, chosen) if example else "its relations belong to another target", example
    )


def _votes(nodes: Sequence[Model], custom: frozenset[str], places: Sequence[TargetPlace]) -> Counter[str]:
    """Return for each target the number of relations that no other target explains better."""
    votes = Counter({place.name: 0 for place in places})
    for node, relations in _group_by_place(nodes):
        scores = {place.name: _explained(node, place, custom) for place in places}
        best = max((score for score in scores.values() if score is not None), default=_UNEXPLAINED)
        votes.update({name: relations for name, score in scores.items() if best and score == best})
    return votes


def _group_by_place(nodes: Sequence[Model]) -> list[tuple[Model, int]]:
    """Return one node of each place with the number of nodes there. Many thousands of nodes share a few places."""
    groups: dict[tuple[object, ...], list[Model]] = {}
    for node in nodes:
        configured = (text(node.config.get(key)) for key in (*_CONFIGURED_SCHEMA, *_CONFIGURED_DATABASE))
        groups.setdefault((node.schema, node.database, *configured), []).append(node)
    return [(group[0], len(group)) for group in groups.values()]


def _strangers(nodes: Sequence[Model], custom: frozenset[str], chosen: TargetPlace) -> list[Model]:
    """Return tagged models that dbt's own macros would have put in another place."""
    if custom:
        return []
    tagged = [node for node in nodes if "reverse_etl" in node.meta]
    return [node for node in tagged if _explained(node, chosen, custom) == _UNEXPLAINED]


def _voter(
    nodes: Sequence[Model],
    custom: frozenset[str],
    chosen: TargetPlace,
    others: Sequence[TargetPlace],
    better: Sequence[str],
) -> Model | None:
    """Return a relation that another target explains better, preferably of a tagged model."""
    theirs = [place for place in others if place.name in better]
    found = [
        node
        for node in nodes
        if any((_explained(node, one, custom) or 0) > (_explained(node, chosen, custom) or 0) for one in theirs)
    ]
    return min(found, key=lambda node: "reverse_etl" not in node.meta, default=None)


def _explained(node: Model, place: TargetPlace, custom: frozenset[str]) -> int | None:
    """Return how well a target explains the place of a relation: `_UNEXPLAINED`, more, or None if it shows nothing."""
    found = (_schema_score(node, place, custom), _database_score(node, place))
    if _UNEXPLAINED in found:
        return _UNEXPLAINED
    return max((score for score in found if score is not None), default=None)


def _schema_score(node: Model, place: TargetPlace, custom: frozenset[str]) -> int | None:
    schema, wanted = _folded(node.schema), place.schema
    own, fixed = (_folded(text(node.config.get(key))) for key in _CONFIGURED_SCHEMA)
    if schema is None or wanted is None or schema == fixed:
        return None
    if schema == wanted or (own and schema == f"{wanted}_{own}"):
        return _CERTAIN
    if "schema" not in custom:
        return _UNEXPLAINED
    if schema == own:
        return None
    if re.search(rf"(^|_){re.escape(wanted)}(_|$)", schema):
        return min(len(wanted), _CERTAIN - 1)
    return _UNEXPLAINED


def _database_score(node: Model, place: TargetPlace) -> int | None:
    database = _folded(node.database)
    fixed = [_folded(text(node.config.get(key))) for key in _CONFIGURED_DATABASE]
    if database is None or place.database is None or database in fixed:
        return None
    return 1 if database == place.database else _UNEXPLAINED


def _has_place(node: Model) -> bool:
    return node.schema is not None and node.materialized != "ephemeral"


def _mismatch(node: Model, place: TargetPlace) -> str:
    there = f"database `{place.database}`, schema `{place.schema}`"
    return f"model `{node.name}` is {node.relation_name or node.schema} in it, and the target has {there}"


def _first(fields: Mapping[str, object], keys: Sequence[str]) -> str | None:
    return next((found for key in keys if (found := text(fields.get(key)))), None)


def _folded(name: str | None) -> str | None:
    """Return names in one letter case, since some warehouses change it."""
    return name.lower() if name else None
