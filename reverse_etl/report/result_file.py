"""The result file, `reverse_etl_results.json`, next to dbt's `run_results.json`; written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from reverse_etl.change import Problem, RunResult
from reverse_etl.cost import total
from reverse_etl.errors import ConfigError
from reverse_etl.report.costs import cost_dict, total_price
from reverse_etl.report.failures import problem_dict
from reverse_etl.report.results import result_dict

RESULT_FILE = "reverse_etl_results.json"
RESULT_SCHEMA_VERSION = 1


def result_file_content(
    metadata: Mapping[str, object], results: Sequence[RunResult], problems: Sequence[Problem]
) -> dict[str, object]:
    """Return the content of the file. `problems` are the command's own; the problem of a sync is in its result."""
    return {
        "metadata": {"schema_version": RESULT_SCHEMA_VERSION, **metadata},
        "results": [result_dict(result) for result in results],
        "costs": {
            **cost_dict(total(spent.cost for result in results for spent in result.spent)),
            "dollars": total_price(result.dollars for result in results),
        },
        "problems": [problem_dict(problem) for problem in problems],
    }


def write_result_file(folder: Path, content: object) -> Path:
    """Put the file into dbt's target folder, in place of the last one. Raises ConfigError `results-not-written`."""
    path = folder / RESULT_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise ConfigError(
            "results-not-written",
            f"{path} could not be written",
            context={"reason": error.strerror or error},
            hint="Free disk space, fix the permissions of the folder, or choose another one with `--target-path`.",
        ) from error
    return path


def _replace(path: Path, text: str) -> None:
    number, name = tempfile.mkstemp(prefix=f".{RESULT_FILE}.", dir=path.parent)
    written = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        written.chmod(0o644)
        written.replace(path)
    except BaseException:
        with suppress(OSError):
            written.unlink()
        raise
