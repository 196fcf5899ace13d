"""The items of a purchase or cart: from an array, under other names, from columns; and what cannot be one."""

from __future__ import annotations

import pytest

from reverse_etl.definition.definition_reader import TaggedModel, read_definitions
from reverse_etl.destinations.iterable import entries
from reverse_etl.destinations.operation import Row, UnfitRow

MODEL = TaggedModel("carts", "model.shop.carts", '"carts"', "models/carts.yml")
TEA = {"id": "T-1", "name": "Tea", "price": 3.5, "quantity": 2}
CUP = {"id": "C-7", "name": "Cup", "price": 12, "quantity": 1}


def read(items):
    syncs, broken = read_definitions(MODEL, {"object": "carts", "email": "email", "items": items}, lambda _: entries())
    return syncs, [fault for one in broken for fault in one.faults]


def key(items):
    [sync], faults = read(items)
    assert faults == []
    return sync.entry.items


def items(said, value):
    """The items of a row whose columns hold `value`: an array, or an object by member."""
    return key(said).reader()(Row("a@x.com", key_values={"items": value}))


def unfit(said, value):
    with pytest.raises(UnfitRow) as raised:
        items(said, value)
    assert raised.value.code == "unsendable-value"
    return raised.value.reason


BARE = "lines"
RENAMED = {"column": "lines", "id": "sku", "name": "title", "quantity": "qty", "dataFields.color.name": "colour"}
COLUMNS = {"id": "product_id", "name": "title", "price": "price", "quantity": {"value": 1}}


class TestArrays:
    """`items: lines`, and `items: {column: lines, …}`."""

    def test_members_keep_their_names_and_order_and_unknown_ones_are_left_behind(self):
        found = items(BARE, [TEA, {**CUP, "colour": "red", "weight": 5}])
        assert found == [TEA, {**CUP, "price": 12.0}]
        assert type(found[1]["price"]) is float

    def test_every_member_that_iterable_knows(self):
        whole = {
            **TEA,
            "sku": "tea-1",
            "description": "Black",
            "categories": ["tea", "drinks"],
            "url": "https://shop/tea",
            "imageUrl": "https://shop/tea.png",
            "dataFields": {"origin": {"country": "IN"}},
        }
        assert items(BARE, [whole]) == [whole]

    def test_an_optional_member_that_is_null_or_empty_is_left_out(self):
        nothing = dict.fromkeys(("sku", "categories", "url", "dataFields"))
        assert items(BARE, [{**TEA, **nothing, "description": ""}]) == [TEA]

    def test_an_empty_array_holds_no_items(self):
        assert items(BARE, []) == []

    def test_members_under_other_names(self):
        line = {"sku": "T-1", "title": "Tea", "price": 3.5, "qty": 2, "colour": "green", "name": "not this"}
        assert items(RENAMED, [line]) == [{**TEA, "sku": "T-1", "dataFields": {"color": {"name": "green"}}}]

    def test_a_mapped_field_that_is_null_is_left_out(self):
        line = {"sku": "T-1", "title": "Tea", "price": 3.5, "qty": 2, "colour": None}
        assert "dataFields" not in items(RENAMED, [line])[0]

    def test_fields_that_are_mapped_one_by_one_leave_an_object_of_fields_behind(self):
        line = {"sku": "T-1", "title": "Tea", "price": 3.5, "qty": 2, "colour": "green", "dataFields": {"cost": 1}}
        assert items(RENAMED, [line])[0]["dataFields"] == {"color": {"name": "green"}}

    def test_a_constant_member_is_in_every_item(self):
        found = items({"column": "lines", "quantity": {"value": 1}, "categories": {"value": ["all"]}}, [TEA, CUP])
        assert [(one["quantity"], one["categories"]) for one in found] == [(1, ["all"])] * 2

    def test_names_of_members_are_compared_like_values(self):
        """Another name sends something else, though the column is the same."""
        assert [field.label for field in key(BARE).key_fields()] == ["@items"]
        _, names = key(RENAMED).key_fields()
        assert (names.label, names.column) == ("@item_members", None)
        assert names.constant == {path: name for path, name in RENAMED.items() if path != "column"}

    @pytest.mark.parametrize("value", [{"id": "T-1"}, 5, ["T-1"], [[TEA]], [TEA, None]])
    def test_what_is_no_array_of_objects(self, value):
        assert unfit(BARE, value) == "`items` is not an array of objects"

    def test_a_text_is_not_taken_for_an_array(self):
        assert unfit(BARE, "[]") == "`items` is a text; cast the column to JSON"


class TestColumns:
    """`items: {id: product_id, …}`: members from columns of the row itself."""

    def test_scalars_make_one_item(self):
        row = {"id": 17, "name": "Tea", "price": 3.5, "quantity": 1}
        assert items(COLUMNS, row) == [{"id": "17", "name": "Tea", "price": 3.5, "quantity": 1}]

    def test_arrays_are_zipped_and_what_is_no_array_is_in_every_item(self):
        row = {"id": ["T-1", "C-7"], "name": ["Tea", "Cup"], "price": 2, "quantity": 1}
        assert items(COLUMNS, row) == [
            {"id": "T-1", "name": "Tea", "price": 2.0, "quantity": 1},
            {"id": "C-7", "name": "Cup", "price": 2.0, "quantity": 1},
        ]

    def test_empty_arrays_hold_no_items(self):
        assert items(COLUMNS, {"id": [], "name": [], "price": [], "quantity": 1}) == []

    @pytest.mark.parametrize(("name", "said"), [(["Tea"], "name"), (["a", "b", "c"], "name")])
    def test_arrays_of_different_lengths(self, name, said):
        row = {"id": ["T-1", "C-7"], "name": name, "price": 2, "quantity": 1}
        assert unfit(COLUMNS, row) == f"`items.{said}` has more or fewer elements than `items.id`"

    @pytest.mark.parametrize(
        ("ids", "categories", "taken"),
        [
            ("T-1", ["a", "b"], [["a", "b"]]),
            ("T-1", "a", [["a"]]),
            (["T-1", "C-7"], [["a", "b"], ["c"]], [["a", "b"], ["c"]]),
            (["T-1", "C-7"], ["a", "b"], [["a"], ["b"]]),
        ],
    )
    def test_categories_are_an_array_of_their_own(self, ids, categories, taken):
        row = {"id": ids, "name": "x", "price": 1, "quantity": 1, "categories": categories}
        assert [one["categories"] for one in items({**COLUMNS, "categories": "tags"}, row)] == taken

    def test_an_array_that_is_a_constant_is_not_zipped(self):
        said = {**COLUMNS, "categories": {"value": ["a", "b"]}}
        row = {"id": ["T-1", "C-7"], "name": "x", "price": 1, "quantity": 1, "categories": ["a", "b"]}
        assert [one["categories"] for one in items(said, row)] == [["a", "b"]] * 2

    def test_fields_of_an_item(self):
        said = {**COLUMNS, "dataFields.color": "color", "dataFields.size.eu": "size"}
        row = {"id": ["T-1", "C-7"], "name": "x", "price": 1, "quantity": 1}
        row["dataFields"] = {"color": ["red", None], "size": {"eu": 38}}
        found = [one["dataFields"] for one in items(said, row)]
        assert found == [{"color": "red", "size": {"eu": 38}}, {"size": {"eu": 38}}]

    def test_each_member_is_compared_by_itself(self):
        assert [field.label for field in key(COLUMNS).key_fields()] == [f"@items.{name}" for name in COLUMNS]


class TestValues:
    """What a member must be, and what it is taken from without loss."""

    @pytest.mark.parametrize("name", ["id", "name", "price", "quantity"])
    @pytest.mark.parametrize("value", [None, "left out"])
    def test_a_member_that_every_item_needs(self, name, value):
        odd = {k: v for k, v in {**TEA, name: value}.items() if v != "left out"}
        assert unfit(BARE, [CUP, odd]) == f"`items.{name}` is missing"

    @pytest.mark.parametrize(
        ("name", "value", "says"),
        [
            ("id", "", "a text"),
            ("name", " ", "a text"),
            ("id", 1.5, "a text"),
            ("id", True, "a text"),
            ("price", "3,50", "a number"),
            ("price", True, "a number"),
            ("price", "NaN", "a number"),
            ("price", 2**53 + 1, "a number"),
            ("quantity", 1.5, "a whole number"),
            ("quantity", "two", "a whole number"),
            ("quantity", False, "a whole number"),
            ("sku", {}, "a text"),
            ("categories", [1.5], "an array of texts"),
            ("categories", [None], "an array of texts"),
            ("dataFields", [], "an object"),
        ],
    )
    def test_what_a_member_cannot_be(self, name, value, says):
        assert unfit(BARE, [{**TEA, name: value}]) == f"`items.{name}` is not {says}"

    @pytest.mark.parametrize(
        ("name", "value", "sent"),
        [
            ("id", 9007199254740993, "9007199254740993"),
            ("id", 17.0, "17"),
            ("price", 0, 0.0),
            ("price", "12.50", 12.5),
            ("price", -1.5, -1.5),
            ("quantity", 2.0, 2),
            ("quantity", "2", 2),
            ("quantity", 0, 0),
            ("categories", "tea", ["tea"]),
            ("categories", [1, "b"], ["1", "b"]),
        ],
    )
    def test_what_loses_nothing_is_taken(self, name, value, sent):
        [found] = items(BARE, [{**TEA, name: value}])
        assert found[name] == sent
        assert type(found[name]) is type(sent)


class TestDefinitions:
    """What `items` may say."""

    @pytest.mark.parametrize(
        ("said", "code", "place", "words"),
        [
            (None, "wrong-value", "items", ["a column that holds an array"]),
            (5, "wrong-value", "items", ["a column that holds an array"]),
            ("", "wrong-value", "items", ["a column that holds an array"]),
            ({}, "wrong-value", "items", ["a column that holds an array"]),
            ([TEA], "wrong-value", "items", ["a column that holds an array"]),
            ({"column": 5}, "wrong-value", "items", ["a column under `column`"]),
            ({**COLUMNS, "pric": "x"}, "wrong-value", "items", ["not `pric`", "did you mean `price`"]),
            ({**COLUMNS, "color": "x"}, "wrong-value", "items", ["not `color`", "dataFields.…"]),
            ({**COLUMNS, "dataFields.": "x"}, "wrong-value", "items", ["not `dataFields.`"]),
            ({**COLUMNS, 5: "x"}, "wrong-value", "items", ["not `5`"]),
            ({**COLUMNS, "price": 5}, "wrong-value", "items", ["a name or {value: …} for `price`"]),
            ({"id": "a", "name": "b", "price": "c"}, "missing-key", "items.quantity", ["`quantity`"]),
            (
                {"column": "c", "dataFields": "x", "dataFields.a": "y"},
                "field-mapped-twice",
                "items.dataFields.a",
                ["`dataFields`"],
            ),
        ],
    )
    def test_a_fault_names_its_place_and_what_is_right(self, said, code, place, words):
        syncs, faults = read(said)
        assert syncs == []
        [fault] = faults
        assert (fault.code, fault.context["key"]) == (code, f"meta.reverse_etl.{place}")
        assert all(word in fault.message for word in words)

    def test_all_members_that_are_missing_are_told(self):
        assert [fault.context["key"] for fault in read({"sku": "x"})[1]] == [
            f"meta.reverse_etl.items.{name}" for name in ("id", "name", "price", "quantity")
        ]
