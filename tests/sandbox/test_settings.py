from __future__ import annotations

from dataclasses import fields, replace

import pytest

from reverse_etl.sandbox import Behaviour, list_settings, parse_behaviour


def test_every_field_is_listed_with_its_meaning_and_what_it_takes():
    listed = list_settings()
    assert [setting.name for setting in listed] == [field.name for field in fields(Behaviour)]
    assert [setting.name for setting in listed if not (setting.meaning and setting.values and setting.default)] == []


@pytest.mark.parametrize("setting", list_settings(), ids=lambda setting: setting.name)
def test_every_default_can_be_typed_as_it_is_told(setting):
    assert parse_behaviour([f"{setting.name}={setting.default}"]) == Behaviour()


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("retry_after=true", "retry_after", True),
        ("failed_updates=false", "failed_updates", False),
        ("oversized_status=400", "oversized_status", 400),
        ("max_batch_items=7", "max_batch_items", 7),
        ("max_batch_items=none", "max_batch_items", None),
        ("disabled_keys=sandbox-a,sandbox-b", "disabled_keys", frozenset({"sandbox-a", "sandbox-b"})),
        ("disabled_keys=", "disabled_keys", frozenset()),
    ],
)
def test_values_have_the_types_of_the_fields(text, name, value):
    assert parse_behaviour([text]) == replace(Behaviour(), **{name: value})


def test_the_last_of_a_name_counts_and_others_keep_their_default():
    assert parse_behaviour(["project_id=1", "project_id=2", "retry_after=true"]) == Behaviour(
        project_id=2, retry_after=True
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("retryafter=true", "'retryafter' is not a setting; did you mean retry_after"),
        ("Retry-After=true", "did you mean retry_after"),
        ("zzz=1", "'zzz' is not a setting$"),
        ("retry_after", "'retry_after' has no value: write retry_after=VALUE, where VALUE is true or false"),
        ("retry_after=yes", "'retry_after=yes': retry_after takes true or false"),
        ("oversized_status=404", "takes 413 or 400"),
        ("max_batch_items=-1", "takes a whole number or none"),
        ("project_id=1.5", "takes a whole number"),
    ],
)
def test_what_cannot_be_set_is_refused_with_what_can(text, told):
    with pytest.raises(ValueError, match=told):
        parse_behaviour([text])
