"""Settings from flags, the environment and reverse_etl.yml, resolved once into one frozen value; reads no other file.

Each setting has an environment variable: `REVERSE_ETL_` and its name in capitals. A flag wins over the variable, the
variable over `reverse_etl.yml`, the file over the default.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from reverse_etl.counting import plural
from reverse_etl.documents import read_yaml
from reverse_etl.errors import ConfigError, did_you_mean

FILE = "reverse_etl.yml"
PREFIX = "REVERSE_ETL_"
# Most rows in one request of any endpoint: a smaller batch loses less if it fails.
LARGEST_BATCH = 1000
OTHER_KEYS = ("destinations",)
_DAY = 86_400.0
_NUMBER = r"(\d+(?:\.\d+)?)"
_DURATION = re.compile(rf"(?:{_NUMBER}d)?\s*(?:{_NUMBER}h)?\s*(?:{_NUMBER}m)?\s*(?:{_NUMBER}s?)?")
_LONGEST_SHOWN = 20  # shorter than any key
_OF_DESTINATIONS = ("api_key", "base_url", "region", "project_type", "project")


def read_duration(value: object) -> object:
    """Return seconds for a text such as `90`, `30m` or `1h30m`. Numbers stay. Raises ValueError for other texts."""
    if not isinstance(value, str):
        return value
    parts = _DURATION.fullmatch(value.strip().lower())
    if parts is None or not any(parts.groups()):
        raise ValueError("must be a time such as `1800`, `30m` or `1h30m`")
    days, hours, minutes, seconds = (float(part or 0) for part in parts.groups())
    return days * _DAY + hours * 3600 + minutes * 60 + seconds


class Settings(BaseModel):
    """How runs behave. Times are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    state: Literal["warehouse", "local"] = Field(
        default="warehouse",
        description="where to keep the tables of reverse-etl: the target database, or a DuckDB file",
    )
    state_path: str = Field(
        default="reverse_etl_state.duckdb",
        min_length=1,
        description="path of that file, relative to the folder of dbt_project.yml; only with `state: local`",
    )
    state_schema: str = Field(
        default="reverse_etl", min_length=1, description="schema of the tables of reverse-etl in the target database"
    )
    send_warehouse: str = Field(
        default="",
        description="Snowflake: a small virtual warehouse to use while rows are sent, when a run only reads windows of"
        " its plan and saves outcomes; default: the warehouse of the target. Other adapters ignore it",
    )
    lease_ttl: float = Field(120, gt=0, description="seconds a lease lasts after its last heartbeat")
    heartbeat: float = Field(
        default=0, ge=0, description="seconds between heartbeats; 0: a quarter of lease_ttl, at most 30"
    )
    http_timeout: float = Field(30, gt=0, description="seconds that one attempt of a request may take in total")
    pause_bound: float = Field(default=30, ge=0, description="longest pause of this process, in seconds, that is safe")
    late_request_bound: float = Field(
        default=120, ge=0, description="a request can take effect at most this many seconds after it was sent"
    )
    window: int = Field(default=50_000, ge=1, description="rows that may be sent before their outcomes are saved")
    wait: float = Field(300, ge=0, description="seconds to wait for the lease of a run that seems to have crashed")
    max_runtime: Annotated[float, BeforeValidator(read_duration)] = Field(
        default=0,
        ge=0,
        description="longest time that a command sends, in seconds or as `30m` or `1h30m`; 0: no limit",
    )
    concurrency: int = Field(
        default=0,
        ge=0,
        le=64,
        description="requests sent at the same time; 0: 4, or as many as the rate limit needs if replies are slow",
    )
    requests_per_second: float = Field(default=0, ge=0, description="bulk requests a second; 0: the documented rate")
    catalog_requests_per_second: float = Field(
        default=0, ge=0, description="uploads and deletions of catalog items a second; 0: 5"
    )
    attempts: int = Field(5, ge=1, le=50, description="attempts of one request that fails temporarily")
    batch_rows: int = Field(LARGEST_BATCH, ge=1, le=LARGEST_BATCH, description="most rows in one request")
    memory_limit: str = Field(
        "200MB",
        description="memory that DuckDB may use before it writes to disk; 200MB grows by 1.5 MB for each column of a"
        " table beyond 100",
    )
    lock_wait: float = Field(
        default=30, ge=0, description="seconds to wait for a DuckDB file that another process has open"
    )
    user_pause: float = Field(
        default=60,
        ge=0,
        description="seconds between a change of a user's address, or a call of the other kind (single or bulk),"
        " and the next call for the same user; 0: none",
    )
    skip_unchanged_for: Annotated[float, BeforeValidator(read_duration)] = Field(
        default=_DAY,
        ge=0,
        description="longest time, in seconds or as `12h`, for which runs do not compare a model whose table has not"
        " changed since the last comparison; 0: compare in every run",
    )
    recheck_after: float = Field(
        default=7 * _DAY, ge=0, description="seconds before an unknown user is looked up again"
    )

    price_per_tib: float = Field(
        default=6.25,
        ge=0,
        description="dollars for 1 TiB that BigQuery bills, for prices of runs and of `plan --cost`; the default is the"
        " price on demand in the US: cloud.google.com/bigquery/pricing",
    )
    price_per_credit: float = Field(
        default=3.0,
        ge=0,
        description="dollars for one credit of Snowflake, for `plan --cost`; it depends on edition and region:"
        " snowflake.com/pricing",
    )
    history_days: float = Field(400, gt=0, description="age in days at which a run is deleted from `sync_runs`")
    history_runs: int = Field(10_000, ge=1, description="most runs of each sync that `sync_runs` keeps")

    @property
    def beat(self) -> float:
        """Return the seconds between heartbeats: the setting, or the default for this lease."""
        return self.heartbeat or min(30.0, self.lease_ttl / 4)


def resolve_settings(
    project_dir: Path,
    env: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    other_keys: Collection[str] = OTHER_KEYS,
) -> Settings:
    """Return the settings of a project. Raises ConfigError with the source of each wrong or contradictory value.

    `other_keys` may stand in the file, and are not read here.
    """
    values = {name: value for name, value in read_file(project_dir).items() if name not in other_keys}
    values.update({name: env[variable(name)] for name in Settings.model_fields if env.get(variable(name), "") != ""})
    values.update({name: value for name, value in (flags or {}).items() if value is not None})
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise _wrong_settings(error, env, other_keys) from None
    _refuse_contradictions(settings)
    return settings


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def read_file(project_dir: Path) -> dict[str, object]:
    """Return `reverse_etl.yml` of the project folder as plain values; empty if there is none."""
    path = project_dir / FILE
    if not path.is_file():
        return {}
    return read_yaml(path, "broken-settings-file", f"Correct {path}: one `name: value` a line.")


def render_values(value: object, render: Callable[[str], object]) -> object:
    """Return a plain value with every text in it rendered (`{{ env_var('X') }}`)."""
    if isinstance(value, str):
        return render(value)
    if isinstance(value, dict):
        return {name: render_values(inner, render) for name, inner in value.items()}
    if isinstance(value, list):
        return [render_values(inner, render) for inner in value]
    return value


def _wrong_settings(error: ValidationError, env: Mapping[str, str], other_keys: Collection[str]) -> ConfigError:
    lines = {}
    for fault in error.errors(include_url=False):
        name = str(fault["loc"][0]) if fault["loc"] else "settings"
        origin = variable(name) if env.get(variable(name)) else f"{FILE} or a flag"
        lines[f"{name} (from {origin})"] = _wrong_setting(name, fault, other_keys)
    return ConfigError(
        "wrong-setting",
        f"{plural(len(lines), 'setting')} cannot be used: {', '.join(lines)}",
        context=lines,
        hint="Correct the value where the context says it comes from.",
    )


def _wrong_setting(name: str, fault: ErrorDetails, other_keys: Collection[str]) -> str:
    """Return what is wrong. A value under an unknown name may be an API key, so it is not shown."""
    if fault["type"] == "extra_forbidden":
        if name in _OF_DESTINATIONS:
            return f"`{name}` belongs to a destination: write it under `destinations:`, `<name>:`"
        return f"there is no such setting{did_you_mean(name, [*Settings.model_fields, *other_keys])}"
    found = fault["input"]
    plain = isinstance(found, (int, float, str)) and len(str(found)) <= _LONGEST_SHOWN
    return f"{fault['msg']}, found {found!r}" if plain else f"{fault['msg']}, found a {type(found).__name__}"


def _refuse_contradictions(settings: Settings) -> None:
    """Raise ConfigError if a run would stop before its first heartbeat, or could send after its lease ended."""
    reasons = []
    if settings.beat + settings.pause_bound >= settings.lease_ttl:
        reasons.append(
            f"heartbeat ({settings.beat:g}) + pause_bound ({settings.pause_bound:g}) must be below lease_ttl"
            f" ({settings.lease_ttl:g}), or a run would have no time to send"
        )
    if settings.http_timeout > settings.late_request_bound:
        reasons.append(
            f"http_timeout ({settings.http_timeout:g}) must not exceed late_request_bound"
            f" ({settings.late_request_bound:g}), or a request could take effect after another run took the lease"
        )
    if reasons:
        raise ConfigError(
            "contradictory-settings",
            "; ".join(reasons),
            context={name: getattr(settings, name) for name in ("lease_ttl", "pause_bound", "http_timeout")}
            | {"heartbeat": settings.beat, "late_request_bound": settings.late_request_bound},
            hint=f"Change them in {FILE} or by variables such as {variable('lease_ttl')}.",
        )
