"""What BigQuery's words become: a code to look for, the right that is missing, and no value of a row."""

from __future__ import annotations

import pytest

from reverse_etl.warehouses.bigquery.errors import ErrorContext, ServerMessage, read_message, refusal, schema_denied

PLACE = ErrorContext("shop", "paying", "serviceAccount:runner@shop.iam.gserviceaccount.com")
READ = "SELECT v FROM `shop`.`marts`.`users` WHERE a = 'hush'"
WRITE = "UPDATE `shop`.`reverse_etl`.`lease__x` SET holder = 'hush'"
LEASE = "Access Denied: Table shop:reverse_etl.lease__x:"
DATASET = "Access Denied: Dataset shop:reverse_etl:"
TABLE = "Access Denied: Table shop:marts.users:"


@pytest.mark.parametrize(
    ("reason", "words", "code"),
    [
        ("notFound", "Not found: Table shop:marts.users was not found in location EU", "relation-not-found"),
        ("notFound", "Not found: Dataset shop:marts was not found in location EU", "relation-not-found"),
        ("invalidQuery", "Unrecognized name: nmae; Did you mean name? at [1:8]", "relation-not-found"),
        ("invalidQuery", "Could not serialize access to table shop:s.t due to concurrent update", "concurrent-update"),
        ("quotaExceeded", "Quota exceeded: Your table exceeded quota for total number of dml jobs", "quota-exceeded"),
        ("rateLimitExceeded", "Exceeded rate limits: too many table update operations", "quota-exceeded"),
        ("bytesBilledLimitExceeded", "Query exceeded limit for bytes billed: 1000", "limit-exceeded"),
        ("stopped", "Job execution was cancelled: Job timed out after 1s", "statement-cancelled"),
        ("backendError", "Backend error. Please try again.", "bigquery-unavailable"),
        ("invalidQuery", "Syntax error: Unexpected keyword at [1:1]", "bigquery-error"),
    ],
)
def test_codes(reason, words, code):
    error = refusal(ServerMessage(reason, words), READ, PLACE)
    assert error.code == code
    assert error.hint
    assert "hush" not in f"{error.message} {error.context} {error.hint}"


@pytest.mark.parametrize(
    ("words", "sql", "right", "grant"),
    [
        (
            f"{TABLE} User does not have permission to query table shop:marts.users, or perhaps it does not exist.",
            READ,
            "bigquery.tables.getData",
            "GRANT `roles/bigquery.dataViewer` ON SCHEMA `shop`.`marts` TO 'serviceAccount:runner@",
        ),
        (
            f"{TABLE} Permission bigquery.tables.get denied on table shop:marts.users (or it may not exist).",
            READ,
            "bigquery.tables.get",
            "GRANT `roles/bigquery.dataViewer` ON SCHEMA `shop`.`marts`",
        ),
        (
            f"{LEASE} Permission bigquery.tables.updateData denied on table shop:reverse_etl.lease__x",
            WRITE,
            "bigquery.tables.updateData",
            "GRANT `roles/bigquery.dataEditor` ON SCHEMA `shop`.`reverse_etl`",
        ),
        (
            f"{DATASET} Permission bigquery.tables.create denied on dataset shop:reverse_etl (or it may not exist).",
            "CREATE TABLE x (a INT64)",
            "bigquery.tables.create",
            "GRANT `roles/bigquery.dataEditor` ON SCHEMA `shop`.`reverse_etl`",
        ),
        (
            "Access Denied: Project paying: User does not have bigquery.jobs.create permission in project paying.",
            READ,
            "bigquery.jobs.create",
            f"gcloud projects add-iam-policy-binding paying --member={PLACE.member} --role=roles/bigquery.jobUser",
        ),
    ],
)
def test_denied_names_the_right_and_the_grant(words, sql, right, grant):
    error = refusal(ServerMessage("accessDenied", words), sql, PLACE)
    assert error.code == "permission-denied"
    assert error.context["right"] == right
    assert grant in error.hint
    assert error.context["statement"].startswith(f"`{sql[:20]}")
    assert "runner@" in error.message


def test_missing_dataset_prints_the_statement_to_run():
    words = "Access Denied: Project shop: User does not have bigquery.datasets.create permission in project shop."
    error = schema_denied(ServerMessage("accessDenied", words), "reverse_etl", PLACE)
    assert error.context["statement"] == "CREATE SCHEMA `shop`.`reverse_etl`"
    assert "GRANT `roles/bigquery.dataEditor` ON SCHEMA `shop`.`reverse_etl`" in error.hint


@pytest.mark.parametrize(
    "words",
    [
        "Bad int64 value: hush",
        "Could not cast literal 'hush' to type INT64",
        'Invalid date: "hush"',
        'Error while reading table: Failed to parse input string "hush"',
        "Bad double value: hush; more",
    ],
)
def test_values_of_rows_are_never_told(words):
    error = refusal(ServerMessage("invalidQuery", words), READ, PLACE)
    assert "hush" not in f"{error.message} {error.context} {error.hint}"


def test_the_drivers_own_text_is_not_used():
    from google.api_core.exceptions import BadRequest

    error = BadRequest("POST https://…?key=hush: SELECT 'hush'", errors=[{"reason": "invalidQuery", "message": "No"}])
    assert read_message(error) == ServerMessage("invalidQuery", "No")
