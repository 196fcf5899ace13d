"""Draw the plot of the page on performance: `python draw_plot.py DATA PNG DIGEST`.

It has a light background of its own, so that it is readable on a light and on a dark page.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

_PAPER, _INK, _GRID = "#f7f8fa", "#1f2430", "#d5d9e0"
_OURS, _OTHERS = "#3949ab", "#9aa3b2"


def _bars(axes: Any, rows: list[list[Any]], unit: str) -> None:
    names, values = [row[0] for row in rows], [row[1] for row in rows]
    colors = [_OURS if name.startswith(("reverse-etl", "plan", "run")) else _OTHERS for name in names]
    bars = axes.barh(names, values, color=colors, height=0.62)
    axes.bar_label(bars, [f"{value:.2f}{unit}" for value in values], padding=4, color=_INK, fontsize=10)
    axes.invert_yaxis()
    axes.margins(x=0.2)
    axes.set_facecolor(_PAPER)
    axes.tick_params(colors=_INK, labelsize=10, length=0)
    axes.xaxis.grid(visible=True, color=_GRID)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)


def main(data: str, png: str, digest: str) -> None:
    """Draw both panels. The digest of the results goes into the file, so that a test can find an old plot."""
    shown = json.loads(Path(data).read_text(encoding="utf-8"))
    ratios = [row for row in shown["ratios"] if row[1]]
    heights = [max(1, len(shown["first"])), max(1, len(ratios))]
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(9, 1.8 + 0.42 * sum(heights)), height_ratios=heights, facecolor=_PAPER, layout="constrained"
    )
    figure.get_layout_engine().set(w_pad=0.15, h_pad=0.15)
    _bars(above, [row for row in shown["first"] if row[1]], " s")
    above.set_title(f"First run of {shown['rows']} users: seconds", loc="left", color=_INK, fontsize=12, weight="bold")
    _bars(below, ratios, " x")
    below.axvline(1, color=_INK, linewidth=1, linestyle=":")
    title = "Later runs: time, compared with the same SQL by hand (1 x)"
    below.set_title(title, loc="left", color=_INK, fontsize=12, weight="bold")
    figure.savefig(png, dpi=150, facecolor=_PAPER, metadata={"Description": digest, "Software": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
