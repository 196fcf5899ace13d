"""A small shop, built once by the real dbt, and what dbt itself says about it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from reverse_etl.dbt.manifest import Manifest, read_manifest
from reverse_etl.dbt.project import Locations, locate

HERE = Path(__file__).parent

SELECTIONS = [
    "--select iterable_users",
    "--select users_out",
    "--select customers",
    "--select customers.v1",
    "--select customers_v2",
    "--select customers.v9",
    "--select customers.v1+",
    "--select marts",
    "--select shop.marts",
    "--select shop.iterable_users",
    "--select shop",
    "--select stg_*",
    "--select *users",
    "--select shop.*.stg_*",
    "--select shop.staging.*",
    "--select stg_order?",
    "--select stg_[ac]*",
    "--select customer?",
    "--select *",
    "--select tag:staging",
    "--select tag:c*",
    "--select path:models/marts",
    "--select path:models/marts/",
    "--select ./models/staging",
    "--select models/staging/stg_orders.sql",
    "--select path:models/*/stg_*.sql",
    "--select path:models/**/*.yml",
    "--select path:models/marts/marts.yml",
    "--select path:models",
    "--select path:**/stg_orders.sql",
    "--select path:models/mart",
    "--select path:snapshots",
    "--select path:seeds/raw_*",
    "--select file:stg_orders.sql",
    "--select file:stg_*",
    "--select stg_orders.sql",
    "--select package:tools",
    "--select package:this",
    "--select resource_type:seed",
    "--select resource_type:snapshot",
    "--select config.materialized:view",
    "--select config.meta.owner:growth",
    "--select config.meta.reverse_etl.object:users",
    "--select config.schema:crm",
    "--select config.tags:crm",
    "--select source:app",
    "--select source:app+",
    "--select source:app.orders+1",
    "--select source:shop.app.orders+",
    "--select source:other.app.orders+",
    "--select +exposure:crm",
    "--select 1+exposure:*",
    "--select group:growth",
    "--select access:public",
    "--select version:latest",
    "--select version:old",
    "--select version:prerelease",
    "--select version:none",
    "--select +iterable_users",
    "--select 0+iterable_users",
    "--select 1+iterable_users",
    "--select raw_customers+",
    "--select raw_customers+1",
    "--select 1+stg_customers+1",
    "--select @stg_orders",
    "--select @raw_orders",
    "--select tag:staging,stg_orders",
    "--select +iterable_users,tag:staging stg_*,raw_orders+",
    "--select stg_orders tag:crm",
    "--select marts --exclude customers",
    "--exclude tag:staging resource_type:seed",
    "--select +iterable_users --exclude 1+iterable_users,config.materialized:view",
    "--select nothing_of_this_name",
]

PROFILE = {
    "plain": "5432",
    "number": 5432,
    "truth": True,
    "nothing": None,
    "port": "{{ env_var('PORT') }}",
    "port_number": "{{ env_var('PORT') | as_number }}",
    "port_native": "{{ env_var('PORT') | as_native }}",
    "port_int": "{{ env_var('PORT') | int }}",
    "port_text": "{{ env_var('PORT') | as_text }}",
    "fallback": "{{ env_var('UNSET', 'there') }}",
    "fallback_number": "{{ env_var('UNSET', 7) }}",
    "flag": "{{ env_var('FLAG') | as_bool }}",
    "no_flag": "{{ env_var('PORT') | as_bool }}",
    "no_number": "{{ env_var('FLAG') | as_number }}",
    "list": "{{ env_var('LIST') | as_native }}",
    "several": "{{ env_var('PORT') }}-{{ env_var('FLAG') }}",
    "spaced": " {{ env_var('PORT') }} ",
    "constant": "{{ 5432 }}",
    "constant_number": "{{ '5432' | as_number }}",
    "sum": "{{ 1 + env_var('PORT') | int }}",
    "branch": "{% if env_var('FLAG') == 'True' %}a{% else %}b{% endif %}",
    "comment": "{# gone #}",
    "block": "line one\nline two\n",
    "secret": "{{ env_var('DBT_ENV_SECRET_TOKEN') }}",
    "inside": "md:shop?token={{ env_var('DBT_ENV_SECRET_TOKEN') }}&x=1",
    "upper_secret": "{{ env_var('DBT_ENV_SECRET_UNSET', 'open') | upper }}",
    "secret_number": "{{ env_var('DBT_ENV_SECRET_TOKEN') | as_number }}",
    "password": "p{%ss",
    "host": "p{%ss",
    "missing": "{{ env_var('UNSET') }}",
    "variable": "{{ var('region') }}",
    "no_variable": "{{ var('other', 'us') }}",
    "missing_variable": "{{ var('other') }}",
    "json": "{{ fromjson(env_var('JSON'))['a'] }}",
    "nested": {"deep": ["{{ env_var('PORT') | as_number }}", "x"]},
    "unsafe": "{{ ''.__class__.__mro__ }}",
}

ENVIRONMENT = {
    "PORT": "5432",
    "FLAG": "True",
    "LIST": "['a', 1]",
    "JSON": '{"a": "b"}',
    "DBT_ENV_SECRET_TOKEN": "s3cret",
}


@dataclass(frozen=True)
class Shop:
    """The built project, and dbt's answers by selection and by field."""

    project_dir: Path
    locations: Locations
    broken: Locations
    manifest: Manifest
    selected: dict[str, list[str]]
    rendered: dict[str, object]


@pytest.fixture(scope="session")
def shop(real_dbt: None, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    base = tmp_path_factory.mktemp("dbt")
    for name in ("shop", "tools"):
        shutil.copytree(HERE / name, base / name)
    project = base / "shop"
    questions, answers = base / "questions.json", base / "answers.json"
    questions.write_text(json.dumps({"selections": [line.split() for line in SELECTIONS], "profile": PROFILE}))
    env = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
    env |= ENVIRONMENT | {"SHOP_DATABASE": str(base / "shop.duckdb")}
    done = subprocess.run(
        [sys.executable, str(HERE / "run_dbt.py"), str(project), str(questions), str(answers)],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answers.is_file(), done.stdout + done.stderr
    said = json.loads(answers.read_text())
    locations = locate(project, None, None, {})
    return Shop(
        project_dir=project,
        locations=locations,
        broken=locate(project, Path("target_broken"), None, {}),
        manifest=read_manifest(locations),
        selected=dict(zip(SELECTIONS, said["selected"], strict=True)),
        rendered=said["rendered"],
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "selection" in metafunc.fixturenames:
        metafunc.parametrize("selection", SELECTIONS)
    if "profile_field" in metafunc.fixturenames:
        metafunc.parametrize("profile_field", list(PROFILE.items()), ids=list(PROFILE))


@pytest.fixture
def rendering_environment() -> dict[str, str]:
    """What dbt had in its environment when it rendered."""
    return dict(ENVIRONMENT)
