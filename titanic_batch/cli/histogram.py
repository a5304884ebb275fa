"""A published file's scores as a small histogram, and its most drifted columns, for a terminal."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from titanic_batch.jobs.drift import FEWEST_ROWS, stability_index

if TYPE_CHECKING:
    from titanic_batch.publish.manifest import Manifest

_WIDTH = 32
_MOST_BARS = 20
_MOST_COLUMNS = 3
_EIGHTHS = " ▏▎▍▌▋▊▉"


def print_histogram(console: Console, manifest: Manifest) -> None:
    """Print the scores of a file against training, and the three columns that drifted most."""
    profile = manifest.counts_by_bin()
    score = profile.get("")
    if score is not None and any(score["counts"]):
        _print_scores(console, score)
    indexes = {
        column: stability_index(told["training"], told["counts"])
        for column, told in profile.items()
        if column and told.get("training") and sum(told["counts"]) >= FEWEST_ROWS
    }
    most = sorted(indexes.items(), key=lambda one: (-one[1], one[0]))[:_MOST_COLUMNS]
    if most:
        told = ", ".join(f"{column} {index:.3f}" for column, index in most)
        _line(console, "drift", f"{told}  (stability index; above 0.25 is large)")


def _print_scores(console: Console, told: dict[str, Any]) -> None:
    counts, training = told["counts"][:-1], told.get("training")
    labels = _labels(told["bins"], len(counts))
    total = sum(counts) or 1
    most = max(counts) / total
    width = max(map(len, labels[:_MOST_BARS]))
    _line(console, "scores", f"share of {total:,} rows{', in training' if training else ''}")
    for at, (label, count) in enumerate(zip(labels, counts, strict=True)):
        if at == _MOST_BARS:
            _line(console, "", f"... and {len(counts) - at:,} more")
            break
        share = count / total
        expected = f"  {training[at]:6.1%}" if training else ""
        bar = _bar(share / most if most else 0.0, plain=not console.encoding.startswith("utf"))
        _line(console, "", f"{label:>{width}}  {bar:<{_WIDTH}}  {share:6.1%}{expected}")


def _labels(bins: dict[str, Any], count: int) -> list[str]:
    if "values" in bins:
        return [*(str(value)[:_WIDTH] for value in bins["values"]), "others"][:count]
    edges = [f"{edge:.4g}" for edge in bins["edges"]]
    if not edges:
        return ["all"]
    between = [f"{low} to {high}" for low, high in itertools.pairwise(edges)]
    return [f"up to {edges[0]}", *between, f"above {edges[-1]}"][:count]


def _bar(share: float, *, plain: bool) -> str:
    if plain:
        return "#" * round(share * _WIDTH)
    eighths = round(share * _WIDTH * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _line(console: Console, name: str, text: str) -> None:
    console.print(Text.assemble((f"  {name:<9}", "dim"), text), soft_wrap=True)
