"""Sandboxed: a project whose destinations are sandboxes of this process, each with sync snapshots of its own."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from reverse_etl.cli.commands.sandbox import report_start_failure
from reverse_etl.cli.options import SandboxUse
from reverse_etl.dbt.nodes import mapping
from reverse_etl.definition.destination import (
    PROJECT_TYPES,
    SANDBOX,
    Destination,
    OfflineDestination,
    project_type_to_play,
)
from reverse_etl.documents import MEGABYTE, read_json
from reverse_etl.errors import ConfigError
from reverse_etl.project.context import ProjectContext, ProjectOptions
from reverse_etl.project.project_types import possible_types
from reverse_etl.sandbox import SandboxOptions, start_sandbox
from reverse_etl.sandbox.state.journal import FILE_NAME
from reverse_etl.secret import Secret
from reverse_etl.settings import Settings
from reverse_etl.sync import BrokenSync, Sync

if TYPE_CHECKING:
    from reverse_etl.sandbox import ProjectType
    from reverse_etl.sandbox.http.server import RunningSandbox

FOLDER = "reverse_etl_sandbox"
_KEPT = "sandbox.json"
# Where nothing is listened for: a loopback address, so that no key is refused there.
_NOWHERE = "http://localhost"


@dataclass(frozen=True)
class Kept:
    """What a data folder says of itself: an id, made once, and the type of project it holds, if it holds anything."""

    id: str
    project_type: str
    is_empty: bool = False


@dataclass(frozen=True)
class Named:
    """Lists, by id and name, and catalogs that have to be in a project."""

    lists: tuple[tuple[int, str], ...] = ()
    catalogs: tuple[str, ...] = ()


class SandboxedProject(ProjectContext):
    """Leave its context to end the sandboxes. Neither keys nor addresses of the real destinations are read."""

    def __init__(
        self, flags: ProjectOptions, env: Mapping[str, str], use: SandboxUse, say: Callable[[str, str], None]
    ) -> None:
        """Nothing is started before a destination is asked for. `say` takes the name of an event and its words."""
        super().__init__(flags, env)
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
        """Its tables stand in a schema that belongs to one data folder: a new folder begins with nothing.

        This sandbox applies everything at once, so no row waits for it.
        """
        kept = read_kept(self.data_dir(sync.destination))
        schema = f"{self.settings.state_schema}_sandbox_{kept.id[:8] if kept else 'new'}"
        return self.settings.model_copy(update={"state_schema": schema, "user_pause": 0.0})

    def data_dir(self, name: str) -> Path:
        """Where the sandbox of a destination keeps what it received."""
        return self.locations.target_path / FOLDER / quote(name, safe="").replace(".", "%2E")

    def destination(self, name: str) -> Destination:
        """The sandbox that stands in for a destination. Raises ConfigError."""
        if name not in self._destinations:
            self._destinations[name] = self._stand_in(name)
        return self._destinations[name]

    def offline_destination(self, name: str) -> OfflineDestination:
        """A sandbox needs no secrets."""
        return OfflineDestination((self.destination(name).project_type,))

    def _stand_in(self, name: str) -> Destination:
        folder = self.data_dir(name)
        kept = read_kept(folder)
        project_type, source = self._project_type(name, kept)
        if kept is not None and kept.project_type != project_type and not kept.is_empty:
            raise _other_type(folder, kept, project_type)
        # What an empty folder of another type planned is no concern of this one.
        kept = kept if kept is not None and kept.project_type == project_type else None
        url = _NOWHERE
        if self._use is not SandboxUse.LOOK:
            named = named_things([sync for sync in self.syncs if sync.destination == name])
            if self._use is SandboxUse.SEND:
                # Pushed before the sandbox starts, so that it has ended when this is called.
                self._running.callback(self._leave, name, was_empty=kept is None or kept.is_empty)
            url = self._start(name, self._played(folder, kept), project_type, named)
        where = "" if url == _NOWHERE else f" at {url} until this command ends"
        self._say("SandboxUsed", f"destination `{name}` is a sandbox{where}; project type: {project_type} ({source})")
        if self._use is SandboxUse.SEND:
            kept = _keep(folder, Kept(kept.id if kept else secrets.token_hex(16), project_type))
        key = f"sandbox-{kept.id if kept else secrets.token_hex(16)}"
        return Destination(name, url, project_type, Secret(key), project=name, known_as=SANDBOX)

    def _leave(self, name: str, *, was_empty: bool) -> None:
        """Say where to look; or note that nothing arrived, so that the next try may be of another project type."""
        folder = self.data_dir(name)
        kept = read_kept(folder)
        if kept is None:
            return
        if was_empty and not self._received(name):
            for path in folder.glob(f"{FILE_NAME}*"):
                path.unlink(missing_ok=True)
            _keep(folder, replace(kept, is_empty=True))
        else:
            self._say("SandboxKept", _how_to_see(folder, kept.project_type))

    def _played(self, folder: Path, kept: Kept | None) -> Path | None:
        """Where the sandbox keeps its project: what only asks works on a copy, or on nothing, and leaves no trace."""
        if self._use is SandboxUse.SEND:
            return folder
        if kept is None:
            return None
        copy = Path(self._running.enter_context(TemporaryDirectory())) / folder.name
        return Path(shutil.copytree(folder, copy))

    def _received(self, name: str) -> bool:
        """Whether a sandbox took anything in."""
        running = self._sandboxes.get(name)
        log = running.project.requests if running else ()
        return any(one.method != "GET" and not one.is_refused for one in log)

    def _project_type(self, name: str, kept: Kept | None) -> tuple[str, str]:
        """What is said, or what the folder holds, or what the definitions allow; and which of these."""
        said = project_type_to_play(name, self.locations.project_dir, self.env, self._render(name))
        if said is not None:
            return said
        if kept is not None and not kept.is_empty:
            return kept.project_type, "that of the last time"
        allowed = possible_types([sync for sync in self.syncs if sync.destination == name])
        if len(allowed) == 1:
            return allowed[0], "the definitions allow no other"
        if allowed and PROJECT_TYPES[0] not in allowed:
            return allowed[0], f"the definitions allow {' and '.join(allowed)}"
        return PROJECT_TYPES[0], "default; set ITERABLE_PROJECT_TYPE"

    def _start(self, name: str, data_dir: Path | None, project_type: str, named: Named) -> str:
        """The address of a sandbox that ends with the context."""
        options = SandboxOptions(
            port=0,
            data_dir=data_dir,
            project_type=cast("ProjectType", project_type),
            rate_limit=not self.settings.requests_per_second,
            lists=named.lists,
            catalogs=named.catalogs,
        )
        with report_start_failure(0, f"Wait for the command that uses it; or delete {data_dir} to begin anew."):
            self._sandboxes[name] = self._running.enter_context(start_sandbox(options))
            return self._sandboxes[name].url


def named_things(syncs: Sequence[Sync]) -> Named:
    """What these definitions name and do not make: nobody else has made it in a sandbox."""
    scopes = [sync.scope for sync in syncs if not sync.creates_scope]
    by_name = {_number(scope["list"]): scope["list"] for scope in scopes if "list" in scope}
    by_id = {int(scope["list_id"]): f"List {scope['list_id']}" for scope in scopes if "list_id" in scope}
    catalogs = dict.fromkeys(scope["catalog"] for scope in scopes if "catalog" in scope)
    return Named(tuple({**by_name, **by_id}.items()), tuple(catalogs))


def _number(name: str) -> int:
    """An id for a list that is known by its name: the same one in every run, of seven digits."""
    return 1_000_000 + zlib.crc32(name.encode()) % 9_000_000


def read_kept(folder: Path) -> Kept | None:
    """What a data folder says of itself; None where there is none yet. Raises ConfigError."""
    path = folder / _KEPT
    try:
        said = mapping(read_json(path, MEGABYTE))
        return Kept(str(said["id"]), str(said["project_type"]), said.get("is_empty") is True)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            "broken-sandbox-folder",
            f"{path} cannot be read",
            context={"reason": type(error).__name__},
            hint=f"Delete {folder}: the next run begins anew.",
        ) from error


def _keep(folder: Path, kept: Kept) -> Kept:
    (folder / _KEPT).write_text(json.dumps(asdict(kept)), encoding="utf-8")
    return kept


def _other_type(folder: Path, kept: Kept, project_type: str) -> ConfigError:
    return ConfigError(
        "other-project-type",
        f"the sandbox in {folder} holds a project of type {kept.project_type}, which cannot become {project_type}",
        context={"folder": folder, "variable": "ITERABLE_PROJECT_TYPE"},
        hint=f"Delete {folder} to begin anew, or set the project type back.",
    )


def _how_to_see(folder: Path, project_type: str) -> str:
    shown = os.path.relpath(folder) if folder.is_relative_to(Path.cwd()) else str(folder)
    return (
        f"to see what arrived: reverse-etl sandbox --data-dir {shlex.quote(shown)} --project-type {project_type}"
        "; status, history, rejected and requeue take --sandbox too"
    )
