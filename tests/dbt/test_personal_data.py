"""What dbt projects write to mark a column as personal data, and what they write to say the opposite."""

from __future__ import annotations

from typing import Any

import pytest

from reverse_etl.dbt.nodes import read_node
from reverse_etl.dbt.personal_data import find_personal_mark


def mark_of(column: dict[str, Any], **node: Any) -> str:
    raw = {"name": "m", "columns": {"ssn": {"name": "ssn", **column}}, **node}
    [found] = read_node("model.shop.m", raw, "duckdb").columns
    return find_personal_mark(found)


@pytest.mark.parametrize(
    "meta",
    [
        {"pii": True},
        {"pii": "true"},
        {"pii": "high"},
        {"pii": 1},
        {"pii": ["name", "address"]},
        {"pii": {"kind": "email"}},
        {"PII": "yes"},
        {"contains_pii": True},
        {"containsPII": True},
        {"contains-pii": "Y"},
        {"is_pii": True},
        {"has_pii": True},
        {"sensitive": True},
        {"is_sensitive": "true"},
        {"personal_data": True},
        {"phi": True},
        {"pii_type": "email"},
        {"classification": "PII"},
        {"data_classification": "Highly Confidential"},
        {"sensitivity": "high"},
        {"governance": {"privacy": {"pii": True}}},
        {"tags": ["crm", "pii"]},
        {"labels": {"pii": True}},
        {"masking_policy": "mp_encrypt_pii"},
        {"policy_tags": ["projects/p/locations/eu/taxonomies/1/policyTags/2"]},
    ],
)
def test_these_metas_mark_a_column(meta: dict[str, Any]) -> None:
    assert mark_of({"meta": meta}), "meta"
    assert mark_of({"config": {"meta": meta}}), "config: meta"


@pytest.mark.parametrize(
    "meta",
    [
        {},
        {"pii": False},
        {"pii": "false"},
        {"pii": "no"},
        {"pii": None},
        {"pii": 0},
        {"pii": ""},
        {"pii": "none"},
        {"pii": []},
        {"pii": {"contains": False}},
        {"contains_pii": "N"},
        {"sensitive": False},
        {"classification": "public"},
        {"classification": "non-pii"},
        {"sensitivity": "low"},
        {"tags": ["non_pii", "no pii"]},
        {"pii_reviewed": True},
        {"owner": "pii team"},
        {"reverse_etl": {"pii": True}},
        {"policy_tags": []},
    ],
)
def test_these_metas_do_not(meta: dict[str, Any]) -> None:
    assert mark_of({"meta": meta}) == ""


@pytest.mark.parametrize(
    "column",
    [
        {"tags": ["pii"]},
        {"tags": ["PII:email"]},
        {"config": {"tags": ["contains_pii"]}},
        {"config": {"tags": "sensitive"}},
        {"policy_tags": ["projects/p/locations/eu/taxonomies/1/policyTags/2"]},
        {"config": {"policy_tags": ["x"]}},
        {"masking_policy": "mask_email"},
        {"databricks_tags": {"pii": "true"}},
    ],
)
def test_tags_and_policies_mark_a_column(column: dict[str, Any]) -> None:
    assert mark_of(column)


def test_the_mark_is_named() -> None:
    assert mark_of({"meta": {"pii": True}}) == "`pii: true` in its meta"
    assert mark_of({"tags": ["crm", "PII"]}) == "the tag `PII`"
    assert mark_of({"policy_tags": ["a/b"]}) == "`policy_tags`"


def test_the_meta_of_the_model_marks_no_column() -> None:
    """dbt v2 copies it to columns without meta."""
    assert mark_of({"meta": {"pii": True}}, meta={"pii": True}) == ""
