"""Finds files of a dbt project that changed after dbt wrote the manifest; compares content, never times.

The manifest has a checksum of each model's SQL, but none of YAML files. dbt's partial-parse file holds the checksum of
every file that dbt read. If that file is missing, the entries themselves are compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from reverse_etl.dbt.manifest import Manifest, Model
from reverse_etl.dbt.nodes import mapping
from reverse_etl.dbt.project import PARTIAL_PARSE, PROJECT_FILE, Locations, read_project
from reverse_etl.dbt.tags import TAG, entry_of, mentions_tag, same_entry
from reverse_etl.documents import read_yaml
from reverse_etl.errors import ConfigError

_SECTIONS = ("models", "seeds", "snapshots")
_MODEL_FILES = (".sql", ".py", ".yml", ".yaml")
_YAML = (".yml", ".yaml")


@dataclass(frozen=True)
class Staleness:
    """Changed files: first the files that may hold a definition, then all others."""

    defining: Path | None = None
    others: tuple[Path, ...] = ()


def find_stale(manifest: Manifest, locations: Locations) -> Staleness:
    """Return files that are newer than the manifest in dbt's target folder; none if `--manifest` names another one."""
    if not locations.manifest_is_default:
        return Staleness()
    files = _Files(manifest, locations)
    changed = list(files.changed())
    defining = next((path for path in changed if files.defines(path)), None)
    return Staleness(defining, tuple(path for path in changed if path != defining))


class _Files:
    """The files of one project."""

    def __init__(self, manifest: Manifest, locations: Locations) -> None:
        self._manifest = manifest
        self._project = locations.project_dir
        self._target = locations.target_path
        self._models: dict[Path, list[Model]] = {}
        for node in manifest.nodes.values():
            for name in (node.file, node.patch_file):
                if name and node.resource_type in ("model", "seed", "snapshot"):
                    self._models.setdefault(self._folder(node) / name, []).append(node)

    def changed(self) -> Iterator[Path]:
        """Return every file whose content is not what dbt read."""
        for path in dict.fromkeys((self._project / PROJECT_FILE, *self._models, *self._model_files())):
            content = _content(path)
            if content is not None and self._differs(path, content):
                yield path

    def defines(self, path: Path) -> bool:
        """Return whether a changed file holds a definition, or may hold one."""
        tagged = any(TAG in node.meta for node in self._models.get(path, ()))
        return tagged or path.name == PROJECT_FILE or mentions_tag(_content(path) or b"")

    def _folder(self, node: Model) -> Path:
        own = self._manifest.project_name in (None, node.package)
        return self._project if own else self._project / "dbt_packages" / node.package

    def _model_files(self) -> Iterator[Path]:
        """Return the files in which dbt looks for models, including files that are not in the manifest yet."""
        said = read_project(self._project).get("model-paths") or ["models"]
        for name in said if isinstance(said, list) else []:
            if isinstance(name, str) and "{" not in name:
                folder = self._project / name
                yield from (path for path in sorted(folder.rglob("*")) if path.suffix in _MODEL_FILES)

    def _differs(self, path: Path, content: bytes) -> bool:
        sums = _checksums(content)
        if not content.strip() or (self._ignores and path not in self._models and path.name != PROJECT_FILE):
            return False
        if path.suffix in _YAML:
            known = self._was_parsed(sums)
            return not known if known is not None else self._says_otherwise(path)
        checksums = {node.checksum for node in self._models.get(path, ()) if node.file and path.match(node.file)}
        if path.suffix == ".csv" or checksums == {None}:
            return False
        return not checksums & sums if checksums else self._is_new(path, content)

    def _is_new(self, path: Path, content: bytes) -> bool:
        """Return whether dbt has not read a file of code. A disabled model is also missing from the manifest."""
        known = self._was_parsed(_checksums(content))
        if known is not None:
            return not known
        disabled = {self._folder(node) / node.file for node in self._manifest.disabled}
        return mentions_tag(content) and path not in disabled

    def _was_parsed(self, sums: Iterable[str]) -> bool | None:
        """Return whether dbt read a file with one of these checksums; None without a partial-parse file."""
        return None if self._parsed is None else any(one.encode() in self._parsed for one in sums)

    @cached_property
    def _parsed(self) -> bytes | None:
        """Return the partial-parse file of the manifest. dbt v2 does not write one, nor delete an older one."""
        return _content(self._target / PARTIAL_PARSE) if self._manifest.dbt_version.startswith("1.") else None

    @cached_property
    def _ignores(self) -> bool:
        """Return whether dbt ignores some files. Then a file that is not in the manifest can be an old one."""
        return (self._project / ".dbtignore").is_file()

    def _says_otherwise(self, path: Path) -> bool:
        """Return whether the entries of a YAML file differ from the manifest, as far as this can be known."""
        try:
            content = read_yaml(path, "broken-project-file")
        except ConfigError:
            return False
        if path.name == PROJECT_FILE:
            entries = list(_inherited(content))
            parsed = [node.meta[TAG] for node in self._manifest.nodes.values() if TAG in node.meta]
            return any(not any(same_entry(entry, one) for one in parsed) for entry in entries)
        described = [(one, node) for one in _described(content) for node in self._nodes_of(one)]
        disabled = {node.name for node in self._manifest.disabled}
        tagged = [one for one in _described(content) if entry_of(one) is not None and one.get("name") not in disabled]
        unknown = any(not self._nodes_of(one) for one in tagged)
        return unknown or any(self._differs_from(one, node) for one, node in described)

    def _nodes_of(self, described: Mapping[str, object]) -> list[Model]:
        name = described.get("name")
        nodes = [node for node in self._manifest.nodes.values() if node.name == name]
        return [node for node in nodes if self._manifest.project_name in (None, node.package)]

    def _differs_from(self, described: Mapping[str, object], node: Model) -> bool:
        own = entry_of(_version(described, node))
        entry = entry_of(described) if own is None else own
        code = _content(self._folder(node) / node.file) or b""
        if mentions_tag(code):
            return False  # its own configuration wins
        if entry is None:
            return TAG in node.meta and not mentions_tag(_content(self._project / PROJECT_FILE) or b"")
        return not same_entry(entry, node.meta.get(TAG)) or self._marks_differ(described, node)

    def _marks_differ(self, described: Mapping[str, object], node: Model) -> bool:
        if node.version is not None:
            return False
        written = {str(one.get("name")): entry_of(one) for one in _mappings(described.get("columns"))}
        parsed = {column.name: column.meta.get(TAG) for column in node.columns}
        return any(not same_entry(mark, parsed.get(name)) for name, mark in written.items())


def _described(content: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return the models, seeds and snapshots that a YAML file describes."""
    return [one for section in _SECTIONS for one in _mappings(content.get(section))]


def _version(described: Mapping[str, object], node: Model) -> Mapping[str, object]:
    versions = _mappings(described.get("versions"))
    return next((one for one in versions if str(one.get("v")) == node.version), {})


def _inherited(value: object) -> Iterator[object]:
    """Return the entries of dbt_project.yml for whole folders."""
    for section in _SECTIONS if isinstance(value, dict) else ():
        yield from _metas(mapping(value).get(section))


def _metas(value: object) -> Iterator[object]:
    for key, inner in mapping(value).items():
        if key in ("meta", "+meta") and TAG in mapping(inner):
            yield mapping(inner)[TAG]
        elif isinstance(inner, dict):
            yield from _metas(inner)


def _mappings(value: object) -> list[Mapping[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _content(path: Path) -> bytes | None:
    """Return the content; None if the file does not exist. A missing file never makes a manifest stale."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def _checksums(content: bytes) -> set[str]:
    """Return checksums as dbt makes them: dbt_project.yml unchanged, all other files without outer blanks.

    A checkout may change line ends, which dbt does not notice.
    """
    stripped = content.decode("utf-8", "replace").strip().encode()
    return {hashlib.sha256(one).hexdigest() for part in (content, stripped) for one in _with_either_ending(part)}


def _with_either_ending(content: bytes) -> tuple[bytes, bytes, bytes]:
    plain = content.replace(b"\r\n", b"\n")
    return content, plain, plain.replace(b"\n", b"\r\n")
