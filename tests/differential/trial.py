"""One trial: draw data and a model from a seed, save it, score, and ask the model itself."""

from __future__ import annotations

import csv
import json
import random
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from threadpoolctl import threadpool_limits

import titanic_batch
from tests.differential.compare import Wrong, compare, published_rows
from tests.differential.data import TOKENS, Data, draw_data
from tests.differential.models import Drawn, NothingFittedError, draw_model
from tests.differential.oracle import ask, read_input
from tests.differential.saving import Place, Saved, Way, draw_way, shows_data, store_learned
from titanic_batch.errors import TitanicBatchError
from titanic_batch.publish.manifest import Manifest

#: What is said where a model without its training data shows too little.
ADVICE = "models save FILE --data"

TRAINED_ON = ("train.csv", "train.csv", "train.csv", "train.csv", "train.parquet")

#: How a file of a trial ended. `told` is another score than the model's, which the manifest says.
Verdict = Literal["right", "told", "wrong", "refused", "crashed", "not drawn"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one file of a trial ended.

    Attributes:
        seed: What the trial is drawn from.
        verdict: How it ended.
        what: The family of model, the way it was saved, the file's format.
        rows: Rows of the file.
        compared: Rows that were published and held against the model's own answer.
        detail: What a failure needs to be understood.
    """

    seed: int
    verdict: Verdict
    what: tuple[str, ...] = ()
    rows: int = 0
    compared: int = 0
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return self.verdict in {"wrong", "crashed"}

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=str, ensure_ascii=False)

    def __str__(self) -> str:
        lines = [f"seed {self.seed}: {self.verdict} ({', '.join(self.what)})"]
        lines += [f"  {name}: {value}" for name, value in self.detail.items()]
        return "\n".join(lines)


def run_trial(
    seed: int, folder: Path, *, workers: bool = False, train_rows: int = 60, score_rows: int = 40
) -> list[Outcome]:
    """Return how a CSV file and a Parquet file of the same rows fared.

    Args:
        seed: Everything is drawn from it.
        folder: An empty folder, which names the model too.
        workers: Whether a run may be drawn to have two workers.
        train_rows: Rows to train with.
        score_rows: Rows of each file.
    """
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        return list(_trial(seed, folder, workers, train_rows, score_rows))


def _trial(
    seed: int, folder: Path, workers: bool, train_rows: int, score_rows: int
) -> Iterator[Outcome]:
    rng = random.Random(seed)
    data = draw_data(rng, train_rows=train_rows, score_rows=score_rows)
    place = Place(folder=folder, train=folder / rng.choice(TRAINED_ON))
    way = draw_way(rng)
    try:
        known = not shows_data(way) and rng.random() < 0.9
        drawn = draw_model(rng, data, place.train, known=known)
    except NothingFittedError:
        yield Outcome(seed=seed, verdict="not drawn")
        return
    options = _draw_options(rng, drawn, data, workers=workers)
    sources = [folder / "in.csv", folder / "in.parquet"]
    data.write_score(sources[0])
    pd.read_csv(sources[0], low_memory=False).to_parquet(sources[1], index=False)
    task = Task(drawn=drawn, data=data, place=place, options=options)
    said = way.__name__
    ends = _save_and_score(way, task, sources)
    if not shows_data(way) and ADVICE in ends[0].detail.get("said", ""):
        said = f"{said}, refused, {store_learned.__name__}"
        ends = _save_and_score(store_learned, task, sources)
    for source, end in zip(sources, ends, strict=True):
        told = {} if end.verdict == "right" else _described(seed, drawn, data, options)
        yield Outcome(
            seed=seed,
            verdict=end.verdict,
            what=(drawn.family, said, source.name),
            rows=score_rows,
            compared=end.compared,
            detail=told | end.detail,
        )


@dataclass(frozen=True, kw_only=True)
class Task:
    """What was drawn: a model, its data, where they lie, and the options of the run."""

    drawn: Drawn
    data: Data
    place: Place
    options: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class End:
    """How saving a model, or scoring a file, ended: parts of an `Outcome`."""

    verdict: Verdict
    compared: int = 0
    detail: dict[str, Any] = field(default_factory=dict)


def _ended_in(error: Exception) -> End:
    if isinstance(error, TitanicBatchError) and error.exit_code != 1:
        return End(verdict="refused", detail={"exit": error.exit_code, "said": str(error)})
    return End(verdict="crashed", detail={"traceback": "".join(traceback.format_exception(error))})


def _save_and_score(way: Way, task: Task, sources: Sequence[Path]) -> list[End]:
    """Return how each file ended, whatever happens."""
    try:
        saved = way(task.drawn, task.place)
    except Exception as error:  # noqa: BLE001  # a refusal, or a crash
        return [_ended_in(error)] * len(sources)
    return [_score(source, task, saved) for source in sources]


def _described(seed: int, drawn: Drawn, data: Data, options: dict[str, Any]) -> dict[str, Any]:
    """Return what is needed to understand a trial, and to repeat it."""
    frame = drawn.frame
    return {
        "model": " ".join(repr(drawn.estimator).split()),
        "columns": {
            column.name: f"{column.kind}, "
            f"{frame[column.name].dtype if column.name in frame else 'not taken'}"
            for column in data.columns
        },
        "options": options,
        "repeat": f"python -m tests.differential --seed {seed} --keep FOLDER",
    }


def _draw_options(rng: random.Random, drawn: Drawn, data: Data, *, workers: bool) -> dict[str, Any]:
    options: dict[str, Any] = {"max_rejects": "100%", "workers": 1, **drawn.options}
    if rng.random() < 0.3:  # more chunks cost more: an unknown model is tried on each at first
        options["chunk_size"] = rng.choice((1, *(600, 1000, 1500) * 4))
    if rng.random() < 0.02 and workers:  # drawn in any case: a seed means the same with and without
        options["workers"] = 2
    if rng.random() < 0.08:
        options["null"] = (rng.choice(TOKENS),)
    if rng.random() < 0.1:
        options["pieces"] = rng.choice((2, 2, 3))
    options["output"] = rng.choice(("out.parquet", "out.csv"))
    for name in drawn.frame.columns:
        values = drawn.frame[name]
        if name in drawn.options.get("map", {}):
            continue
        if rng.random() < (0.35 if values.dtype.kind == "i" else 0.1):
            options.setdefault("allow_null", []).append(name)
        elif rng.random() < 0.1 and values.notna().any():
            filled = rng.choice(values.dropna().tolist())
            options.setdefault("fill", {})[name] = filled
        if rng.random() < 0.1 and drawn.family not in {"get_dummies", "categories"}:
            options.setdefault("unknown", {})[name] = "allow"
    return options


def _score(source: Path, task: Task, saved: Saved) -> End:
    """Score a file and hold it against the model, whatever happens."""
    drawn, headers, options = task.drawn, task.data.headers, dict(task.options)
    pieces = options.pop("pieces", 1) if source.suffix == ".csv" else 1
    name, fills, null = options.pop("output"), options.get("fill", {}), options.get("null", ())
    options.pop("pieces", None)
    told = {"model": saved.ref, "trust": saved.trust, **options}
    try:
        if pieces > 1:
            published = _score_pieces(
                source, pieces, {**told, "output_format": Path(name).suffix[1:]}
            )
        else:
            output = source.parent / f"{source.suffix[1:]}-{name}"
            published = [(output, titanic_batch.score(source, output, **told))]
    except Exception as error:  # noqa: BLE001  # a refusal, or a crash
        return _ended_in(error)
    frame = read_input(source, drawn.frame, headers, null)
    answers = ask(drawn, frame, fills)
    cells = (
        pd.read_csv(source, dtype=str, keep_default_na=False)
        if source.suffix == ".csv"
        else pd.read_parquet(source).astype(object).astype(str)
    )
    cells = cells.rename(columns={given: name for name, given in headers.items()})
    cells = cells[list(frame.columns)]
    classes = getattr(drawn.estimator, "classes_", None)
    wrong, compared = [], 0
    for output, manifest in published:
        scored = published_rows(output)
        compared += len(scored)
        wrong += compare(scored, answers, classes, cells, manifest)
    silent = [one for one in wrong if not one.told]
    return End(
        verdict="wrong" if silent else "told" if wrong else "right",
        compared=compared,
        detail=_shown(wrong, silent, compared, published[0][1]) if wrong else {},
    )


def _score_pieces(source: Path, count: int, told: dict[str, Any]) -> list[tuple[Path, Manifest]]:
    """Score a CSV file in pieces, as the files of a folder; return each that was published."""
    folder = source.parent / "pieces"
    folder.mkdir(exist_ok=True)
    with source.open(encoding="utf-8", newline="") as file:
        header, *records = csv.reader(file)
    for number in range(count):
        with (folder / f"{number}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *records[number::count]])
    outcomes = titanic_batch.score_files(folder, f"{source.parent / 'scored'}/", **told)
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    for error in errors:
        if error.exit_code == 1 or len(errors) == count:
            raise error
    return [
        (Path(outcome.pair.output.data), outcome.manifest)
        for outcome in outcomes
        if outcome.manifest is not None and outcome.pair.output is not None
    ]


def _shown(wrong: list[Wrong], silent: list[Wrong], scored: int, manifest: Any) -> dict[str, Any]:
    first = (silent or wrong)[0]
    return {
        "wrong rows": f"{len(wrong)} of {scored} published, {len(silent)} of them silent",
        "first wrong row": first.row + 1,
        "cells": first.cells,
        "expected": first.expected,
        "seen": first.seen,
        "told": first.told,
        "manifest": {
            "nulls": manifest.nulls,
            "unknown": manifest.unknown_categories,
            "warnings": manifest.warnings,
            "alignment": [
                {k: e.get(k) for k in ("column", "action", "kind", "null", "unknown")}
                for e in manifest.alignment
                if e["column"] is not None
            ],
        },
    }
