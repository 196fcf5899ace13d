"""The stages of a run are the steps of the commit protocol, in its order and by its names."""

from __future__ import annotations

from pathlib import Path

from reverse_etl.run import stages
from reverse_etl.run.runner import STAGES
from tests.protocol import steps

NAMES = [stage.act.__module__.rpartition(".")[2] for stage in STAGES]


def test_stages_stand_in_the_order_of_the_protocol() -> None:
    # Sending and flushing are one stage here: each window is flushed before it is sent.
    model = ["look", "acquire", "recover", "plan", "send", "commit", "close"]
    assert [name for name in NAMES if name in model] == model
    assert all(callable(getattr(steps, name)) for name in model)


def test_guards_come_before_the_lease_and_before_the_first_row() -> None:
    assert NAMES.index("guard") < NAMES.index("acquire") < NAMES.index("prepare") < NAMES.index("recover")
    assert NAMES.index("plan") < NAMES.index("guard_plan") < NAMES.index("send")


def test_each_stage_has_a_file_of_its_name() -> None:
    files = {path.stem for path in Path(stages.__file__).parent.glob("*.py")} - {"__init__"}
    assert files == set(NAMES)
