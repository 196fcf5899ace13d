"""dbt-postgres's profile fields: names, aliases, defaults; no server is needed."""

from __future__ import annotations

import pytest
from psycopg.conninfo import conninfo_to_dict

from reverse_etl.errors import ConfigError
from reverse_etl.warehouses.postgres.profile import read_options
from reverse_etl.warehouses.postgres.quoting import convert_placeholders

FIELDS = {"type": "postgres", "host": "db", "user": "u", "password": "hush", "dbname": "shop", "schema": "marts"}
DEFAULTS = {"host": "db", "port": "5432", "user": "u", "password": "hush", "dbname": "shop", "client_encoding": "UTF8"}
OTHERS = {"connect_timeout": "10", "application_name": "reverse-etl"}


def test_fields_become_options_with_dbts_defaults():
    access = read_options({**FIELDS, "threads": 4, "unknown": "x"})
    assert access.options == {**DEFAULTS, **OTHERS}
    assert (access.role, access.search_path, access.retries, access.grantee) == ("", "", 1, '"u"')


def test_aliases_are_taken():
    fields = {"host": "db", "user": "u", "pass": "hush", "database": "shop"}
    assert read_options(fields).options == {**DEFAULTS, **OTHERS}


def test_everything_of_libpq_is_passed_on():
    said = {
        "port": 6543,
        "sslmode": "verify-full",
        "sslcert": "c",
        "sslkey": "k",
        "sslrootcert": "r",
        "sslpassword": "p",
        "keepalives_idle": 30,
        "connect_timeout": 5,
        "application_name": "nightly",
    }
    options = read_options({**FIELDS, **said}).options
    assert {name: options[name] for name in said} == {name: str(value) for name, value in said.items()}


def test_no_idleness_is_the_systems():
    assert "keepalives_idle" not in read_options({**FIELDS, "keepalives_idle": 0}).options


@pytest.mark.parametrize(
    ("said", "role"), [("Analytics", "analytics"), ('"Analytics"', "Analytics"), (None, ""), ('"a""b"', 'a"b')]
)
def test_role_is_folded_as_set_role_does(said, role):
    assert read_options({**FIELDS, "role": said}).role == role


@pytest.mark.parametrize("missing", ["host", "user", "dbname"])
def test_missing_field_is_named(missing):
    with pytest.raises(ConfigError) as raised:
        read_options({**FIELDS, missing: None})
    assert raised.value.code == "incomplete-profile"
    assert f"`{missing}`" in raised.value.message


def test_connection_string_holds_what_was_said_word_for_word():
    said = {**FIELDS, "password": "it's \\ a=b 'c'"}
    assert conninfo_to_dict(read_options(said).conninfo) == read_options(said).options


def test_secrets_are_not_shown():
    access = read_options({**FIELDS, "sslpassword": "quiet"})
    assert "hush" not in repr(access)
    assert "quiet" not in repr(access)
    assert access.public_facts == {"host": "db", "port": "5432", "dbname": "shop", "user": "u"}


@pytest.mark.parametrize(
    ("sql", "as_psycopg_takes_it"),
    [
        ("a = ? AND b LIKE '%?''%'", "a = %s AND b LIKE '%%?''%%'"),
        ('"odd ? %""" = ?', '"odd ? %%""" = %s'),
        ("E'it\\'s ?' || ?", "E'it\\'s ?' || %s"),
        ("/* ? */ ? -- ? '", "/* ? */ %s -- ? '"),
    ],
)
def test_parameters_are_found_outside_literals_names_and_comments(sql, as_psycopg_takes_it):
    assert convert_placeholders(sql) == as_psycopg_takes_it
