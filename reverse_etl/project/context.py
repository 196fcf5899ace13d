"""One dbt project as its options and environment say: files, settings, definitions, destinations, warehouse."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from reverse_etl.dbt.jinja import Renderer
from reverse_etl.dbt.manifest import Manifest, read_manifest
from reverse_etl.dbt.profiles import Profile, ProfileRequest, read_outputs, read_profile
from reverse_etl.dbt.project import Locations, locate
from reverse_etl.dbt.results import Build, read_build
from reverse_etl.dbt.selection.selectors import select
from reverse_etl.dbt.sensitive import keys_in, sensitive_values
from reverse_etl.dbt.staleness import Staleness
from reverse_etl.dbt.tags import TAG
from reverse_etl.dbt.targets import PLACE_KEYS, TargetCheck, judge
from reverse_etl.dbt.unread import changed_files, repeated_keys, unread_tags
from reverse_etl.definition.defaults import DEFAULT_KEYS, read_defaults, unknown_targets
from reverse_etl.destinations import load_destination
from reverse_etl.destinations.base import Destination, DestinationConfig, DestinationSource, OfflineConfig
from reverse_etl.destinations.config_file import destination_kind
from reverse_etl.errors import ConfigError
from reverse_etl.guards.guard import error_of, first_problem
from reverse_etl.guards.inputs import stale_manifest
from reverse_etl.guards.table import ALLOWABLE, MANIFEST_GUARDS
from reverse_etl.project.manifest_facts import ManifestFacts
from reverse_etl.project.sync_reader import Definitions, ReadOptions, read_syncs
from reverse_etl.run.checks.builds import Builds, read_builds
from reverse_etl.settings import FILE, OTHER_KEYS, Settings, read_file, resolve_settings
from reverse_etl.sync import BrokenSync, Sync
from reverse_etl.warehouses import Connection, open_warehouse
from reverse_etl.warehouses.base import Reader, WaitPolicy, Warehouse
from reverse_etl.warehouses.local import open_local


@dataclass(frozen=True)
class ProjectOptions:
    """Which project, target and syncs. None and empty mean: not given, so dbt's own default holds."""

    project_dir: Path | None = None
    profiles_dir: Path | None = None
    profile: str | None = None
    target: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict)
    target_path: Path | None = None
    manifest: Path | None = None
    select: Sequence[str] = ()
    exclude: Sequence[str] = ()
    allow: Collection[str] = ()
    settings: Mapping[str, object] = field(default_factory=dict)


class ProjectContext:
    """A dbt project with its definitions, resolved step by step as a command asks for it."""

    def __init__(self, options: ProjectOptions, env: Mapping[str, str]) -> None:
        """Nothing is read yet."""
        self.options = options
        self.env = env
        self._destinations: dict[str, DestinationConfig] = {}
        self._stale = Staleness()

    @cached_property
    def locations(self) -> Locations:
        options = self.options
        return locate(options.project_dir, options.target_path, options.manifest, self.env, options.variables)

    @property
    def secrets(self) -> frozenset[str]:
        """Return the values of reverse_etl.yml that must not be printed; none if it cannot be read."""
        try:
            content = read_file(self.locations.project_dir)
        except ConfigError:
            return frozenset()
        found = sensitive_values(content) | keys_in(content)
        # A key of the sandbox opens nothing, and Jinja is no key.
        return frozenset(text for text in found if not text.startswith(("sandbox-", "{{")))

    @cached_property
    def settings(self) -> Settings:
        beside = (*OTHER_KEYS, *DEFAULT_KEYS)
        return resolve_settings(self.locations.project_dir, self.env, self.options.settings, beside)

    @cached_property
    def manifest(self) -> Manifest:
        """Return the manifest. Raises ConfigError if it is missing, broken, outdated, or another target's."""
        manifest = read_manifest(self.locations)
        facts = ManifestFacts(
            manifest, self.locations, self.target, vars(self.options), lambda: self._target_mismatch(manifest)
        )
        guards = [guard for guard in MANIFEST_GUARDS if guard.name not in self.options.allow]
        problem = first_problem(guards, facts)
        if problem is not None:
            raise error_of(problem)
        if stale_manifest.GUARD in guards:
            self._stale = facts.staleness
        return manifest

    def unread_warnings(self) -> list[str]:
        """Return warnings about what is not read: changed files, misspelt tags, repeated keys, unknown targets."""
        lost = repeated_keys(self.manifest, self.locations.project_dir)
        changed = changed_files(self._stale, self.locations)
        return [*unread_tags(self.manifest), *lost, *changed, *self._unread_defaults()]

    def _unread_defaults(self) -> list[str]:
        """Return warnings about defaults for targets that the profile does not have."""
        try:
            outputs = read_outputs(self._request, self.env, ())
        except ConfigError:
            return []
        unknown = unknown_targets(read_file(self.locations.project_dir), list(outputs.fields))
        return [f"{sentence}; the profile is `{outputs.profile}`" for sentence in unknown]

    def _target_mismatch(self, manifest: Manifest) -> TargetCheck | None:
        """Return why the manifest is another target's. An unreadable profile is reported later, on opening."""
        try:
            return judge(manifest, self._build, self.profile, read_outputs(self._request, self.env, PLACE_KEYS))
        except ConfigError:
            return None

    @cached_property
    def profile(self) -> Profile:
        return read_profile(self._request, self.env)

    @property
    def _request(self) -> ProfileRequest:
        options = self.options
        return ProfileRequest(
            self.locations.project_dir, options.profiles_dir, options.profile, options.target, options.variables
        )

    @property
    def target(self) -> str:
        """Return the name of the dbt target; empty if the profile cannot be read."""
        try:
            return self.profile.target
        except ConfigError:
            return ""

    @cached_property
    def definitions(self) -> Definitions:
        """Return all definitions, including broken ones. Raises ConfigError if dbt's files cannot be read."""
        defaults = read_defaults(read_file(self.locations.project_dir), self.target)
        options = ReadOptions(self.target, defaults, self.options.allow)
        return read_syncs(self.manifest, options, self.vendor)

    @property
    def syncs(self) -> tuple[Sync, ...]:
        """Return the syncs of the project that can run, in the order they run in."""
        return self.definitions.syncs

    def select_definitions(self) -> Definitions:
        """Return the definitions that --select and --exclude leave, in the order they run in."""
        names: dict[str, list[str]] = {}
        for one in self.definitions:
            names.setdefault(one.unique_id, []).append(one.name)
        kept = set(select(self.manifest, names, self.options.select, self.options.exclude))
        return Definitions(
            tuple(sync for sync in self.definitions.syncs if (sync.unique_id, sync.name) in kept),
            tuple(one for one in self.definitions.broken if (one.unique_id, one.name) in kept),
        )

    def builds(self, reader: Reader, schema: str) -> Builds:
        """Return what dbt's last results, and the tables in `schema`, say of the models. Raises ConfigError."""
        tagged = [unique_id for unique_id, node in self.manifest.nodes.items() if TAG in node.meta]
        return read_builds(self.manifest, self._build, tagged, reader, schema)

    @cached_property
    def _build(self) -> Build:
        return read_build(self.locations)

    def vendor(self, name: str) -> Destination:
        """Return what knows the objects and replies of the destination `name`. Nothing of its settings is checked."""
        return load_destination(destination_kind(name, self.locations.project_dir))

    def destination(self, name: str) -> DestinationConfig:
        """Return a destination by name. Raises ConfigError."""
        if name not in self._destinations:
            self._destinations[name] = self.vendor(name).resolve(self._source(name))
        return self._destinations[name]

    def offline_destination(self, name: str) -> OfflineConfig:
        """What can be known of a destination without its secrets. Raises ConfigError for what is wrong."""
        return self.vendor(name).resolve_offline(self._source(name, target=""))

    def _source(self, name: str, target: str | None = None) -> DestinationSource:
        known = self.target if target is None else target
        return DestinationSource(name, self.locations.project_dir, self.env, self._render(name), known)

    def _render(self, name: str) -> Callable[[str], object]:
        renderer = Renderer(self.env, self.options.variables)
        place = {"file": self.locations.project_dir / FILE, "key": f"destinations.{name}"}
        return lambda text: renderer.render(text, place)

    def settings_of(self, sync: Sync | BrokenSync) -> Settings:
        """Return the settings that hold for one sync."""
        del sync
        return self.settings

    def state_schemas(self) -> Sequence[str]:
        """Return the schemas of our tables, of all syncs together."""
        return [self.settings.state_schema]

    def open(self, *, read_only: bool) -> Warehouse:
        """Open the warehouse of the dbt target; only for reading if our tables are in a file."""
        if self.settings.state == "local":
            return self.open_local(self.open_target(read_only=True), read_only=read_only)
        return self.open_target(read_only=read_only)

    def open_target(self, *, read_only: bool) -> Warehouse:
        """Open the warehouse of the dbt target, also if the state is in a local file."""
        profile, settings = self.profile, self.settings
        limit, small = settings.memory_limit, settings.send_warehouse
        connection = Connection(profile.type, profile.fields, Path.cwd(), limit, self._wait, small)
        return open_warehouse(connection, read_only=read_only)

    def open_local(self, target: Warehouse, *, read_only: bool) -> Warehouse:
        """Open the local state file next to an open target, also if `state` is `warehouse`."""
        limit = self.settings.memory_limit
        return open_local(self.state_path, target, limit, self._wait, read_only=read_only)

    @property
    def state_path(self) -> Path:
        """Return where that file is."""
        return (self.locations.project_dir / Path(self.settings.state_path).expanduser()).resolve()

    @property
    def _wait(self) -> WaitPolicy:
        return WaitPolicy(self.settings.lock_wait, time.monotonic, time.sleep)


def unknown_guards(allow: Collection[str]) -> ConfigError | None:
    """Return the error of a name after --allow that is not a guard."""
    wrong = [name for name in allow if name not in ALLOWABLE]
    if not wrong:
        return None
    return ConfigError(
        "unknown-guard",
        f"there is no guard `{wrong[0]}`",
        context={"guards": ", ".join(ALLOWABLE)},
        hint="Name one of the guards after --allow.",
    )
