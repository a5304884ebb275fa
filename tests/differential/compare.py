"""Hold what was published against what the model says itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from tests.differential.oracle import Answer
from titanic_batch.publish.manifest import Manifest


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A row that was published with another score than the model's own.

    Attributes:
        row: Its 0-based number.
        cells: What the file held.
        expected: What the model says.
        seen: What was published.
        told: What the manifest says of a cell of this row; empty for nothing.
    """

    row: int
    cells: dict[str, Any]
    expected: str
    seen: str
    told: str


def published_rows(path: Path) -> dict[int, dict[str, Any]]:
    """Return what was published, by 0-based row of the input."""
    if path.suffix == ".parquet":
        records = pq.read_table(path).to_pylist()
    else:
        records = pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
    return {int(record["row"]) - 1: record for record in records}


def compare(
    scored: dict[int, dict[str, Any]],
    answers: Sequence[Answer],
    classes: Sequence[Any] | None,
    cells: pd.DataFrame,
    manifest: Manifest,
) -> list[Wrong]:
    """Return the rows that are not what the model says.

    Args:
        scored: What was published, by row.
        answers: What the model says, for each row of the input.
        classes: Its classes, where it has probabilities.
        cells: The file's cells as text, by row.
        manifest: What the run says of itself.
    """
    wrong = []
    for row, record in scored.items():
        answer = answers[row]
        if answer.error or not _same(record, answer, classes):
            found = dict(cells.iloc[row])
            wrong.append(
                Wrong(
                    row=row,
                    cells=found,
                    expected=answer.error or f"{answer.label!r} {answer.probabilities}",
                    seen=str({k: v for k, v in record.items() if k.startswith("pr")}),
                    told=_told(found, manifest),
                )
            )
    return wrong


def _same(record: dict[str, Any], answer: Answer, classes: Sequence[Any] | None) -> bool:
    if not all(_close(seen, expected) for seen, expected in _shares(record, answer, classes)):
        return False
    if _same_label(record["prediction"], answer.label):
        return True
    best = sorted(answer.probabilities)[-2:]
    return len(best) == 2 and _close(*best)  # a tie falls either way


def _shares(
    record: dict[str, Any], answer: Answer, classes: Sequence[Any] | None
) -> list[tuple[float, float]]:
    """Return each published probability with the model's own."""
    if not answer.probabilities:
        return []
    assert classes is not None
    if len(classes) == 2:
        return [(float(record["probability"]), answer.probabilities[1])]
    return [
        (float(record[f"probability_{name}"]), expected)
        for name, expected in zip(classes, answer.probabilities, strict=True)
    ]


def _same_label(seen: Any, expected: Any) -> bool:
    if isinstance(expected, float):
        return _close(float(seen), expected)
    if isinstance(seen, str) and not isinstance(expected, str):
        return seen.lower() == str(expected).lower()
    return bool(seen == expected)


def _close(seen: float, expected: float) -> bool:
    return math.isfinite(seen) and abs(seen - expected) <= 1e-9 + 1e-12 * abs(expected)


def _told(cells: dict[str, Any], manifest: Manifest) -> str:
    """Return what the manifest says of one of a row's cells, beyond that it was null.

    That a column had nulls is no excuse: the model itself was asked about the same nulls.
    """
    for column, text in cells.items():
        if text in manifest.unknown_categories.get(column, {}):
            return f"unknown_categories: {column}={text!r}"
        if text in getattr(manifest, "null_tokens", {}).get(column, {}):
            return f"null_tokens: {column}={text!r}"
        if any(column in warning and repr(text) in warning for warning in manifest.warnings):
            return f"warning: {column}={text!r}"
    return ""
