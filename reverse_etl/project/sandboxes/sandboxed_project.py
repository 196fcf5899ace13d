"""A project whose destinations are sandboxes of this process, each with its own sync snapshots."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from reverse_etl.destinations.base import SANDBOX, DestinationConfig, OfflineConfig
from reverse_etl.destinations.config_file import destination_kind
from reverse_etl.destinations.iterable.config import PROJECT_TYPES, IterableConfig, project_type_to_play
from reverse_etl.errors import ConfigError
from reverse_etl.project.context import ProjectContext, ProjectOptions
from reverse_etl.project.project_types import possible_types
from reverse_etl.project.sandboxes.sandbox_contents import SandboxContents, needed_contents
from reverse_etl.project.sandboxes.sandbox_folder import (
    FolderLabel,
    other_project_type,
    read_label,
    type_of_folder,
    viewing_hint,
    write_label,
)
from reverse_etl.project.sandboxes.sandbox_use import SandboxUse
from reverse_etl.project.sandboxes.start_errors import report_start_failure
from reverse_etl.sandbox import SandboxOptions, start_sandbox
from reverse_etl.sandbox.state.journal import FILE_NAME
from reverse_etl.secret import Secret
from reverse_etl.settings import Settings
from reverse_etl.sync import BrokenSync, Sync

if TYPE_CHECKING:
    from reverse_etl.sandbox import ProjectType
    from reverse_etl.sandbox.http.server import RunningSandbox

FOLDER = "reverse_etl_sandbox"
# Nothing listens here. It is a loopback address, so that no key is refused.
_NOWHERE = "http://localhost"


class SandboxedProject(ProjectContext):
    """Leave its context to end the sandboxes. Neither keys nor addresses of the real destinations are read."""

    def __init__(
        self, options: ProjectOptions, env: Mapping[str, str], use: SandboxUse, say: Callable[[str, str], None]
    ) -> None:
        """Nothing is started before a destination is asked for. `say` takes the name of an event and its words."""
        super().__init__(options, env)
        self._use = use
        self._say = say
        self._running = ExitStack()
        self._sandboxes: dict[str, RunningSandbox] = {}

    def __enter__(self) -> SandboxedProject:  # noqa: PYI034  Self is newer than Python 3.10
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    def settings_of(self, sync: Sync | BrokenSync) -> Settings:
        """Return settings with a schema for this data folder. A new folder starts with no snapshots.

        This sandbox applies everything at once, so no row waits for it.
        """
        label = read_label(self.data_dir(sync.destination))
        schema = f"{self.settings.state_schema}_sandbox_{label.id[:8] if label else 'new'}"
        return self.settings.model_copy(update={"state_schema": schema, "user_pause": 0.0})

    def state_schemas(self) -> Sequence[str]:
        """Return a schema for each sandbox. The schema of the real destinations is never one of them."""
        return list(dict.fromkeys(self.settings_of(one).state_schema for one in self.definitions))

    def data_dir(self, name: str) -> Path:
        """Return where the sandbox of a destination keeps what it received."""
        return self.locations.target_path / FOLDER / quote(name, safe="").replace(".", "%2E")

    def destination(self, name: str) -> DestinationConfig:
        """Return the sandbox that stands in for a destination. Raises ConfigError."""
        if name not in self._destinations:
            self._destinations[name] = self._make_stand_in(name)
        return self._destinations[name]

    def offline_destination(self, name: str) -> OfflineConfig:
        """A sandbox needs no secrets."""
        return OfflineConfig((self.destination(name).project_type,))

    def _make_stand_in(self, name: str) -> DestinationConfig:
        if destination_kind(name, self.locations.project_dir) != IterableConfig.kind:
            raise _no_sandbox(name)
        folder = self.data_dir(name)
        label = read_label(folder)
        project_type, source = self._project_type(name, label)
        if label is not None and label.project_type != project_type and not label.is_empty:
            raise other_project_type(folder, label, project_type)
        # An empty folder of another type has no rows to keep.
        label = label if label is not None and label.project_type == project_type else None
        url = _NOWHERE
        if self._use is not SandboxUse.LOOK:
            contents = needed_contents([sync for sync in self.syncs if sync.destination == name])
            if self._use is SandboxUse.SEND:
                # Pushed before the sandbox starts, so that it has ended when this is called.
                self._running.callback(self._end, name, was_empty=label is None or label.is_empty)
            url = self._start(name, self._folder_to_use(folder, label), project_type, contents)
        where = "" if url == _NOWHERE else f" at {url} until this command ends"
        self._say("SandboxUsed", f"destination `{name}` is a sandbox{where}; project type: {project_type} ({source})")
        if self._use is SandboxUse.SEND:
            label = write_label(folder, FolderLabel(label.id if label else secrets.token_hex(16), project_type))
        key = f"sandbox-{label.id if label else secrets.token_hex(16)}"
        return IterableConfig(name, url, project_type, Secret(key), project=name, known_as=SANDBOX)

    def _end(self, name: str, *, was_empty: bool) -> None:
        """Report how to see what arrived. If nothing did, note that the next run may use another project type."""
        folder = self.data_dir(name)
        label = read_label(folder)
        if label is None:
            return
        if was_empty and not self._has_received(name):
            for path in folder.glob(f"{FILE_NAME}*"):
                path.unlink(missing_ok=True)
            write_label(folder, replace(label, is_empty=True))
        else:
            self._say("SandboxKept", viewing_hint(folder, label.project_type))

    def _folder_to_use(self, folder: Path, label: FolderLabel | None) -> Path | None:
        """Return the data folder to use: a copy, or none, for an operation that must leave no trace."""
        if self._use is SandboxUse.SEND:
            return folder
        if label is None:
            return None
        copy = Path(self._running.enter_context(TemporaryDirectory())) / folder.name
        return Path(shutil.copytree(folder, copy))

    def _has_received(self, name: str) -> bool:
        """Return whether a sandbox accepted a request that writes."""
        running = self._sandboxes.get(name)
        log = running.project.requests if running else ()
        return any(one.method != "GET" and not one.is_refused for one in log)

    def _project_type(self, name: str, label: FolderLabel | None) -> tuple[str, str]:
        """Return the project type, and where it comes from: the settings, the folder, or the definitions."""
        said = project_type_to_play(self._source(name))
        if said is not None:
            return said
        allowed = possible_types([sync for sync in self.syncs if sync.destination == name], self.vendor(name))
        if label is not None and not label.is_empty:
            return label.project_type, type_of_folder(self.data_dir(name), label, allowed)
        if len(allowed) == 1:
            return allowed[0], "the definitions allow no other"
        if allowed and PROJECT_TYPES[0] not in allowed:
            return allowed[0], f"the definitions allow {' and '.join(allowed)}"
        return PROJECT_TYPES[0], "default; set ITERABLE_PROJECT_TYPE"

    def _start(self, name: str, data_dir: Path | None, project_type: str, contents: SandboxContents) -> str:
        """Return the address of a sandbox that ends with the context."""
        options = SandboxOptions(
            port=0,
            data_dir=data_dir,
            project_type=cast("ProjectType", project_type),
            rate_limit=not self.settings.requests_per_second,
            lists=contents.lists,
            catalogs=contents.catalogs,
        )
        with report_start_failure(0, f"Wait for the command that uses it, or delete {data_dir}."):
            self._sandboxes[name] = self._running.enter_context(start_sandbox(options))
            return self._sandboxes[name].url


def _no_sandbox(name: str) -> ConfigError:
    return ConfigError(
        "wrong-destination",
        f"destination `{name}` has no sandbox: only destinations of type `{IterableConfig.kind}` have one",
        context={"destination": name},
        hint="Run without `--sandbox`, or leave its syncs out with `--exclude`.",
    )
