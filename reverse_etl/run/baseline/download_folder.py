"""The private folder in which a baseline keeps what it downloaded, until it is done."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from reverse_etl.errors import ConfigError
from reverse_etl.run.baseline.adopter import BaselineRun

_NOTE = ".baseline"


@dataclass(frozen=True)
class DownloadFolder:
    """A folder inside of `parent`, of one sync. Only this user can read it, and git ignores it."""

    parent: Path
    sync: str

    @property
    def path(self) -> Path:
        """Return the folder. Two syncs never share one."""
        mark = sha256(self.sync.encode()).hexdigest()[:8]
        return self.parent / f"{quote(self.sync, safe='')[:60].replace('.', '-')}-{mark}"

    def open(self, run: BaselineRun) -> Path:
        """Return the folder, with the files of an interrupted baseline if they are still true. Raises ConfigError.

        They are if no other run used the sync since, and the rows are read from the same project.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
            (self.parent / ".gitignore").write_text("*\n")
            if self._read_note() != {"fence": run.fence - 1, "place": _describe_place(run)}:
                self._clear()
            (self.path / _NOTE).write_text(json.dumps({"fence": run.fence, "place": _describe_place(run)}))
        except OSError as error:
            raise ConfigError(
                "file-not-written",
                f"{self.path} cannot be written: {error.strerror}",
                context={"sync": self.sync},
                hint="Let this user write to the target folder of dbt, and run again.",
            ) from error
        return self.path

    def remove(self) -> None:
        """Delete the folder, and its parent if it was the last one."""
        shutil.rmtree(self.path, ignore_errors=True)
        if not any(path.is_dir() for path in self.parent.glob("*")):
            shutil.rmtree(self.parent, ignore_errors=True)

    def _read_note(self) -> object:
        try:
            return json.loads((self.path / _NOTE).read_text())
        except (FileNotFoundError, ValueError):
            return None

    def _clear(self) -> None:
        shutil.rmtree(self.path)
        self.path.mkdir(mode=0o700)


def _describe_place(run: BaselineRun) -> str:
    """Return a digest of the project that the rows are read from, and of where the sync snapshot is."""
    place = {**run.runnable.destination.remembered("baseline"), "lease": run.store.tables.lease}
    return sha256(json.dumps(place, sort_keys=True, default=str).encode()).hexdigest()
