"""Settings: which source wins, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from reverse_etl.errors import ConfigError
from reverse_etl.settings import Settings, resolve_settings, variable


def test_a_flag_wins_over_the_variable_over_the_file_over_the_default(tmp_path: Path) -> None:
    (tmp_path / "reverse_etl.yml").write_text("window: 10\nattempts: 2\nconcurrency: 3\n")
    env = {"REVERSE_ETL_WINDOW": "20", "REVERSE_ETL_CONCURRENCY": "5"}
    settings = resolve_settings(tmp_path, env, {"concurrency": 7, "attempts": None})
    assert (settings.concurrency, settings.window, settings.attempts, settings.lease_ttl) == (7, 20, 2, 120)


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_has_a_variable(name: str, tmp_path: Path) -> None:
    values = {"state": "local", "state_path": "state.duckdb", "state_schema": "elsewhere", "memory_limit": "1GB"}
    related = {
        "lease_ttl": "100",
        "late_request_bound": "77",
        "pause_bound": "7",
        "heartbeat": "7",
        "http_timeout": "7",
    }
    value = values.get(name) or related.get(name) or "7"
    settings = resolve_settings(tmp_path, {variable(name): value})
    assert str(getattr(settings, name)).removesuffix(".0") == value


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"REVERSE_ETL_PAUSE_BOUND": "120"}, "pause_bound"),
        ({"REVERSE_ETL_LEASE_TTL": "20"}, "lease_ttl"),
        ({"REVERSE_ETL_HEARTBEAT": "100"}, "heartbeat"),
        ({"REVERSE_ETL_HTTP_TIMEOUT": "121"}, "http_timeout"),
        ({"REVERSE_ETL_LATE_REQUEST_BOUND": "10"}, "late_request_bound"),
    ],
)
def test_contradictions_are_refused_by_name(env: dict[str, str], named: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_settings(tmp_path, env)
    assert caught.value.code == "contradictory-settings"
    assert named in caught.value.message
    assert caught.value.exit_code == 2


def test_short_leases_are_possible(tmp_path: Path) -> None:
    names = ("LEASE_TTL", "PAUSE_BOUND", "LATE_REQUEST_BOUND", "HTTP_TIMEOUT")
    env = {f"REVERSE_ETL_{name}": value for name, value in zip(names, ("3", "1", "1", "0.5"), strict=True)}
    assert resolve_settings(tmp_path, env).beat == 0.75


def test_wrong_values_name_where_they_come_from(tmp_path: Path) -> None:
    (tmp_path / "reverse_etl.yml").write_text("windw: 10\n")
    with pytest.raises(ConfigError) as caught:
        resolve_settings(tmp_path, {"REVERSE_ETL_ATTEMPTS": "many"})
    said = f"{caught.value.message} {caught.value.context}"
    assert "REVERSE_ETL_ATTEMPTS" in said
    assert "did you mean `window" in said


@pytest.mark.parametrize("text", ["- a\n- b\n", "window: [", "just words"])
def test_a_broken_file_is_a_clear_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "reverse_etl.yml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        resolve_settings(tmp_path, {})
    assert caught.value.code == "broken-settings-file"
    assert str(tmp_path) in f"{caught.value.message}{caught.value.hint}"
