"""The house checks itself: sizes, layers, registries, who imports what, what is locked."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import grimp
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from reverse_etl import __version__
from reverse_etl.destinations.iterable import OBJECTS
from reverse_etl.warehouses import WAREHOUSES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "reverse_etl"
LONGEST_FILE, LONGEST_FUNCTION, MOST_PARAMETERS = 300, 40, 6
MODULES = sorted(PACKAGE.rglob("*.py"))
SANDBOX = PACKAGE / "sandbox"


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


# What may be imported in few places only, and in which.
DOORS = {
    "requests": {"destinations/iterable/protocol/client.py"},
    "urllib3": {"destinations/iterable/protocol/bounded_http.py", "destinations/iterable/protocol/client.py"},
    "duckdb": {"warehouses/duckdb/driver.py"},
    "psycopg": {"warehouses/postgres/warehouse.py"},
    "adbc_driver_manager": {"warehouses/postgres/streaming.py"},
    "adbc_driver_postgresql": {"warehouses/postgres/streaming.py"},
    "snowflake": {"warehouses/snowflake/warehouse.py"},
    "cryptography": {"warehouses/snowflake/private_keys.py"},
    "OpenSSL": {"warehouses/snowflake/private_keys.py"},
    "google": {"warehouses/bigquery/credentials.py", "warehouses/bigquery/jobs.py"},
    "dbt": set(),
    "typer": {name_of(path) for path in (PACKAGE / "cli").rglob("*.py")},
    "starlette": {name_of(path) for path in SANDBOX.rglob("*.py")},
    "uvicorn": {name_of(path) for path in SANDBOX.rglob("*.py")},
    "rich": {"report/listeners/terminal_bar.py"},
    "jinja2": {"dbt/jinja.py", "sandbox/pages/rendering.py"},
}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(parsed(path)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def imports(path: Path) -> Iterator[tuple[str, ast.AST]]:
    """Top-level names of the packages that a module imports, in any place."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0], node


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_is_short_and_says_what_it_owns(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    tree = parsed(path)
    assert tree.body, "an empty module"
    if path.name not in ("__init__.py", "__main__.py") or len(tree.body) > 1:
        assert ast.get_docstring(tree), "no docstring"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_function_is_short_and_takes_little(path: Path) -> None:
    for function in functions(path):
        lines = (function.end_lineno or 0) - function.lineno + 1
        assert lines <= LONGEST_FUNCTION, function.name
        arguments = function.args
        taken = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        taken = [argument for argument in taken if argument.arg not in ("self", "cls")]
        # A command's parameters are its flags, and an operation of the API takes them by name.
        if not path.is_relative_to(PACKAGE / "cli") and path != PACKAGE / "api" / "project.py":
            assert len(taken) <= MOST_PARAMETERS, function.name


def test_no_room_has_the_name_of_nobodys_room() -> None:
    names = {path.stem for path in MODULES} | {path.parent.name for path in MODULES}
    assert names & {"utils", "util", "helpers", "common", "core", "misc", "manager"} == set()


def test_libraries_are_imported_at_their_doors_alone() -> None:
    met = set()
    for path in MODULES:
        for library, _ in imports(path):
            if library in DOORS:
                met.add(library)
                assert name_of(path) in DOORS[library], f"{name_of(path)} imports {library}"
    assert {"requests", "duckdb", "jinja2"} <= met


def test_drivers_are_imported_inside_functions() -> None:
    adapters = [path for path in MODULES if path.is_relative_to(PACKAGE / "warehouses")]
    assert len(adapters) > len(WAREHOUSES)
    for path in adapters:
        top = [node for node in parsed(path).body if isinstance(node, (ast.Import, ast.ImportFrom))]
        loaded = {library for library, node in imports(path) if node in top}
        assert loaded <= {"__future__", "reverse_etl", "typing"} | set(sys.stdlib_module_names), path.name


def test_the_sandbox_imports_nothing_of_the_rest() -> None:
    found = [
        f"{path.name}: {node.module}"
        for path in sorted(SANDBOX.rglob("*.py"))
        for name, node in imports(path)
        if name == "reverse_etl" and isinstance(node, ast.ImportFrom)
        if not (node.module or "").startswith("reverse_etl.sandbox")
    ]
    assert found == []


def import_circles() -> set[str]:
    """Files that take part in a circle of imports, those for type checking among them."""
    graph = grimp.build_graph("reverse_etl", exclude_type_checking_imports=False, cache_dir=None)
    imported = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    return {name for name in imported if name in _reached(imported, name)}


def _reached(imported: Mapping[str, set[str]], start: str) -> set[str]:
    reached: set[str] = set()
    front = imported[start]
    while front := front - reached:
        reached |= front
        front = set().union(*(imported[name] for name in front))
    return reached


def test_no_two_files_of_the_package_import_each_other_in_a_circle() -> None:
    assert import_circles() == set()


MOST_FILES = 15
# Folders that still have more files. Take a name off when it is smaller; never add one.
FULL_FOLDERS_LEFT = {"run"}


def test_no_folder_has_many_files_beside_its_sub_folders() -> None:
    folders = {path.parent for path in MODULES}
    full = {name_of(folder) for folder in folders if len(list(folder.glob("*.py"))) > MOST_FILES}
    assert full - FULL_FOLDERS_LEFT == set()


def test_no_folder_of_the_tests_has_many_files_beside_its_sub_folders() -> None:
    counts = Counter(path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py"))
    assert {folder: count for folder, count in counts.items() if count > MOST_FILES} == {}


def public_names(path: Path) -> Iterator[str]:
    """Classes, functions and values that a file defines at its top level, for others to import."""
    for node in parsed(path).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            names = [node.name]
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
        else:
            names = []
        yield from (name for name in names if not name.startswith("_"))


# Files that are parallel to each other, and so define the same names: adapters of warehouses, guards, objects.
PARALLEL = (r"warehouses/\w+/", r"guards/", r"destinations/iterable/(objects/|__init__)")


def family_of(path: Path) -> str:
    return next((family for family in PARALLEL if re.match(family, name_of(path))), name_of(path))


def test_a_public_name_is_defined_once() -> None:
    homes: dict[str, set[str]] = defaultdict(set)
    for path in MODULES:
        if not path.is_relative_to(SANDBOX):
            for name in public_names(path):
                homes[name].add(family_of(path))
    assert {name: homes[name] for name in homes if len(homes[name]) > 1} == {}


def test_imports_point_one_way() -> None:
    assert (ROOT / ".importlinter").is_file()
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent)) or "lint-imports"
    ended = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_command_line_loads_nothing_heavy() -> None:
    heavy = ["duckdb", "pyarrow", "pydantic", "requests", "yaml", "jinja2", "orjson", "starlette", "uvicorn", "dbt"]
    script = f"import sys, reverse_etl.cli; print(sorted(set({heavy!r}) & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "[]"


def inherited_by_tests(room: str, name: str) -> set[str]:
    """Names of all classes that the test classes of `test_<name>.py` in a room inherit, at any distance."""
    parents: dict[str, set[str]] = defaultdict(set)
    for path in [*(ROOT / "tests" / room).rglob("*.py"), *(ROOT / "tests" / "contracts").rglob("*.py")]:
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef):
                is_test = node.name.startswith("Test")
                child = name if is_test and path.name == f"test_{name}.py" else node.name
                parents[child].update(ast.unparse(base).rsplit(".", 1)[-1] for base in node.bases)
    return _reached(parents, name)


def _contract(module: str) -> set[str]:
    path = ROOT / "tests" / "contracts" / f"{module}.py"
    assert path.is_file(), f"there is no contract {path.name}"
    classes = [node for node in parsed(path).body if isinstance(node, ast.ClassDef)]
    return {node.name for node in classes if any(getattr(one, "name", "").startswith("test_") for one in node.body)}


@pytest.mark.parametrize("name", OBJECTS)
def test_every_object_passes_the_contract_of_objects(name: str) -> None:
    assert inherited_by_tests("destinations/iterable", name) & _contract("iterable/objects")


@pytest.mark.parametrize("name", WAREHOUSES)
def test_every_warehouse_passes_the_contract_of_warehouses(name: str) -> None:
    assert inherited_by_tests("warehouses", name) & _contract("warehouse")


def test_every_registered_warehouse_can_be_imported_and_has_its_extra() -> None:
    extras = project()["optional-dependencies"]
    for name, target in WAREHOUSES.items():
        module, attribute = target.split(":")
        assert hasattr(importlib.import_module(module), attribute)
        assert name in extras


def test_every_folder_of_an_adapter_is_registered() -> None:
    """`local` is no adapter: it adds a file of our tables to any of them."""
    folders = {path.parent.name for path in (PACKAGE / "warehouses").glob("*/__init__.py")} - {"local"}
    assert folders == {target.split(":")[0].rsplit(".", 1)[-1] for target in WAREHOUSES.values()}


def project() -> dict[str, dict[str, list[str]]]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        loaded: dict[str, dict[str, list[str]]] = tomllib.load(file)["project"]
    return loaded


LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def locked() -> dict[str, Version]:
    return {
        canonicalize_name(name): Version(version)
        for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", LOCK, re.MULTILINE)
    }


def test_the_lock_names_no_host() -> None:
    assert re.findall(r"https?://\S+|^\s*(?:-i|--index-url|--extra-index-url|--find-links)\b", LOCK, re.MULTILINE) == []
    assert re.findall(r"\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev|local)\b", LOCK) == []


def test_the_lock_has_a_hash_for_everything() -> None:
    blocks = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) > 30
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_the_lock_covers_what_the_demo_and_the_tests_install() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        content = tomllib.load(file)
    extras = content["project"]["optional-dependencies"]
    wanted = [*content["project"]["dependencies"], *content["dependency-groups"]["dev"]]
    extras_there = ("dbt", "duckdb", "bigquery", "postgres", "snowflake", "sandbox")
    wanted += [text for extra in extras_there for text in extras[extra]]
    for requirement in map(Requirement, wanted):
        version = locked().get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not locked: run `make lock`"
        assert requirement.specifier.contains(version), f"{requirement} does not hold {version}: run `make lock`"


def test_the_changelog_has_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[([^\]]+)\]", changelog, re.MULTILINE)[0] in (__version__, "Unreleased")
    assert f"[{__version__}]" in changelog


def test_the_sample_is_tagged_for_objects_that_there_are() -> None:
    files = (ROOT / "sample_dbt_project" / "models").rglob("*.yml")
    texts = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in files]
    models = [model for text in texts for model in text.get("models", [])]
    metas = [model.get("config", {}).get("meta", {}).get("reverse_etl") for model in models]
    tagged = {meta["object"] for meta in metas if meta}
    assert "users" in tagged
    assert tagged <= set(OBJECTS)
