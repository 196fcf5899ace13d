"""What has to be in a sandbox before rows go to it: lists and catalogs that definitions name and do not make."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from reverse_etl.sync import Sync


@dataclass(frozen=True)
class SandboxContents:
    """Lists, by id and name, and catalogs that have to be in a project."""

    lists: tuple[tuple[int, str], ...] = ()
    catalogs: tuple[str, ...] = ()


def needed_contents(syncs: Sequence[Sync]) -> SandboxContents:
    """Return what these definitions name and do not create themselves."""
    scopes = [sync.scope for sync in syncs if not sync.creates_scope]
    by_name = {_number(scope["list"]): scope["list"] for scope in scopes if "list" in scope}
    by_id = {int(scope["list_id"]): f"List {scope['list_id']}" for scope in scopes if "list_id" in scope}
    catalogs = dict.fromkeys(scope["catalog"] for scope in scopes if "catalog" in scope)
    return SandboxContents(tuple({**by_name, **by_id}.items()), tuple(catalogs))


def _number(name: str) -> int:
    """Return an id of seven digits for the name of a list, the same in every run."""
    return 1_000_000 + zlib.crc32(name.encode()) % 9_000_000
