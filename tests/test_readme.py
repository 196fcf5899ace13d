"""The documentation names everything that a user can meet, and its examples are true. Names are taken from the code."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import click
import pytest
import typer.main
import yaml

from reverse_etl.change import Counts, RunResult, Status, SyncStatus
from reverse_etl.cli import app
from reverse_etl.definition.definition_reader import TaggedModel, read_definitions
from reverse_etl.definition.entry import Entry
from reverse_etl.definition.faults import unknown_word_code
from reverse_etl.definition.guard_keys import GuardsEntry
from reverse_etl.destinations.iterable import OBJECTS, entries
from reverse_etl.destinations.iterable.config import _Entry as DestinationEntry
from reverse_etl.guards.limit import LimitEntry
from reverse_etl.guards.table import GUARDS
from reverse_etl.report.results import result_dict
from reverse_etl.settings import Settings, variable
from tests.documentation import EXAMPLES, GENERATED, PAGES, README, TEXT

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "reverse_etl"
SHELL = {"cd", "crontab", "dbt", "export", "kill", "pip", "unset"}

_RAISING = {
    "ConfigError",
    "WarehouseError",
    "DestinationError",
    "LeaseError",
    "Fault",
    "Problem",
    "ReverseEtlError",
    "fault",
}
_KEBAB = re.compile(r"(?:^|')([a-z0-9]+(?:-[a-z0-9]+)+)(?:'|$)")
# Texts of the same look that are no codes: names of programs, encodings, threads and keys, and two that no one sees.
_NO_CODES = {"reverse-etl", "reverse-etl-send", "sandbox-demo", "target-path", "utf-8", "not-allowed", "no-reply"}


def commands() -> dict[str, click.Command]:
    """Every command by its words, `destination accept` among them."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield " ".join(words), command
        for name, sub in (inner or {}).items():
            yield from walk(sub, (*words, name))

    return dict(walk(typer.main.get_command(app), ()))


COMMANDS = commands()


def flags(command: Any) -> set[str]:
    named = {flag for one in command.params for flag in (*one.opts, *one.secondary_opts) if flag.startswith("-")}
    return named | {"-h", "--help"}


def variables(command: Any) -> set[str]:
    """Variables of a command's flags; variables of dbt are in the help."""
    found = {one.envvar for one in command.params if isinstance(one.envvar, str)}
    for one in command.params:
        found.update(re.findall(r"env var: ([A-Z_]+)", getattr(one, "help", None) or ""))
    return found


def trees() -> Iterator[ast.AST]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if not path.is_relative_to(PACKAGE / "sandbox"):
            yield ast.parse(path.read_text(encoding="utf-8"))


def codes() -> set[str]:
    """Every error code and every code of a row: what errors are raised with, and everything that looks like it."""
    found: set[str] = set()
    for node in (node for tree in trees() for node in ast.walk(tree)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update(_KEBAB.findall(node.value))
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            if _called(node) in _RAISING:
                found.add(str(node.args[0].value))
        elif isinstance(node, ast.Call) and _called(node) in ("Outcome", "ReplyDecision"):
            texts = (one.value for one in ast.walk(node) if isinstance(one, ast.Constant))
            found.update(text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z]+(-[a-z]+)*", text))
    words = (
        name for entry in entries().values() for name, one in entry.model_fields.items() if _closed(one.annotation)
    )
    return found - _NO_CODES | set(map(unknown_word_code, words))


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _closed(annotation: object) -> tuple[str, ...]:
    """The words that may stand there, where only some may."""
    parts = (annotation, *get_args(annotation))
    return next((get_args(part) for part in parts if get_origin(part) is Literal), ())


def environment() -> set[str]:
    """Variables that are read by name in the code."""
    constants = (node.value for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {
        text for text in constants if isinstance(text, str) and re.fullmatch(r"(ITERABLE|REVERSE_ETL)_[A-Z_]+", text)
    }


def fences(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def named(word: str) -> bool:
    """Whether a word is in code style, by itself or at the start or end of something longer."""
    return re.search(rf"`[^`\n]*(?<![\w-]){re.escape(word)}(?![\w-])[^`\n]*`", TEXT) is not None


def missing(words: set[str]) -> list[str]:
    return sorted(word for word in words if not named(word))


def test_the_collectors_find_what_is_known_to_be_there() -> None:
    assert {"lease-held", "refused", "duplicate-key", "unknown-mode", "broken-project-file"} <= codes()
    assert {"run", "destination accept"} <= COMMANDS.keys()
    assert "--full-refresh" in flags(COMMANDS["run"])
    assert {"DBT_TARGET", "REVERSE_ETL_SELECT"} <= variables(COMMANDS["run"])
    assert {"ITERABLE_API_KEY", "ITERABLE_PROXY"} <= environment()
    assert not named("no-such-code")
    assert not named("--full")


def test_commands_and_flags() -> None:
    assert missing(set(COMMANDS)) == []
    assert missing({flag for command in COMMANDS.values() for flag in flags(command)}) == []
    assert missing({"--version"}) == []


def test_variables() -> None:
    assert missing({name for command in COMMANDS.values() for name in variables(command)}) == []
    assert missing(environment() - {"REVERSE_ETL_"}) == []


def test_settings_with_their_variables_and_defaults() -> None:
    for name, field in Settings.model_fields.items():
        row = next((line for line in TEXT.splitlines() if line.startswith(f"| `{name}` | `{variable(name)}` |")), None)
        assert row is not None, name
        default = field.default
        shown = f"{default:g}" if isinstance(default, float) and default < 1e6 else str(default)
        if name != "heartbeat":  # 0 stands for a figure that depends on another setting
            assert shown in row, f"{name}: {default} is not in: {row}"


def test_keys_of_destinations() -> None:
    for name in DestinationEntry.model_fields:
        assert re.search(rf"^\| `{name}` \|", TEXT, re.MULTILINE), name


def test_keys_of_definitions_with_their_defaults() -> None:
    shared = GENERATED["reference/definition.md"]
    for noun, entry in entries().items():
        own = PAGES[f"objects/{noun}.md"]
        generated = shared.split(f"## `{noun}`\n")[1].split("\n## ")[0]
        of_all = {"object", *Entry.model_fields} - {"mode"}
        for name, field in entry.model_fields.items():
            section = generated if name in of_all else own
            row = re.search(rf"^\| [^|]*`{name}`[^|]*\| ([^|]*) \|", section, re.MULTILINE)
            assert row, f"{noun}: {name}"
            if isinstance(field.default, str) and name != "name":
                assert f"`{field.default}`" in row[1], name
            elif isinstance(field.default, bool):
                assert f"`{str(field.default).lower()}`" in row[1], name
        closed = [word for field in entry.model_fields.values() for word in _closed(field.annotation)]
        assert missing(set(closed)) == []
    assert missing({*GuardsEntry.model_fields, *LimitEntry.model_fields, *OBJECTS}) == []


def test_guards() -> None:
    for guard in GUARDS:
        assert re.search(rf"^\| `{guard.name}` \|", TEXT, re.MULTILINE), guard.name


def test_error_codes_and_codes_of_rows() -> None:
    assert missing(codes()) == []


def test_no_code_that_there_is_not() -> None:
    section = PAGES["reference/errors.md"]
    heads = re.findall(r"^\| ((?:`[a-z0-9-]+`(?:, )?)+) \|", section, re.MULTILINE)
    told = {code for head in heads for code in re.findall(r"`([a-z0-9-]+)`", head)}
    assert told - codes() == set()
    assert len(told) > 50


def test_outcomes_statuses_and_counts() -> None:
    words = {*(one.value for one in Status), *(one.value for one in SyncStatus), *Counts().as_dict()}
    assert missing(words) == []


def test_fields_of_the_result_file() -> None:
    example = RunResult("s", "m", "r", "d", SyncStatus.SUCCESS)
    assert missing(set(result_dict(example))) == []
    record = (PACKAGE / "project" / "result_recorder.py").read_text(encoding="utf-8")
    body = record.split("def _metadata")[1].split("def _read_or_none")[0]
    metadata = set(re.findall(r'^ {12}"([a-z_]+)":', body, re.MULTILINE))
    assert {"elapsed", "args"} <= metadata
    assert missing(metadata | {"schema_version"}) == []


COMPLETE = [example.definition for example in EXAMPLES]


def test_there_are_complete_examples() -> None:
    assert len(COMPLETE) == TEXT.count("<!-- complete") >= 2
    keys = {key for text in COMPLETE for entry in _entries(text) for key in entry}
    assert keys >= set().union(*(entry.model_fields for entry in entries().values()))


def _entries(text: str) -> list[dict[str, object]]:
    metas = [model["config"]["meta"]["reverse_etl"] for model in yaml.safe_load(text)["models"]]
    return [entry for meta in metas for entry in (meta if isinstance(meta, list) else [meta])]


@pytest.mark.parametrize("text", COMPLETE)
def test_complete_examples_are_valid(text: str) -> None:
    for model in yaml.safe_load(text)["models"]:
        tagged = TaggedModel(model["name"], f"model.shop.{model['name']}", f'"{model["name"]}"', "models/schema.yml")
        syncs, faults = read_definitions(tagged, model["config"]["meta"]["reverse_etl"], lambda _: entries())
        assert faults == []
        assert syncs


def test_all_yaml_can_be_read() -> None:
    assert len(fences("yaml")) > len(COMPLETE)
    for text in fences("yaml"):
        yaml.safe_load(text)


def typed() -> list[list[str]]:
    """The words of each command line that a reader types."""
    text = TEXT + "\n" + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    return [shlex.split(line.rstrip(" &"), comments=True) for line in lines]


def test_commands_to_type_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert len(typed()) > 20
    for words in typed():
        if words[0] == "make":
            assert len(words) == 1 or re.search(rf"^{words[1]}:", makefile, re.MULTILINE), words
        elif words[0] == "reverse-etl":
            _is_a_command(words[1:])
        else:
            assert words[0] in SHELL, words


def _is_a_command(words: list[str]) -> None:
    name = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in COMMANDS), None)
    assert name is not None, words
    allowed = flags(COMMANDS[name])
    assert [word for word in words if word.startswith("-") and word.split("=")[0] not in allowed] == []


def test_links_of_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_the_map_names_every_module() -> None:
    told = GENERATED["reference/code-map.md"]
    named_there = set(re.findall(r"^- `(\w+\.py)`", told, re.MULTILINE))
    assert {path.name for path in PACKAGE.rglob("*.py") if not path.name.startswith("__")} <= named_there


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """Strict: a broken link, an unknown anchor or a page outside the menu is an error."""
    ended = _build_site(ROOT, tmp_path / "site")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    # On a phone a cell shows the title of its column.
    errors = (tmp_path / "site" / "reference" / "errors" / "index.html").read_text(encoding="utf-8")
    assert all(f'<td data-label="{title}">' in errors for title in ("Code", "Meaning", "What to do"))
    assert (tmp_path / "site" / "reference" / "commands" / "index.html").is_file()


@pytest.mark.slow
def test_a_page_outside_the_menu_fails_the_build(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    (tmp_path / "docs" / "guides" / "lost.md").write_text("# Nobody finds this\n", encoding="utf-8")
    ended = _build_site(tmp_path, tmp_path / "site")
    assert ended.returncode != 0
    assert "guides/lost.md" in ended.stderr


def _build_site(folder: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build as `make docs` does."""
    [line] = re.findall(r"-m (mkdocs build[^&\n]*)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    command = [sys.executable, "-m", *line.split(), "--site-dir", str(site)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
