"""A project of the stories whose table and sync snapshots are on a server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.stories.project import WINDOWED, Project
from tests.warehouses.postgres.postgres_server import Server


@dataclass
class OnServer(Project):
    """The same project with its table and its sync snapshots on a server."""

    adapter: ClassVar[str] = "postgres"
    server: Server | None = None

    def sql(self, *statements: str) -> list[tuple[object, ...]]:
        return [] if self.server is None else self.server.run(*statements)


def on_server(server: Server, folder: Path, url: str, meta: object, made: str) -> OnServer:
    """A project with one tagged model, whose table a statement makes."""
    project = OnServer.make(folder, url, meta, WINDOWED)
    project.server = server
    profile = {"target": "dev", "outputs": {"dev": server.profile(schema="main")}}
    (project.folder / "profiles.yml").write_text(json.dumps({"shop": profile}), encoding="utf-8")
    manifest = project.folder / "target" / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"duckdb"', '"postgres"'), encoding="utf-8")
    project.sql("CREATE SCHEMA main", made)
    return project
