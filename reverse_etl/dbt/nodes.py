"""One node of the manifest as a value, for every version of dbt. Missing and odd keys are read as empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from reverse_etl.warehouses.identifier_quotes import identifier_quote

# Properties of a column that protect its values: of dbt-bigquery, dbt-snowflake and dbt-databricks.
_POLICIES = ("policy_tags", "data_policies", "masking_policy", "column_mask", "databricks_tags")
_NO_RELATION = ("ephemeral", "test")


@dataclass(frozen=True)
class DocumentedColumn:
    """A documented column with its own meta, tags, and policies of the warehouse that dbt applies to it."""

    name: str
    meta: Mapping[str, object]
    tags: tuple[str, ...] = ()
    policies: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """A node: what dbt builds (model, seed, snapshot), tests or reads. Tests and sources have fewer fields.

    - `relation_name` is quoted, ready for SQL; None if there is no table (ephemeral models).
    - `file` and `patch_file` (the YAML that describes it) are relative to the folder of its package.
    - `config` is dbt's, with the merged `meta`.
    - `compiled` is its SQL, if the command that wrote the manifest compiled it.
    - `checksum` is the SHA-256 of its file without outer blanks.
    - `described` are the entries of its columns, as dbt wrote them.
    """

    unique_id: str
    name: str
    resource_type: str
    package: str
    relation_name: str | None = None
    database: str | None = None
    schema: str | None = None
    identifier: str = ""
    file: str = ""
    patch_file: str | None = None
    meta: Mapping[str, object] = field(default_factory=dict)
    described: Mapping[str, object] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    fqn: tuple[str, ...] = ()
    path: str = ""
    materialized: str | None = None
    depends_on: tuple[str, ...] = ()
    version: str | None = None
    latest_version: str | None = None
    severity: str | None = None
    config: Mapping[str, object] = field(default_factory=dict)
    access: str | None = None
    group: str | None = None
    source_name: str | None = None
    attached_node: str | None = None
    compiled: str | None = None
    checksum: str | None = None

    @cached_property
    def columns(self) -> tuple[DocumentedColumn, ...]:
        """Return the documented columns. A large project has many thousands, and few of them are asked for."""
        return tuple(_column(name, mapping(column), self.meta) for name, column in self.described.items())


def read_node(unique_id: str, raw: Mapping[str, object], adapter: str) -> Model:
    """Return a node of any section of the manifest. `adapter` is dbt's name of the adapter, such as `duckdb`."""
    config = mapping(raw.get("config"))
    meta = {**mapping(raw.get("meta")), **mapping(config.get("meta"))}
    name = text(raw.get("name")) or unique_id.rsplit(".", 1)[-1]
    materialized = text(config.get("materialized"))
    return Model(
        unique_id=unique_id,
        name=name,
        resource_type=text(raw.get("resource_type")) or unique_id.split(".", 1)[0],
        package=text(raw.get("package_name")) or "".join(unique_id.split(".")[1:2]),
        relation_name=text(raw.get("relation_name")) or _relation(raw, name, adapter),
        database=text(raw.get("database")),
        schema=text(raw.get("schema")),
        identifier=text(raw.get("identifier")) or text(raw.get("alias")) or name,
        file=(text(raw.get("original_file_path")) or "").replace("\\", "/"),
        patch_file=_patch_file(text(raw.get("patch_path"))),
        meta=meta,
        described=mapping(raw.get("columns")),
        tags=as_texts(raw.get("tags") or config.get("tags")),
        fqn=as_texts(raw.get("fqn")) or (name,),
        path=(text(raw.get("path")) or "").replace("\\", "/"),
        materialized=materialized,
        depends_on=as_texts(mapping(raw.get("depends_on")).get("nodes")),
        version=text(raw.get("version")),
        latest_version=text(raw.get("latest_version")),
        severity=(text(config.get("severity")) or "").lower() or None,
        config={**config, "meta": meta},
        access=text(raw.get("access")) or text(config.get("access")),
        group=text(raw.get("group")) or text(config.get("group")),
        source_name=text(raw.get("source_name")),
        attached_node=text(raw.get("attached_node")),
        compiled=text(raw.get("compiled_code")),
        checksum=_checksum(mapping(raw.get("checksum"))),
    )


def mapping(value: object) -> Mapping[str, object]:
    """Return the value if it is a mapping, else an empty mapping."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str | None:
    """Return the value as text; None if it is empty, missing or not a scalar. A version may be a number in JSON."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return str(value) or None


def as_texts(value: object) -> tuple[str, ...]:
    """Return the texts of a list. A single text counts as a list with one item."""
    items = value if isinstance(value, list) else [value]
    return tuple(item for item in items if isinstance(item, str) and item)


def _checksum(raw: Mapping[str, object]) -> str | None:
    return text(raw.get("checksum")) if raw.get("name") == "sha256" else None


def _column(name: str, column: Mapping[str, object], model_meta: Mapping[str, object]) -> DocumentedColumn:
    config = mapping(column.get("config"))
    tags = (*as_texts(column.get("tags")), *as_texts(config.get("tags")))
    policies = {key: place[key] for place in (column, config) for key in _POLICIES if place.get(key)}
    return DocumentedColumn(text(column.get("name")) or name, _column_meta(column, model_meta), tags, policies)


def _column_meta(column: Mapping[str, object], model_meta: Mapping[str, object]) -> Mapping[str, object]:
    # dbt v2 copies the meta of the model to columns without meta. So equal meta does not belong to the column.
    plain = mapping(column.get("meta"))
    own = {} if plain == model_meta else plain
    return {**own, **mapping(mapping(column.get("config")).get("meta"))}


def _patch_file(patch_path: str | None) -> str | None:
    """Return `shop://models/marts.yml` without its package."""
    return patch_path.split("://", 1)[-1].replace("\\", "/") if patch_path else None


def _relation(raw: Mapping[str, object], name: str, adapter: str) -> str | None:
    """Return the quoted relation from its parts, for manifests without a relation name."""
    config = mapping(raw.get("config"))
    if config.get("materialized") in _NO_RELATION or not text(raw.get("schema")):
        return None
    identifier = raw.get("identifier") or raw.get("alias") or name
    parts = {"database": raw.get("database"), "schema": raw.get("schema"), "identifier": identifier}
    quoting = mapping(config.get("quoting"))
    return ".".join(_quoted(part, adapter, quoting.get(key)) for key, part in parts.items() if part)


def _quoted(part: object, adapter: str, wish: object) -> str:
    quote = identifier_quote(adapter)
    if wish is False or (wish is None and not quote):
        return str(part)
    quote = quote or '"'
    return f"{quote}{str(part).replace(quote, quote * 2)}{quote}"
