"""Destinations: what is asked for, never guessed, and what is remembered of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reverse_etl.destinations.base import DestinationSource
from reverse_etl.destinations.iterable.config import resolve_config
from reverse_etl.errors import ConfigError

ENV = {"ITERABLE_API_KEY": "sandbox-k", "ITERABLE_PROJECT_TYPE": "hybrid", "ITERABLE_REGION": "eu"}


def render(text: str) -> str:
    return text.replace("{{ env_var('K') }}", "sandbox-k")


def resolve(folder: Path, env: dict[str, str], name: str = "iterable") -> object:
    return resolve_config(
        DestinationSource(name, folder, env, lambda text: text.replace("{{ env_var('K') }}", "sandbox-k"))
    )


def test_the_environment_is_enough(tmp_path: Path) -> None:
    found = resolve_config(DestinationSource("iterable", tmp_path, ENV, render))
    assert (found.base_url, found.project_type, found.api_key.reveal()) == (
        "https://api.eu.iterable.com",
        "hybrid",
        "sandbox-k",
    )
    assert "sandbox-k" not in repr(found)


def test_the_files_entry_wins(tmp_path: Path) -> None:
    (tmp_path / "reverse_etl.yml").write_text(
        "destinations:\n  staging:\n    api_key: \"{{ env_var('K') }}\"\n"
        "    base_url: http://127.0.0.1:1\n    project_type: email\n"
    )
    found = resolve_config(
        DestinationSource("staging", tmp_path, ENV, lambda text: text.replace("{{ env_var('K') }}", "sandbox-k"))
    )
    assert (found.host, found.project_type) == ("127.0.0.1:1", "email")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"ITERABLE_API_KEY": ""}, "missing-key"),
        ({"ITERABLE_PROJECT_TYPE": ""}, "unknown-project-type"),
        ({"ITERABLE_PROJECT_TYPE": "mail"}, "unknown-project-type"),
        ({"ITERABLE_REGION": "asia"}, "unknown-region"),
    ],
)
def test_what_is_missing_is_asked_for(changed: dict[str, str], code: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(tmp_path, {**ENV, **changed})
    assert caught.value.code == code
    assert next(iter(changed)) in caught.value.hint


def test_an_unknown_destination_lists_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "reverse_etl.yml").write_text("destinations:\n  staging:\n    region: us\n")
    with pytest.raises(ConfigError) as caught:
        resolve(tmp_path, ENV, "stagin")
    assert caught.value.code == "unknown-destination"
    assert "did you mean `staging`" in caught.value.message


def test_an_unknown_key_of_a_destination_is_refused(tmp_path: Path) -> None:
    (tmp_path / "reverse_etl.yml").write_text("destinations:\n  iterable:\n    apikey: x\n")
    with pytest.raises(ConfigError) as caught:
        resolve(tmp_path, ENV)
    assert caught.value.code == "wrong-destination"
    assert "apikey" in caught.value.message
    assert "did you mean `api_key`" in str(caught.value.context)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{api_key: 12345}", "'api_key': 'expected a text; put it in quotes'"),
        ("[us]", "does not hold `key: value` pairs"),
    ],
)
def test_a_wrong_value_of_a_destination_is_told_without_the_value(entry: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "reverse_etl.yml").write_text(f"destinations:\n  iterable: {entry}\n")
    with pytest.raises(ConfigError) as caught:
        resolve(tmp_path, ENV)
    told = f"{caught.value.message} {caught.value.context}"
    assert said in told
    assert "12345" not in told


def test_what_is_remembered_tells_keys_apart_and_is_no_key(tmp_path: Path) -> None:
    one = resolve_config(DestinationSource("iterable", tmp_path, ENV, render))
    other = resolve_config(DestinationSource("iterable", tmp_path, {**ENV, "ITERABLE_API_KEY": "sandbox-l"}, render))
    assert one.remembered("salt") == one.remembered("salt")
    assert one.remembered("salt") != other.remembered("salt")
    assert one.remembered("salt")["key_fingerprint"] != one.remembered("pepper")["key_fingerprint"]
    assert "sandbox-k" not in str(one.remembered("salt"))


def test_an_unknown_type_is_named(tmp_path: Path) -> None:
    (tmp_path / "reverse_etl.yml").write_text("destinations:\n  staging:\n    type: iterble\n")
    with pytest.raises(ConfigError) as caught:
        resolve(tmp_path, ENV, "staging")
    assert caught.value.code == "wrong-destination"
    assert "did you mean `iterable`" in caught.value.message


def test_the_type_of_iterable_may_be_written(tmp_path: Path) -> None:
    (tmp_path / "reverse_etl.yml").write_text(
        "destinations:\n  staging:\n    type: iterable\n    project_type: email\n"
    )
    assert resolve_config(DestinationSource("staging", tmp_path, ENV, render)).project_type == "email"
