"""What reaches a screen: secrets, control characters, masked values, amounts, errors."""

from __future__ import annotations

import pytest

from reverse_etl.change import Counts, Problem, RunResult, Sample, SyncStatus, Traffic
from reverse_etl.counting import plural
from reverse_etl.errors import ConfigError, Fault, Faults
from reverse_etl.report.amounts import duration, list_counts, size
from reverse_etl.report.failures import count_line, problem_lines, problems_of
from reverse_etl.report.masking import mask, mask_within
from reverse_etl.report.redaction import Redactor, printable
from reverse_etl.report.results import rejected_line, result_lines, sentence, total_line
from reverse_etl.report.tables import table


def test_secrets_are_replaced_wherever_they_stand() -> None:
    redact = Redactor()
    redact.learn(["hunter22", "hunter22-longer", "first line\nsecond line", "abc", ""])
    assert redact("x hunter22-longer y hunter22 abc") == "x **** y **** abc"
    assert redact("second line") == "****"
    assert redact.values({"a": ["hunter22", 1, None], "hunter22": True}) == {"a": ["****", 1, None], "****": True}


def test_control_characters_cannot_steer_a_terminal() -> None:
    assert printable("a\x1b[2Jb\nc") == "a\\x1b[2Jb\\nc"
    assert printable("é 🙂") == "é 🙂"


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("jane.doe@shop.example", "text", "j…@s…"),
        ("Jane", "text", "J…"),
        ("F", "text", "…"),
        ("", "text", "…"),
        ("a@b.c", "text", "…@b…"),
        ("41", "integer", "•••"),
        ("1.5", "decimal", "•••"),
        ("2024-01-01", "date", "<date>"),
        ("true", "boolean", "<boolean>"),
        (None, "date", "null"),
    ],
)
def test_masks_keep_one_character_at_most(value: str | None, kind: str, shown: str) -> None:
    assert mask(value, kind) == shown


def test_an_identity_within_a_text_is_masked() -> None:
    assert mask_within("Invalid email: jane@x.org", "jane@x.org") == "Invalid email: j…@x…"
    assert mask_within("no such user", "") == "no such user"


def test_amounts() -> None:
    assert [plural(1, "row"), plural(2000, "row")] == ["1 row", "2,000 rows"]
    assert [size(999), size(61_200), size(3_900_000)] == ["999 B", "61.2 kB", "3.9 MB"]
    assert [duration(0.42), duration(12.4), duration(180), duration(7500)] == ["0.42 s", "12 s", "3 min", "2 h 5 min"]
    assert list_counts({"added": 3, "changed": 0}) == "3 added"
    assert list_counts({"added": 3, "changed": 0}, all_of_them=True) == "3 added, 0 changed"


def test_a_table_lines_up() -> None:
    assert table(["name", "rows"], [["a", 1], ["longer", 20000]]) == [
        "name      rows",
        "a            1",
        "longer  20,000",
    ]


def test_errors_have_four_parts() -> None:
    error = ConfigError("wrong-thing", "it is wrong", context={"file": "a\x1b.yml"}, hint="Mend it.")
    assert problem_lines(problems_of(error)[0]) == [
        "error[wrong-thing]: it is wrong",
        "  file: a\\x1b.yml",
        "hint: Mend it.",
    ]
    assert count_line(problems_of(error)) is None
    many = problems_of(
        Faults([Fault("a", "one", hint="x", context={"key": "a"}), Fault("b", "two", hint="y", context={"key": "b"})])
    )
    assert [problem.code for problem in many] == ["a", "b"]
    assert "2 faults" in str(count_line(many))
    assert problems_of(RuntimeError("private"))[0].code == "internal-error"
    assert "private" not in str(problems_of(RuntimeError("private")))


def test_a_result_in_words() -> None:
    result = RunResult(
        "people",
        "model.shop.people",
        "people",
        "iterable",
        SyncStatus.WARN,
        Counts(added=3, accepted=2, rejected=1, planned=3),
        Traffic(2, 1, 1500),
        samples=(Sample("rejected", "invalid-data", "refused\n", 1),),
        warnings=("beware",),
        changed_fields={"b": 1, "a": 2},
        created_fields=("plan.tier",),
        execution_time=1.0,
        target="prod",
        database="shop",
    )
    assert result_lines(result) == [
        "sync people: warn in 1.00 s",
        "  source      target prod, database shop, relation people",
        "  changes     3 added, 0 changed, 0 removed, 0 unchanged",
        "  outcomes    2 accepted, 1 rejected",
        "  fields      a 2, b 1",
        "  created     1 field in Iterable, permanent: plan.tier",
        "  traffic     2 requests (1 retry), 1.5 kB",
        "  example     1 row rejected: invalid-data: refused\\n",
        "  warning     beware",
    ]
    assert sentence(result) == "sync `people`: 2 of 3 planned rows accepted"
    skipped = RunResult(
        "x", "", "", "", SyncStatus.SKIPPED, problem=Problem("guard-build", "it failed", "Mend it.", {"model": "x"})
    )
    assert result_lines(skipped) == ["sync x: skipped", "  problem     guard-build"]
    assert total_line([result, skipped]) == "2 syncs: 1 warn, 1 skipped"
    assert rejected_line([result, skipped]) == "see `reverse-etl rejected --select people`"
    assert rejected_line([skipped]) is None
