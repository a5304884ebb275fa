"""The receipt of a finished part: what it holds, and all counts that the whole adds up."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from titanic_batch.alignment.counts import AlignmentCounts
from titanic_batch.chunk.profile import Profile
from titanic_batch.documents import NotADocumentError
from titanic_batch.publish.rejects import Reject
from titanic_batch.scoring.refusing import SHOWN_REJECTS
from titanic_batch.scoring.report import RunTotals
from titanic_batch.stores import read_json, store_of
from titanic_batch.stores.base import as_text

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """A finished part.

    Attributes:
        name: Of its file.
        sha256: Of that file, in hex.
        bytes: Its size.
        first_row: Number of its first record in the whole input.
        totals: What was met in it.
        rejects_sha256: Of its rejects file; None where nothing was rejected.
        said: What the model said of the first rows on which it fails, by row.
        profiled: Whether its rows were counted for a guard.
    """

    name: str
    sha256: str
    bytes: int
    first_row: int
    totals: RunTotals
    rejects_sha256: str | None
    said: tuple[tuple[int, str], ...] = ()
    profiled: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the receipt as a document."""
        totals = vars(self.totals)
        return {
            "receipt_version": VERSION,
            **vars(self),
            "totals": {
                **{name: value for name, value in totals.items() if name not in _NESTED},
                "counts": vars(self.totals.counts),
                "profile": _profile_document(self.totals.profile),
            },
        }


_NESTED = ("counts", "profile")


def read_receipt(path: Path) -> Receipt | None:
    """Return the receipt at a path; None where there is none that can be read."""
    try:
        document = read_json(path, "reading the receipt of a part")
        if document is None or document.pop("receipt_version") != VERSION:
            return None
        totals = document.pop("totals")
        document["said"] = tuple((row, text) for row, text in document["said"])
        return Receipt(totals=_totals(totals), **document)
    except (NotADocumentError, AttributeError, KeyError, TypeError, ValueError):
        return None  # it was edited, or cut: the part is made again


def add_totals(whole: RunTotals, part: RunTotals) -> None:
    """Add a part's totals to those of the whole, whatever they count."""
    for field in fields(RunTotals):
        mine, theirs = getattr(whole, field.name), getattr(part, field.name)
        if isinstance(mine, Counter):
            mine.update(theirs)
        elif isinstance(mine, int):
            setattr(whole, field.name, mine + theirs)
        else:
            mine.add(theirs)


def read_rejects(path: Path, most: int = SHOWN_REJECTS) -> Iterator[Reject]:
    """Yield the first records of a rejects file."""
    csv.field_size_limit(2**31 - 1)
    with as_text(store_of(path).open(path).file, errors="replace") as file:
        for _, line in zip(range(most), csv.DictReader(file), strict=False):
            yield Reject(
                row=int(line["row"]),
                line=int(line["line"]) if line["line"] else None,
                column=line["column"],
                reason=line["reason"],  # type: ignore[arg-type]  # one of ours
                record=line["record"],
            )


def _totals(document: dict[str, Any]) -> RunTotals:
    counts, profile = document.pop("counts"), document.pop("profile")
    plain: dict[str, Any] = {
        name: Counter(value) if isinstance(value, dict) else value
        for name, value in document.items()
    }
    return RunTotals(
        **plain,
        counts=AlignmentCounts(
            **{field.name: _counts(field, counts[field.name]) for field in fields(AlignmentCounts)}
        ),
        profile=Profile(
            columns={name: np.array(found, np.int64) for name, found in profile["columns"].items()},
            score=None if profile["score"] is None else np.array(profile["score"], np.int64),
        ),
    )


def _counts(field: Field[Any], document: dict[str, Any]) -> Any:
    """Return counts, or counts by column, as the field holds them."""
    if field.default_factory is Counter:
        return Counter(document)
    return {column: Counter(texts) for column, texts in document.items()}


def _profile_document(profile: Profile) -> dict[str, Any]:
    return {
        "columns": {name: counts.tolist() for name, counts in profile.columns.items()},
        "score": None if profile.score is None else profile.score.tolist(),
    }
