from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_etl.sandbox.replies import Refusal
from reverse_etl.sandbox.rules.dates import normalize_date
from reverse_etl.sandbox.rules.fields import FieldTypes

ANN = "ann@shop.com"


def types(api):
    return api.get("/api/users/getFields").json()["fields"]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "boolean"),
        (7, "long"),
        (7.5, "double"),
        ("2026-01-02", "date"),
        ("word", "string"),
        ("", "string"),
        ({}, "object"),
        ([1, 2], "long"),
        (["a"], "string"),
        ([None, 1.5], "double"),
    ],
)
def test_the_first_value_fixes_the_type(api, value, kind):
    assert api.update(email=ANN, dataFields={"field": value}).status_code == 200
    assert types(api)["field"] == kind


@pytest.mark.parametrize("value", [None, [], [None]])
def test_null_and_an_empty_array_fix_nothing(api, value):
    assert api.update(email=ANN, dataFields={"field": value}).status_code == 200
    assert "field" not in types(api)


def test_members_are_listed_by_dotted_path(api):
    reply = api.bulk(
        {"email": ANN, "dataFields": {"home": {"city": "Rome", "at": {"number": 1}}, "pets": [{"age": 2}]}}
    )
    created = {"home", "home.city", "home.at", "home.at.number", "pets", "pets.age"}
    assert set(reply.json()["createdFields"]) == created
    assert {path: kind for path, kind in types(api).items() if path in created} == {
        "home": "object",
        "home.city": "string",
        "home.at": "object",
        "home.at.number": "long",
        "pets": "object",
        "pets.age": "long",
    }


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("home_geo_location", {"lat": 1.5, "lon": 2}, "geo_location"),
        ("home_geo_location", {"lat": "1.5", "lon": 2}, "object"),
        ("home", {"lat": 1.5, "lon": 2}, "object"),
    ],
)
def test_a_place_is_known_by_its_name_and_shape(api, name, value, kind):
    api.update(email=ANN, dataFields={name: value})
    assert types(api)[name] == kind


CLASHES = [
    (1, 1.5, "long", ["double"]),
    (1, "1", "long", ["string", "keyword"]),
    ("a", 1, "string", ["long", "double"]),
    (1.5, True, "double", ["boolean"]),
    (True, 1, "boolean", ["long", "double"]),
    ("2026-01-02", "GGG", "date", ["string", "keyword"]),
    ("2020-04-13 14:04:09", "2020-04-13 14:04:09.000", "date", ["string", "keyword"]),
    ("a", {"b": 1}, "string", ["object"]),
    ({"b": 1}, "2026-01-02", "object", ["date", "string", "keyword"]),
    ([1], ["a"], "long", ["string", "keyword"]),
    (1, [2, "a"], "long", ["string", "keyword"]),
]


@pytest.mark.parametrize(("first", "second", "expected", "incoming"), CLASHES)
def test_a_clash_refuses_the_whole_request(api, first, second, expected, incoming):
    api.update(email=ANN, dataFields={"field": first})
    reply = api.bulk({"email": "bob@shop.com"}, {"email": ANN, "dataFields": {"field": second, "new": 1}})
    assert (reply.status_code, reply.json()["code"]) == (400, "RequestFieldsTypesMismatched")
    offending = second[-1] if isinstance(second, list) else second
    assert reply.json()["params"]["validationErrors"] == {
        "field": {
            "incomingTypes": incoming,
            "expectedType": expected,
            "category": "user",
            "offendingValue": offending,
            "_type": "UnexpectedType",
        }
    }
    assert reply.json()["msg"] == (
        "Project 10216: The request does not have the same data types as the data previously submitted. "
        f"Field 'field' already exists for type 'user' and has a data type of '{expected}' "
        f"but possible types '{', '.join(incoming)}' in the request."
    )
    assert "bob@shop.com" not in api.project.users_by_email
    assert "new" not in types(api)


@pytest.mark.parametrize(("first", "second"), [(1.5, 1), ("word", "2026-01-02"), (1, [2, 3]), ([1], 2), ("a", None)])
def test_a_value_whose_possible_types_hold_the_fields_type_fits(api, first, second):
    api.update(email=ANN, dataFields={"field": first})
    assert api.update(email=ANN, dataFields={"field": second}).status_code == 200
    assert api.user(ANN).data.get("field") == second


def test_two_rows_of_one_request_can_clash(api):
    reply = api.bulk({"email": ANN, "dataFields": {"x": 1}}, {"email": "bob@shop.com", "dataFields": {"x": "a"}})
    assert reply.json()["code"] == "RequestFieldsTypesMismatched"
    assert "x" not in types(api)


def test_a_nested_clash_is_named_by_its_path(api):
    api.update(email=ANN, dataFields={"home": {"number": 1}})
    reply = api.update(email=ANN, dataFields={"home": {"number": "one"}})
    assert set(reply.json()["params"]["validationErrors"]) == {"home.number"}


def test_names_differ_by_case_and_blanks(api):
    api.update(email=ANN, dataFields={"Plan": 1, "plan": "a", "plan ": True})
    assert [types(api)[name] for name in ("Plan", "plan", "plan ")] == ["long", "string", "boolean"]


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2020-08-19", "2020-08-19 00:00:00 +00:00"),
        ("2020-08-19 20:50:04", "2020-08-19 20:50:04 +00:00"),
        ("2020-08-19 20:50:04 +00:00", "2020-08-19 20:50:04 +00:00"),
        ("2020-08-19 20:50:04 -05:30", "2020-08-20 02:20:04 +00:00"),
        ("2020-08-19T20:50:04.000Z", "2020-08-19 20:50:04 +00:00"),
        ("2020-08-19T00:50:04.999+0200", "2020-08-18 22:50:04 +00:00"),
        ("2020-08-19T00:50:04.999+02:00", "2020-08-18 22:50:04 +00:00"),
        ("0099-08-19", "0099-08-19 00:00:00 +00:00"),
    ],
)
def test_dates_are_stored_in_utc(api, text, stored):
    api.update(email=ANN, dataFields={"when": text, "days": [text]})
    assert types(api)["when"] == "date"
    assert api.user(ANN).data == {"when": stored, "days": [stored]}


@pytest.mark.parametrize(
    "text",
    [
        "2020-02-30",
        "2020-13-01",
        "20200819",
        "2020-8-19",
        "2020-08-19 20:50",
        "2020-08-19 25:50:04",
        "2020-08-19 20:50:04.000",
        "2020-08-19 20:50:04Z",
        "2020-08-19 20:50:04 +0000",
        "2020-08-19 20:50:04 +24:00",
        "2020-08-19T20:50:04Z",
        "2020-08-19T20:50:04.000",
        "2020-08-19T20:50:04.000000Z",
        "0001-01-01 00:00:00 +01:00",
        "0000-01-01",
        "2020-08-19 ",
        "٢٠٢٠-٠٨-١٩",
    ],
)
def test_any_other_form_is_a_string(text):
    assert normalize_date(text) is None


@given(st.datetimes())
def test_a_stored_date_is_stored_as_itself(moment):
    stored = normalize_date(moment.isoformat(sep=" ", timespec="seconds"))
    assert stored == moment.isoformat(sep=" ", timespec="seconds") + " +00:00"
    assert normalize_date(stored) == stored


def test_a_date_in_a_string_field_stays_as_it_was_sent(api):
    api.update(email=ANN, dataFields={"field": "word"})
    api.update(email=ANN, dataFields={"field": "2026-01-02"})
    assert api.user(ANN).data == {"field": "2026-01-02"}


def test_too_many_fields_refuse_the_request(project_of):
    api = project_of(field_limit=3)
    assert api.update(email=ANN, dataFields={"a": 1, "home": {"city": "Rome"}}).status_code == 200
    reply = api.bulk({"email": "bob@shop.com", "dataFields": {"b": 1, "c": 2}})
    assert (reply.status_code, reply.json()["code"]) == (400, "UniqueFieldsLimitExceeded")
    assert reply.json()["params"] == {"limit": 3, "requestedTotal": 5, "newFields": ["b", "c"]}
    assert api.bulk({"email": "bob@shop.com", "dataFields": {"a": 2}}).json()["successCount"] == 1


def test_the_documented_limit_is_a_thousand(api):
    fields = {f"field{number}": number for number in range(1000)}
    assert api.update(email=ANN, dataFields=fields).status_code == 200
    assert api.update(email=ANN, dataFields={"one_more": 1}).json()["code"] == "UniqueFieldsLimitExceeded"


def test_unknown_fields_can_be_left_out(api):
    api.update(email=ANN, dataFields={"known": 1, "home": {"city": "Rome"}})
    row = {"email": ANN, "dataFields": {"known": 2, "new": 1, "list": [], "home": {"city": "Oslo", "zip": "1"}}}
    reply = api.bulk(row, createNewFields=False)
    assert (reply.json()["createdFields"], set(reply.json()["filteredOutFields"])) == ([], {"new", "list", "home.zip"})
    assert api.user(ANN).data == {"known": 2, "home": {"city": "Oslo"}}


def test_the_projects_setting_holds_unless_the_request_says_otherwise(project_of):
    api = project_of(create_new_fields=False)
    assert api.bulk({"email": ANN, "dataFields": {"a": 1}}).json()["filteredOutFields"] == ["a"]
    assert api.bulk({"email": ANN, "dataFields": {"a": 1}}, createNewFields=True).json()["createdFields"] == ["a"]


@pytest.mark.parametrize("where", [lambda text: text, lambda text: [text], lambda text: {"inner": text}])
def test_a_value_over_32000_characters_fails_its_row_alone(api, where):
    fits, too_long = where("x" * 32_000), where("x" * 32_001)
    api.bulk({"email": "first@shop.com", "dataFields": {"field": where("known")}})
    reply = api.bulk(
        {"email": ANN, "dataFields": {"field": fits}}, {"email": "Bob@shop.com", "dataFields": {"field": too_long}}
    )
    assert (reply.json()["successCount"], reply.json()["failCount"]) == (1, 1)
    assert reply.json()["failedUpdates"]["invalidDataEmails"] == ["Bob@shop.com"]
    assert "bob@shop.com" not in api.project.users_by_email
    assert api.update(email="bob@shop.com", dataFields={"field": too_long}).json()["code"] == "BadParams"


@pytest.mark.parametrize("fields", [{"itblInternal": "x"}, {"devices": 3}, {"grid": [[1]]}])
def test_what_no_field_can_hold_fails_its_row_alone(api, fields):
    reply = api.bulk({"email": ANN, "dataFields": fields}, {"email": "bob@shop.com"})
    assert reply.json()["failedUpdates"]["invalidDataEmails"] == [ANN]
    assert list(api.project.users_by_email) == ["bob@shop.com"]


def test_very_deep_objects_are_refused_rather_than_fatal(api):
    deep = 1
    for _ in range(900):
        deep = {"in": deep}
    assert api.bulk({"email": ANN, "dataFields": {"deep": deep}}).json()["failCount"] == 1


_names = st.sampled_from(["a", "b", "c", "c.x", "d_geo_location"])
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.sampled_from(["w", "2026-01-02"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["x", "lat"]), inner, max_size=2),
    max_leaves=4,
)
_rows = st.lists(st.dictionaries(_names, _values, max_size=3), max_size=4)


@given(st.lists(st.tuples(_rows, st.booleans()), max_size=5))
def test_a_type_once_fixed_never_changes_and_what_was_admitted_is_admitted_again(requests):
    registry = FieldTypes(1, 1000)
    for rows, create in requests:
        before = dict(registry.types)
        try:
            admitted = registry.admit_rows(rows, create=create)
        except Refusal:
            assert registry.types == before
            continue
        assert registry.types.items() >= before.items()
        assert set(registry.types) - set(before) == set(admitted.created_fields)
        again = registry.admit_rows([row for row in admitted.rows if row is not None], create=True)
        assert again.rows == [row for row in admitted.rows if row is not None]
        assert (again.created_fields, again.filtered_out_fields) == ([], [])
