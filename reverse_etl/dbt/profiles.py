"""Finds and renders profiles.yml as dbt does, and chooses the target. Field names stay as they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from reverse_etl.dbt.jinja import Renderer
from reverse_etl.dbt.project import PROJECT_FILE, dbt_variable, from_env, read_project
from reverse_etl.dbt.sensitive import sensitive_values
from reverse_etl.documents import read_yaml
from reverse_etl.errors import ConfigError, did_you_mean

PROFILES_FILE = "profiles.yml"


@dataclass(frozen=True)
class ProfileRequest:
    """The values of dbt's flags `--profiles-dir`, `--profile`, `--target` and `--vars`, if they were given."""

    project_dir: Path
    profiles_dir: Path | None = None
    profile: str | None = None
    target: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Profile:
    """One output of one profile, rendered.

    `fields` are all keys of the output, including `type` and `threads`, with their names in the file. `secrets` are the
    texts in them that must never be printed. `repr` shows neither.
    """

    name: str
    target: str
    type: str
    fields: Mapping[str, object] = field(repr=False)
    path: Path
    secrets: frozenset[str] = field(repr=False)


@dataclass(frozen=True)
class Outputs:
    """The outputs of a profile, by target. `default` is dbt's default target, if it is written without Jinja."""

    profile: str
    fields: Mapping[str, Mapping[str, object]] = field(repr=False)
    default: str | None = None


def read_profile(request: ProfileRequest, env: Mapping[str, str]) -> Profile:
    """Return the connection that dbt would use. Only the chosen output is rendered.

    Raises ConfigError `missing-profiles-file`, `missing-profile`, `missing-target`, `missing-environment-variable`,
    `unrenderable-value` or `broken-profiles-file`. Unlike dbt, a variable that a password needs must be set.
    """
    path = _find(request, env)
    renderer = Renderer(env, request.variables)
    name = _profile_name(request, env, renderer)
    profiles = read_yaml(path, "broken-profiles-file")
    if name not in profiles:
        raise _missing_profile(name, path, profiles)
    profile = _mapping(profiles[name], path, f"profile `{name}`")
    outputs = _mapping(profile.get("outputs"), path, f"`outputs` of profile `{name}`")
    target = _target_name(request, env, profile, lambda text: renderer.render(text, _where(path, name, "target")))
    if target not in outputs:
        raise _missing_target(name, target, path, outputs)
    output = _mapping(outputs[target], path, f"output `{target}` of profile `{name}`")
    where = {"file": path, "profile": name, "target": target}
    fields = {key: _rendered(value, (key,), renderer, where) for key, value in output.items()}
    if not isinstance(fields.get("type"), str):
        raise _broken(path, f"output `{target}` of profile `{name}` has no `type`")
    secrets = frozenset(renderer.secrets) | sensitive_values(fields)
    return Profile(name, target, str(fields["type"]), fields, path, secrets)


def read_outputs(request: ProfileRequest, env: Mapping[str, str], keys: Sequence[str]) -> Outputs:
    """Return some fields of every output of the profile, if they can be rendered. Raises as `read_profile`."""
    path = _find(request, env)
    renderer = Renderer(env, request.variables)
    name = _profile_name(request, env, renderer)
    profile = _mapping(read_yaml(path, "broken-profiles-file").get(name), path, f"profile `{name}`")
    outputs = _mapping(profile.get("outputs"), path, f"`outputs` of profile `{name}`")
    found = {}
    for target, output in outputs.items():
        fields = {key: output[key] for key in keys if key in output} if isinstance(output, dict) else {}
        where = {"file": path, "profile": name, "target": target}
        found[target] = {key: value for key, text in fields.items() for value in _tried(text, key, renderer, where)}
    written = profile.get("target", "default")
    plain = isinstance(written, str) and not any(mark in written for mark in ("{{", "{%"))
    return Outputs(name, found, str(written) if plain else None)


def _tried(value: object, key: str, renderer: Renderer, where: Mapping[str, object]) -> list[object]:
    try:
        return [_rendered(value, (key,), renderer, where)]
    except ConfigError:
        return []


def _find(request: ProfileRequest, env: Mapping[str, str]) -> Path:
    """Return the path of profiles.yml. If a folder was given, no other folder is searched, as in dbt."""
    named = request.profiles_dir or from_env(env, "PROFILES_DIR")
    home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    folders = [named.expanduser()] if named else [Path.cwd(), request.project_dir, home / ".dbt"]
    places = list(dict.fromkeys(folder.absolute() / PROFILES_FILE for folder in folders))
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise ConfigError(
            "missing-profiles-file",
            f"there is no {PROFILES_FILE} in {', '.join(str(place.parent) for place in places)}",
            context={"looked at": ", ".join(map(str, places))},
            hint=f"Name the folder that holds {PROFILES_FILE} with `--profiles-dir` or DBT_PROFILES_DIR.",
        )
    return found


def _profile_name(request: ProfileRequest, env: Mapping[str, str], renderer: Renderer) -> str:
    name: object = request.profile or dbt_variable(env, "PROFILE") or read_project(request.project_dir).get("profile")
    if isinstance(name, str) and not (request.profile or dbt_variable(env, "PROFILE")):
        name = renderer.render(name, {"file": request.project_dir / PROJECT_FILE, "key": "profile"})
    if name is None:
        raise ConfigError(
            "missing-profile",
            f"no profile is named in {request.project_dir / PROJECT_FILE}",
            context={"file": request.project_dir / PROJECT_FILE},
            hint=f"Write `profile: <name>` in {PROJECT_FILE}, or pass `--profile`.",
        )
    return str(name)


def _target_name(
    request: ProfileRequest, env: Mapping[str, str], profile: Mapping[str, object], render: Callable[[str], object]
) -> str:
    named = request.target or dbt_variable(env, "TARGET")
    if named:
        return named
    written = profile.get("target", "default")
    return str(render(written) if isinstance(written, str) else written)


def _rendered(value: object, keys: tuple[str, ...], renderer: Renderer, where: Mapping[str, object]) -> object:
    if isinstance(value, dict):
        return {str(key): _rendered(inner, (*keys, str(key)), renderer, where) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rendered(inner, keys, renderer, where) for inner in value]
    if not isinstance(value, str):
        return value.isoformat() if isinstance(value, date) else value
    try:
        return renderer.render(value, {**where, "key": ".".join(keys)})
    except ConfigError as error:
        # A password may look like Jinja without being Jinja. dbt uses it unchanged.
        if "password" in keys and error.code == "unrenderable-value":
            return value
        raise


def _where(path: Path, profile: str, key: str) -> Mapping[str, object]:
    return {"file": path, "profile": profile, "key": key}


def _mapping(value: object, path: Path, what: str) -> Mapping[str, object]:
    if not isinstance(value, dict) or not value:
        raise _broken(path, f"{what} does not hold names with values")
    return {str(key): inner for key, inner in value.items()}


def _missing_profile(name: str, path: Path, profiles: Mapping[str, object]) -> ConfigError:
    return ConfigError(
        "missing-profile",
        f"{path} has no profile `{name}`{did_you_mean(name, profiles)}",
        context={"file": path, "profiles": ", ".join(profiles) or "none"},
        hint=f"Write one of them as `profile:` in {PROJECT_FILE} or `--profile`, or choose another `--profiles-dir`.",
    )


def _missing_target(name: str, target: str, path: Path, outputs: Mapping[str, object]) -> ConfigError:
    return ConfigError(
        "missing-target",
        f"profile `{name}` has no target `{target}`{did_you_mean(target, outputs)}",
        context={"file": path, "targets": ", ".join(outputs)},
        hint=f"Pass `--target` with one of: {', '.join(outputs)}.",
    )


def _broken(path: Path, reason: str) -> ConfigError:
    return ConfigError(
        "broken-profiles-file",
        f"{path}: {reason}",
        context={"file": path},
        hint=f"Correct {path}; `dbt debug` checks it.",
    )
