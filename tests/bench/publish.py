"""Puts results into the documentation: the committed file of results, the tables of its page, and the plot."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from pathlib import Path

from tests.bench.measured_process import say
from tests.bench.page_tables import PAGE, PLOT, fill_page, write_plot_data
from tests.bench.result_file import NEW, PUBLISHED, read_file, write_file
from tests.bench.users import PEERS_FOLDER
from tests.emulators.environment import python_of


def publish() -> None:
    """Put the saved results, if there are any, in place of the committed ones. Make the tables and the plot again."""
    if NEW.is_file():
        write_file(PUBLISHED, read_file(NEW))
    results = read_file(PUBLISHED)
    PAGE.write_text(fill_page(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        shown = Path(folder) / "plot.json"
        write_plot_data(results, shown)
        script = PEERS_FOLDER / "draw_plot.py"
        arguments = [python_of("peers", PEERS_FOLDER), script, shown, PLOT, digest(PUBLISHED)]
        subprocess.run(list(map(str, arguments)), check=True)
    say(f"wrote {PUBLISHED.name}, {PAGE.name} and {PLOT.name} in docs/concepts")


def digest(path: Path) -> str:
    """The SHA-256 of a file. The plot carries the digest of its results."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
