"""Destination: which Iterable project rows go to, from reverse_etl.yml and the environment; opens no connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from reverse_etl.errors import ConfigError, did_you_mean
from reverse_etl.secret import Secret
from reverse_etl.settings import FILE, read_file, render_values

REGIONS = {"us": "https://api.iterable.com", "eu": "https://api.eu.iterable.com"}
PROJECT_TYPES = ("email", "user_id", "hybrid")
DEFAULT = "iterable"
_TYPE_VARIABLE = "ITERABLE_PROJECT_TYPE"


def _names(value: object) -> object:
    return [value] if isinstance(value, str) else value


Targets = Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(_names), Field(min_length=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: str | None = None
    base_url: str | None = None
    region: str | None = None
    project_type: str | None = None
    project: str | None = None
    ca_bundle: str | None = None
    proxy: str | None = None
    allow_host: str | None = None
    targets: Targets | None = None


# What a sandbox of the command's own is known as.
SANDBOX = "sandbox"


@dataclass(frozen=True)
class Destination:
    """One Iterable project. `project` is a name of the user's own, compared like the key.

    `targets` are the dbt targets that may send to it; empty: all of them.
    `known_as` stands for the host where the address is another one each time.
    """

    name: str
    base_url: str
    project_type: str
    api_key: Secret
    project: str = ""
    ca_bundle: str | None = None
    proxy: str | None = None
    allow_host: str | None = None
    known_as: str = ""
    targets: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """Host and port, as the sync snapshot remembers it."""
        return self.known_as or urlsplit(self.base_url).netloc.lower()

    @property
    def flag(self) -> str:
        """What a command that looks at this destination's rows needs to be given besides."""
        return " --sandbox" if self.known_as == SANDBOX else ""

    def remembered(self, salt: str) -> dict[str, object]:
        """What a sync snapshot keeps of where its rows went; never the key, only its salted fingerprint."""
        return {
            "host": self.host,
            "project_type": self.project_type,
            "project": self.project,
            "key_fingerprint": self.api_key.fingerprint(salt),
        }


def resolve_destination(
    name: str, project_dir: Path, env: Mapping[str, str], render: Callable[[str], object], target: str = ""
) -> Destination:
    """A destination by name. The file's entry wins; the environment fills what it leaves out. Raises ConfigError.

    `target` is the dbt target of the command. One that may not send needs no key.
    """
    written = _written(name, project_dir)
    sends = _may_send(name, written, render, target)
    entry = _entry(name, render_values(written if sends else _without_missing_key(written, render), render))
    return Destination(
        name=name,
        base_url=_base_url(entry, env),
        project_type=_project_type(entry, env),
        api_key=_key(entry, env, needed=sends),
        project=entry.project or env.get("ITERABLE_PROJECT", ""),
        ca_bundle=entry.ca_bundle or env.get("ITERABLE_CA_BUNDLE") or None,
        proxy=entry.proxy or env.get("ITERABLE_PROXY") or None,
        allow_host=entry.allow_host,
        targets=tuple(entry.targets or ()),
    )


@dataclass(frozen=True)
class OfflineDestination:
    """What can be known of a destination without secrets: the types its project may have, and what is `unset`."""

    project_types: tuple[str, ...]
    unset: tuple[ConfigError, ...] = ()


def resolve_offline(
    name: str, project_dir: Path, env: Mapping[str, str], render: Callable[[str], object]
) -> OfflineDestination:
    """A destination as far as variables are set. Raises ConfigError for what is wrong, not for what is missing."""
    unset: list[ConfigError] = []
    values: object = _written(name, project_dir)
    if isinstance(values, dict):
        rendered = {key: _if_set(partial(render_values, value, render), unset) for key, value in values.items()}
        values = {key: value for key, value in rendered.items() if value is not None}
    entry = _entry(name, values)
    _base_url(entry, env)
    if not any("api_key" in str(error.context.get("key")) for error in unset):
        _if_set(lambda: _key(entry, env, needed=True), unset)
    found = _if_set(lambda: _project_type(entry, env), unset)
    return OfflineDestination((found,) if found else PROJECT_TYPES, tuple(unset))


Value = TypeVar("Value")


def _if_set(read: Callable[[], Value], unset: list[ConfigError]) -> Value | None:
    """What is read; None, and its error in `unset`, if a variable is missing."""
    try:
        return read()
    except ConfigError as error:
        said_wrong = error.code == "unknown-project-type" and "found" in error.context
        if error.code not in ("missing-key", "unknown-project-type", "missing-environment-variable") or said_wrong:
            raise
        unset.append(error)
        return None


def project_type_to_play(
    name: str, project_dir: Path, env: Mapping[str, str], render: Callable[[str], object]
) -> tuple[str, str] | None:
    """The type of project that stands in for a destination, and what says so; None if nothing says so.

    Its key and address are not looked at.
    """
    entry = _entry(name, _written(name, project_dir))
    if entry.project_type:
        said = _Entry(project_type=str(render(entry.project_type)))
        return _project_type(said, {}), FILE
    if env.get(_TYPE_VARIABLE):
        return _project_type(entry, env), _TYPE_VARIABLE
    return None


def _written(name: str, project_dir: Path) -> object:
    """What the file says of a destination, as it stands there."""
    entries = read_file(project_dir).get("destinations") or {}
    if not isinstance(entries, dict):
        raise ConfigError(
            "broken-settings-file",
            f"`destinations` in {FILE} holds no names",
            context={"file": project_dir / FILE, "key": "destinations"},
            hint="Write `name:` and its keys.",
        )
    if name not in entries and (name != DEFAULT or entries):
        raise ConfigError(
            "unknown-destination",
            f"there is no destination `{name}`{did_you_mean(name, entries)}",
            context={"known": ", ".join(entries) or f"{DEFAULT}, from the environment"},
            hint=f"Name it under `destinations:` in {FILE}, or correct `destination:` in the definition.",
        )
    return entries.get(name) or {}


def _entry(name: str, values: object) -> _Entry:
    try:
        return _Entry.model_validate(values)
    except ValidationError as error:
        wrong = [str(part) for fault in error.errors(include_url=False) for part in fault["loc"][:1]]
        said = f"has keys that cannot be used: {', '.join(wrong)}" if wrong else "does not hold `key: value` pairs"
        raise ConfigError(
            "wrong-destination",
            f"destination `{name}` in {FILE} {said}",
            context={key: _wrong_key(key) for key in wrong},
            hint=f"Allowed are {', '.join(_Entry.model_fields)}; each is a text, `targets` is a list of them.",
        ) from None


def _wrong_key(key: str) -> str:
    """What is wrong with it; never its value, which may be the key of Iterable."""
    known = key in _Entry.model_fields
    if key == "targets":
        return "expected names of dbt targets, such as [prod]"
    return (
        "expected a text; put it in quotes"
        if known
        else f"there is no such key{did_you_mean(key, _Entry.model_fields)}"
    )


def _base_url(entry: _Entry, env: Mapping[str, str]) -> str:
    url = entry.base_url or ("" if entry.region else env.get("ITERABLE_BASE_URL", ""))
    if url:
        return url.rstrip("/")
    region = (entry.region or env.get("ITERABLE_REGION") or "us").lower()
    if region not in REGIONS:
        raise ConfigError(
            "unknown-region",
            f"`{region}` is no data center of Iterable{did_you_mean(region, REGIONS)}",
            context={"allowed": ", ".join(REGIONS)},
            hint="Set ITERABLE_REGION to us or eu; the project's address in the browser shows which.",
        )
    return REGIONS[region]


def _project_type(entry: _Entry, env: Mapping[str, str]) -> str:
    found = (entry.project_type or env.get(_TYPE_VARIABLE, "")).strip().lower()
    if found in PROJECT_TYPES:
        return found
    unknown = f"`{found}` is no project type{did_you_mean(found, PROJECT_TYPES)}"
    raise ConfigError(
        "unknown-project-type",
        unknown if found else "the project type is not set",
        context={**({"found": found} if found else {}), "allowed": ", ".join(PROJECT_TYPES)},
        hint="Set ITERABLE_PROJECT_TYPE; Iterable shows it under Settings > Project Settings > Unique identifier.",
    )


def _may_send(name: str, written: object, render: Callable[[str], object], target: str) -> bool:
    listed = written.get("targets") if isinstance(written, dict) else None
    targets = _entry(name, {"targets": render_values(listed, render)}).targets
    return not targets or not target or target in targets


def _without_missing_key(written: object, render: Callable[[str], object]) -> object:
    """The entry without a key that cannot be rendered."""
    if not isinstance(written, dict) or not isinstance(written.get("api_key"), str):
        return written
    try:
        render(written["api_key"])
    except ConfigError:
        return {key: value for key, value in written.items() if key != "api_key"}
    return written


def _key(entry: _Entry, env: Mapping[str, str], *, needed: bool) -> Secret:
    key = entry.api_key if entry.api_key is not None else env.get("ITERABLE_API_KEY", "")
    if not key and needed:
        raise ConfigError(
            "missing-key",
            "there is no API key for Iterable",
            context={"variable": "ITERABLE_API_KEY", "file": f"{FILE}, if it names destinations"},
            hint="Set ITERABLE_API_KEY to a server-side key; for the sandbox to anything that begins with `sandbox-`.",
        )
    return Secret(key)
