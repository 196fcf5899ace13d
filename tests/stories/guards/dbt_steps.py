"""Runs the real dbt, command after command, in one process, and keeps what each of them wrote.

    python dbt_steps.py PROJECT STEPS

STEPS is JSON: a name for each list of words. After each command the folder `steps/NAME` of the project holds the
manifest and the run results as they were then.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path


def main(project: str, steps: str) -> None:
    from dbt.cli.main import dbtRunner

    os.chdir(project)
    for name, words in json.loads(steps).items():
        dbtRunner().invoke(["--quiet", "--no-send-anonymous-usage-stats", *words])
        folder = Path("steps") / name
        folder.mkdir(parents=True)
        for file in ("manifest.json", "run_results.json"):
            shutil.copy(Path("target") / file, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
