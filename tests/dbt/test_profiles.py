"""Profiles are found, chosen and rendered as dbt does it, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from reverse_etl.dbt.jinja import Renderer
from reverse_etl.dbt.profiles import Profile, ProfileRequest, read_profile
from reverse_etl.errors import ConfigError

DUCKDB = (
    "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb}\n    prod: {type: duckdb, path: p}\n"
)


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "shop"
    for name in ("shop", "flag", "engine", "plain", "home/.dbt", "current"):
        (tmp_path / name).mkdir(parents=True)
    (folder / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (folder / "profiles.yml").write_text(DUCKDB)
    monkeypatch.chdir(tmp_path / "current")
    return folder


def read(project: Path, env: dict[str, str] | None = None, **asked: object) -> Profile:
    env = {"HOME": str(project.parent / "home")} | (env or {})
    return read_profile(ProfileRequest(project, **asked), env)  # type: ignore[arg-type]


def refused(project: Path, env: dict[str, str] | None = None, **asked: object) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(project, env, **asked)
    return caught.value


def output(project: Path, text: str) -> None:
    (project / "profiles.yml").write_text(f"shop:\n  target: dev\n  outputs:\n    dev:\n      type: duckdb\n{text}")


def test_renders_as_dbt_does(shop, profile_field, rendering_environment):
    name, written = profile_field
    renderer = Renderer(rendering_environment, {"region": "eu"})
    said = shop.rendered[name]
    if isinstance(written, dict):
        assert {"value": {"deep": [renderer.render(written["deep"][0], {}), "x"]}} == said
    elif not isinstance(written, str):
        assert {"value": written} == said
    elif said == "error" or name == "password":
        with pytest.raises(ConfigError):
            renderer.render(written, {"key": name})
    else:
        assert {"value": renderer.render(written, {})} == said
        assert type(renderer.render(written, {})) is type(said["value"])


def test_reads_the_profile_that_dbt_built_with(shop):
    profile = read_profile(ProfileRequest(shop.project_dir), {"SHOP_DATABASE": "/tmp/x.duckdb"})
    assert (profile.name, profile.target, profile.type) == ("shop", "dev", "duckdb")
    assert profile.fields == {"type": "duckdb", "path": "/tmp/x.duckdb", "threads": 1}
    assert profile.path == shop.project_dir / "profiles.yml"


def test_only_the_chosen_output_is_rendered(shop):
    error = None
    try:
        read_profile(ProfileRequest(shop.project_dir), {"SHOP_DATABASE": "x", "SHOP_TARGET_NAME": "other"})
    except ConfigError as caught:
        error = caught
    assert error is not None
    assert error.code == "missing-environment-variable"
    for part in ("`A_VARIABLE_NOBODY_SETS`", "profile `shop`", "target `other`", "key `path`"):
        assert part in error.message


@pytest.mark.parametrize(
    ("places", "asked", "env", "found"),
    [
        (["flag", "engine", "plain", "current"], "flag", {"DBT_ENGINE_PROFILES_DIR": "../engine"}, "flag"),
        (["engine", "plain"], None, {"DBT_ENGINE_PROFILES_DIR": "../engine", "DBT_PROFILES_DIR": "../plain"}, "engine"),
        (["plain", "current"], None, {"DBT_PROFILES_DIR": "../plain"}, "plain"),
        (["current", "home/.dbt"], None, {}, "current"),
        (["home/.dbt"], None, {}, "shop"),
    ],
)
def test_the_first_place_that_dbt_would_look_in(project, places, asked, env, found):
    for name in places:
        (project.parent / name / "profiles.yml").write_text(DUCKDB)
    profile = read(project, env, profiles_dir=project.parent / asked if asked else None)
    assert profile.path.resolve() == project.parent / found / "profiles.yml"


def test_the_home_folder_is_the_last_place(project):
    (project / "profiles.yml").rename(project.parent / "home" / ".dbt" / "profiles.yml")
    assert read(project).path == project.parent / "home" / ".dbt" / "profiles.yml"


def test_a_named_folder_is_the_only_place(project):
    error = refused(project, profiles_dir=project.parent / "flag")
    assert error.code == "missing-profiles-file"
    assert error.context["looked at"] == str(project.parent / "flag" / "profiles.yml")


def test_all_places_are_named_when_none_holds_the_file(project):
    (project / "profiles.yml").unlink()
    looked = refused(project).context["looked at"]
    for folder in ("current", "shop", "home/.dbt"):
        assert str(project.parent / folder / "profiles.yml") in str(looked)


@pytest.mark.parametrize(
    ("asked", "env", "name"),
    [
        ("flagged", {"DBT_PROFILE": "plain"}, "flagged"),
        (None, {"DBT_ENGINE_PROFILE": "engine", "DBT_PROFILE": "plain"}, "engine"),
        (None, {"DBT_PROFILE": "plain"}, "plain"),
        (None, {"CHOSEN": "chosen"}, "chosen"),
    ],
)
def test_the_name_of_the_profile(project, asked, env, name):
    (project / "dbt_project.yml").write_text("profile: \"{{ env_var('CHOSEN', 'none') }}\"\n")
    (project / "profiles.yml").write_text(DUCKDB.replace("shop:", f"{name}:"))
    assert read(project, env, profile=asked).name == name


@pytest.mark.parametrize(
    ("written", "asked", "env", "name"),
    [
        ("target: dev", "prod", {"DBT_TARGET": "dev"}, "prod"),
        ("target: dev", None, {"DBT_ENGINE_TARGET": "prod", "DBT_TARGET": "dev"}, "prod"),
        ("target: dev", None, {"DBT_TARGET": "prod"}, "prod"),
        ("target: \"{{ env_var('WHERE') }}\"", None, {"WHERE": "prod"}, "prod"),
        ("target: \"{{ env_var('WHERE', 'dev') }}\"", None, {}, "dev"),
    ],
)
def test_the_name_of_the_target(project, written, asked, env, name):
    (project / "profiles.yml").write_text(DUCKDB.replace("target: dev", written))
    assert read(project, env, target=asked).target == name


def test_the_target_is_default_where_none_is_named(project):
    (project / "profiles.yml").write_text("shop: {outputs: {default: {type: duckdb}}}")
    assert read(project).target == "default"


def test_an_unknown_profile_names_the_nearest(project):
    error = refused(project, profile="shp")
    assert error.code == "missing-profile"
    assert "did you mean `shop`?" in error.message


def test_a_project_without_a_profile(project):
    (project / "dbt_project.yml").write_text("name: shop\n")
    assert refused(project).code == "missing-profile"


def test_an_unknown_target_names_those_there_are(project):
    error = refused(project, target="prd")
    assert error.code == "missing-target"
    assert "did you mean `prod`?" in error.message
    assert "dev, prod" in error.hint


def test_numbers_and_aliases_stay_as_they_are_written(project):
    output(
        project, "      dbname: '5432'\n      port: 5432\n      since: 2024-01-01\n      list: [1, {a: \"{{ 1 }}\"}]\n"
    )
    fields = read(project).fields
    assert fields == {"type": "duckdb", "dbname": "5432", "port": 5432, "since": "2024-01-01", "list": [1, {"a": "1"}]}


def test_secrets_are_known_and_hidden(project):
    output(
        project,
        "      path: \"md:shop?motherduck_token={{ env_var('DBT_ENV_SECRET_MD') }}\"\n"
        "      password: \"{{ env_var('PLAIN') }}\"\n"
        "      pass: 12345\n"
        "      private_key_path: /keys/rsa.p8\n"
        "      secrets: [{type: s3, key_id: public, secret: hidden}]\n"
        "      dsn_url: postgres://joe:swordfish@host/db\n"
        "      passphrase: ''\n",
    )
    profile = read(project, {"DBT_ENV_SECRET_MD": "md-secret", "PLAIN": "plain-secret"})
    whole = "md:shop?motherduck_token=md-secret"
    assert profile.fields["path"] == whole
    assert profile.secrets == {"md-secret", whole, "plain-secret", "12345", "hidden", "swordfish"}
    assert not any(secret in repr(profile) for secret in profile.secrets)


def test_two_secrets_in_one_text(project):
    output(project, "      path: \"{{ env_var('DBT_ENV_SECRET_A') }}:{{ env_var('DBT_ENV_SECRET_B') }}\"\n")
    assert read(project, {"DBT_ENV_SECRET_A": "x1", "DBT_ENV_SECRET_B": "x2"}).fields["path"] == "x1:x2"


def test_a_password_that_looks_like_jinja_is_taken_as_it_is(project):
    output(project, "      password: 'p{%ss'\n")
    assert read(project).fields["password"] == "p{%ss"


def test_a_variable_that_a_password_needs_must_be_set(project):
    output(project, "      password: \"{{ env_var('NOT_SET') }}\"\n")
    assert refused(project).code == "missing-environment-variable"


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("      token: 'abc{{ hunter2'\n", "hunter2"),
        ("      port: \"{{ env_var('PLAIN') | as_number }}\"\n", "hunter2"),
        ("      password: *hunter2\n", "hunter2"),
        ("      password: !hunter2 x\n", "hunter2"),
        ("      password: hunter2: x\n", "hunter2"),
    ],
)
def test_errors_quote_no_secret(project, line, hidden):
    output(project, line)
    error = refused(project, {"PLAIN": "hunter2"})
    assert error.code in ("unrenderable-value", "broken-profiles-file")
    assert hidden not in f"{error.message} {error.context} {error.hint} {error.__cause__}"


@pytest.mark.parametrize(
    "text",
    [
        "- a list\n",
        "shop: 5\n",
        "shop: {target: dev}\n",
        "shop: {target: dev, outputs: {dev: duckdb}}\n",
        "shop: {target: dev, outputs: {dev: {path: x}}}\n",
        "shop: {\n",
        "shop: \x00\n",
        "[" * 50_000,
        "shop: &a {outputs: {default: *a}}\n",
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
            f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)
        ),
        "a: &a {k0: 0, k1: 1, k2: 2, k3: 3}\n" + "".join(
            f"{b}: &{b} {{<<: [{', '.join([f'*{a}'] * 10)}]}}\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)
        ),
        "shop: " + "x" * 5_000_000,
    ],
)  # fmt: skip
def test_a_broken_profiles_file(project, text):
    (project / "profiles.yml").write_text(text)
    error = refused(project)
    assert error.code == "broken-profiles-file"
    assert str(project / "profiles.yml") in error.message


def test_an_empty_profiles_file_has_no_profile(project):
    (project / "profiles.yml").write_text("")
    assert refused(project).code == "missing-profile"


def test_vars_reach_the_profile(project):
    output(project, "      path: \"{{ var('file') }}\"\n")
    assert read(project, variables={"file": "v.duckdb"}).fields["path"] == "v.duckdb"
    assert refused(project).code == "unrenderable-value"
