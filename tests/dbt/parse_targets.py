"""Runs the real dbt in a process of its own: parses one project for several targets, under several ways of naming.

    python parse_targets.py PROJECT

Each macro file of `namings/` is used once; the manifest of target T goes to `made/<naming>/<T>`.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def main(project: str) -> None:
    from dbt.cli.main import dbtRunner

    os.chdir(project)
    for naming in sorted(Path("namings").iterdir()):
        shutil.rmtree("macros", ignore_errors=True)
        shutil.copytree(naming, "macros")
        for target in ("dev", "prod", "other_file"):
            words = ["--quiet", "--no-send-anonymous-usage-stats", "parse", "--no-partial-parse", "-t", target]
            dbtRunner().invoke([*words, "--target-path", f"made/{naming.name}/{target}"])


if __name__ == "__main__":
    main(sys.argv[1])
