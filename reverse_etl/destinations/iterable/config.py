"""Which Iterable project rows go to, from reverse_etl.yml and the environment; opens no connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from reverse_etl.destinations.base import DestinationConfig, DestinationSource, OfflineConfig
from reverse_etl.destinations.config_file import read_entry
from reverse_etl.errors import ConfigError, did_you_mean
from reverse_etl.secret import Secret
from reverse_etl.settings import FILE, render_values

REGIONS = {"us": "https://api.iterable.com", "eu": "https://api.eu.iterable.com"}
PROJECT_TYPES = ("email", "user_id", "hybrid")
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


@dataclass(frozen=True)
class IterableConfig(DestinationConfig):
    """One Iterable project, how to reach it, and another host that its key may go to."""

    kind: ClassVar[str] = "iterable"
    ca_bundle: str | None = None
    proxy: str | None = None
    allow_host: str | None = None


def resolve_config(source: DestinationSource) -> IterableConfig:
    """Return the project from its entry in the file, else from the environment. Raises ConfigError.

    If the dbt target may not send to this destination, no key is needed.
    """
    name, env, render = source.name, source.env, source.render
    written = read_entry(name, source.project_dir)
    sends = _may_send(name, written, render, source.target)
    entry = _entry(name, render_values(written if sends else _without_missing_key(written, render), render))
    return IterableConfig(
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


def resolve_offline(source: DestinationSource) -> OfflineConfig:
    """Return a destination as far as variables are set. Raises ConfigError for wrong values, not for missing ones."""
    name, env, render = source.name, source.env, source.render
    unset: list[ConfigError] = []
    values: object = read_entry(name, source.project_dir)
    if isinstance(values, dict):
        rendered = {key: _if_set(partial(render_values, value, render), unset) for key, value in values.items()}
        values = {key: value for key, value in rendered.items() if value is not None}
    entry = _entry(name, values)
    _base_url(entry, env)
    if not any("api_key" in str(error.context.get("key")) for error in unset):
        _if_set(lambda: _key(entry, env, needed=True), unset)
    found = _if_set(lambda: _project_type(entry, env), unset)
    return OfflineConfig((found,) if found else PROJECT_TYPES, tuple(unset))


Value = TypeVar("Value")


def _if_set(read: Callable[[], Value], unset: list[ConfigError]) -> Value | None:
    """Return what `read` returns. If a variable is missing, return None and put the error into `unset`."""
    try:
        return read()
    except ConfigError as error:
        said_wrong = error.code == "unknown-project-type" and "found" in error.context
        if error.code not in ("missing-key", "unknown-project-type", "missing-environment-variable") or said_wrong:
            raise
        unset.append(error)
        return None


def project_type_to_play(source: DestinationSource) -> tuple[str, str] | None:
    """Return the project type for a sandbox of this destination, and its source; None if it is not set.

    Key and address are not read.
    """
    entry = _entry(source.name, read_entry(source.name, source.project_dir))
    if entry.project_type:
        said = _Entry(project_type=str(source.render(entry.project_type)))
        return _project_type(said, {}), FILE
    if source.env.get(_TYPE_VARIABLE):
        return _project_type(entry, source.env), _TYPE_VARIABLE
    return None


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
    """Return what is wrong with a key, without its value, which may be the API key."""
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
            f"`{region}` is not a data center of Iterable{did_you_mean(region, REGIONS)}",
            context={"allowed": ", ".join(REGIONS)},
            hint="Set ITERABLE_REGION to us or eu; the project's address in the browser shows which.",
        )
    return REGIONS[region]


def _project_type(entry: _Entry, env: Mapping[str, str]) -> str:
    found = (entry.project_type or env.get(_TYPE_VARIABLE, "")).strip().lower()
    if found in PROJECT_TYPES:
        return found
    unknown = f"`{found}` is not a project type{did_you_mean(found, PROJECT_TYPES)}"
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
    """Return the entry without a key that cannot be rendered."""
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
