"""Runs the real dbt once, in a process of its own, and writes what it says as JSON.

    python run_dbt.py PROJECT QUESTIONS ANSWERS

QUESTIONS holds `selections` (lists of words for `dbt ls`) and `profile` (an output to render); ANSWERS gets `selected`
(unique ids for each selection) and `rendered`. The project is also built twice: well into `target`, and with a
broken model into `target_broken`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any


def main(project: str, questions_path: str, answers_path: str) -> None:
    os.chdir(project)
    questions = json.loads(Path(questions_path).read_text(encoding="utf-8"))
    invoke("deps")
    invoke("build", "--target-path", "target_broken", "--vars", "{broken: true}")
    manifest = invoke("parse").result
    invoke("build")
    selected = [listed(words, manifest) for words in questions["selections"]]
    answers = {"selected": selected, "rendered": rendered(questions["profile"])}
    Path(answers_path).write_text(json.dumps(answers), encoding="utf-8")


def invoke(*words: str, manifest: Any = None) -> Any:
    from dbt.cli.main import dbtRunner

    return dbtRunner(manifest=manifest).invoke(["--quiet", "--no-send-anonymous-usage-stats", *words])


def listed(words: list[str], manifest: Any) -> list[str]:
    types = [word for kind in ("model", "seed", "snapshot") for word in ("--resource-type", kind)]
    answer = invoke("ls", *words, *types, "--output", "json", "--output-keys", "unique_id", manifest=manifest)
    return sorted(json.loads(line)["unique_id"] for line in answer.result or [])


def rendered(output: dict[str, Any]) -> dict[str, Any]:
    """Each field as dbt renders it, or `error` where it refuses to."""
    from dbt.config.renderer import ProfileRenderer
    from dbt_common.context import set_invocation_context

    set_invocation_context(os.environ)
    return {key: field(ProfileRenderer({"region": "eu"}), key, value) for key, value in output.items()}


def field(renderer: Any, key: str, value: Any) -> Any:
    try:
        return {"value": renderer.render_data({key: value})[key]}
    except Exception:  # noqa: BLE001 - dbt raises every error of Jinja
        return "error"


if __name__ == "__main__":
    main(*sys.argv[1:])
