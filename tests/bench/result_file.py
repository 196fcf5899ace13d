"""The file of results: each measurement with every round, and the machine, versions and date that it was made with."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from tests.bench.measured_process import Figures

ROOT = Path(__file__).parents[2]
NEW = ROOT / ".bench" / "results.json"
PUBLISHED = ROOT / "docs" / "concepts" / "performance.json"
_LIBRARIES = ("reverse-etl", "duckdb", "pyarrow", "orjson", "requests")

Round = dict[str, Figures]


@dataclass(frozen=True)
class Measurement:
    """Some cases, measured once in each round, one after the other. `facts` hold for all of them, such as the rows."""

    facts: Mapping[str, object]
    rounds: Sequence[Round]
    machine: Mapping[str, object] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""

    def values(self, case: str, figure: str) -> list[float]:
        """One figure of a case in each round; empty if it was not measured."""
        found = (value_of(one[case], figure) for one in self.rounds if case in one)
        return [value for value in found if value is not None]

    def median(self, case: str, figure: str = "wall") -> float | None:
        """The median of the rounds; None if it was not measured."""
        values = self.values(case, figure)
        return statistics.median(values) if values else None

    def ratio(self, case: str, other: str, figure: str = "wall") -> float | None:
        """The median of a case in units of the median of another; None if one of them was not measured."""
        ours, theirs = self.median(case, figure), self.median(other, figure)
        return ours / theirs if ours is not None and theirs else None


def value_of(figures: Mapping[str, object], name: str) -> float | None:
    """A figure by its name, such as `wall` or `timings.send`; None if there is none."""
    found: object = figures
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return float(found) if isinstance(found, (int, float)) else None


def measure_rounds(facts: Mapping[str, object], rounds: int, measure_round: Callable[[], Round]) -> Measurement:
    """Measure some rounds, here and now."""
    measured = [measure_round() for _ in range(rounds)]
    return Measurement(facts, measured, machine_facts(), library_versions(), _today())


def save(name: str, measurement: Measurement, path: Path = NEW) -> None:
    """Put a measurement into the file, in place of an older one of the same name."""
    write_file(path, {**read_file(path), name: measurement})


def read_file(path: Path) -> dict[str, Measurement]:
    """The measurements of a file by their names; none if there is no file."""
    if not path.is_file():
        return {}
    return {name: Measurement(**one) for name, one in json.loads(path.read_text(encoding="utf-8")).items()}


def write_file(path: Path, measurements: Mapping[str, Measurement]) -> None:
    """Write the file: names in order, and a line for each case."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {name: asdict(one) for name, one in sorted(measurements.items())}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def machine_facts() -> dict[str, object]:
    """What figures depend on: processor, cores, memory, system, and how busy the machine was at the end."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory / 1e9, 1),
        "system": platform.platform(),
        "load": round(os.getloadavg()[0], 1),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def library_versions() -> dict[str, str]:
    """The versions of Python, of the libraries that do the work, and of the checkout."""
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    libraries = {name: version(name) for name in _LIBRARIES}
    return {"python": platform.python_version(), **libraries, "commit": asked.stdout.strip() or "unknown"}


def _today() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d")
