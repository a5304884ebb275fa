"""One run over one or many files: load the model once, send all their chunks through one engine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence

from titanic_batch.chunk.task import ScoredChunk
from titanic_batch.engine.base import ChunkTask, Engine
from titanic_batch.errors import (
    InterruptedRunError,
    RowDependenceError,
    UsageError,
    memory_errors,
    os_errors,
)
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.models import VerifiedModel
from titanic_batch.publish.stale_files import StaleFiles
from titanic_batch.scoring.choosing import (
    OpenedModel,
    PredictorChoice,
    choose_predictor,
    opened_model,
)
from titanic_batch.scoring.context import RunContext
from titanic_batch.scoring.file_run import FileRun
from titanic_batch.scoring.finishing import open_finisher
from titanic_batch.scoring.guarding import Guard
from titanic_batch.scoring.inputs import FilePair
from titanic_batch.scoring.model import open_chosen_model
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.outcome import FileOutcome
from titanic_batch.scoring.planning import Planner
from titanic_batch.scoring.progress import NullObserver, Observer, Progress
from titanic_batch.scoring.reading import check_reading
from titanic_batch.scoring.reject_limit import reject_limit
from titanic_batch.scoring.report import output_metadata, run_info
from titanic_batch.scoring.sizes import input_bytes, worker_count
from titanic_batch.scoring.skipping import already_published
from titanic_batch.scoring.trying import RowTrial, trial_of
from titanic_batch.stores import store_of
from titanic_batch.stores.names import folder_of

#: Counting by bin takes a third of a millisecond, which is much of a small file's time.
_MOST_PROFILED = 100


def run_files(
    pairs: Sequence[FilePair],
    options: ScoreOptions,
    observer: Observer | None = None,
    guard: Guard | None = None,
    settled: Mapping[FilePair, FileOutcome] | None = None,
    *,
    opened: OpenedModel | None = None,
) -> list[FileOutcome]:
    """Score files, each published on its own; a file that fails does not stop the others.

    Those that are `settled` are left alone, and returned as they are. The model may be `opened`.

    Raises:
        ModelError, UntrustedModelError: if the model cannot be used.
        RowDependenceError: if the model's score of a row depends on the rows beside it.
        WorkerEndedError: if the system ended a worker process, or memory ran out.
        UsageError: if an option is wrong whatever the file.
    """
    stop_if_interrupted()
    reject_limit(options.max_rejects)
    check_reading(options)
    model = open_chosen_model(options) if opened is None else opened.model
    _refuse_overwriting_model(pairs, model)
    outcomes = dict(settled or {})
    if options.skip_published:
        for pair in pairs:
            stop_if_interrupted()
            manifest = already_published(pair, model, options)
            if manifest is not None:
                outcomes[pair] = FileOutcome(pair=pair, manifest=manifest, error=None, skipped=True)
    left = [pair for pair in pairs if pair not in outcomes]
    with memory_errors():
        if left:
            outcomes |= _score(left, opened or opened_model(model), options, observer, guard)
    return [outcomes[pair] for pair in pairs]


def _refuse_overwriting_model(pairs: Sequence[FilePair], model: VerifiedModel) -> None:
    """Refuse to write over the model, --overwrite or not."""
    spared = store_of(model.path).resolve(model.path)
    for pair in pairs:
        if pair.output is not None and spared in (pair.output.data, pair.output.rejects):
            raise UsageError("the model itself would be written over", where=spared)


def _score(
    pairs: Sequence[FilePair],
    opened: OpenedModel,
    options: ScoreOptions,
    observer: Observer | None,
    guard: Guard | None,
) -> dict[FilePair, FileOutcome]:
    runs: list[FileRun] = []
    try:
        _run_all(pairs, opened, options, observer, guard, runs=runs)
    except InterruptedRunError as exc:
        # Where the signal came when the last file was over, nothing is left to interrupt.
        if not runs or not all(run.is_over for run in runs):
            published = sum(run.manifest is not None for run in runs)
            raise InterruptedRunError(exc.signum, published=published) from exc
    return {
        run.pair: FileOutcome(
            pair=run.pair,
            manifest=run.manifest,
            error=run.error,
            rows=run.rows,
            by_reason=run.by_reason,
            model_errors=run.model_errors,
        )
        for run in runs
    }


def _run_all(
    pairs: Sequence[FilePair],
    opened: OpenedModel,
    options: ScoreOptions,
    observer: Observer | None,
    guard: Guard | None,
    *,
    runs: list[FileRun],
) -> None:
    """Score the files; `runs` takes what becomes of them, for as far as it goes."""
    model, kept = opened.model, opened.kept
    engine = open_engine(pairs, model, options, kept)
    try:
        description = engine.describe()
        if guard is not None:
            guard.check(model, description.schema)
        _make_folder(pairs)
        with open_finisher(len(pairs)) as finisher:
            predictor = choose_predictor(engine, model, kept, input_bytes(pairs) or 0)
            info = run_info(options, model, description, predictor)
            context = RunContext(
                model=model,
                options=options,
                fingerprint=info.fingerprint,
                planner=Planner(
                    description=description, options=options, metadata=output_metadata(model)
                ),
                info=info,
                stale_files=StaleFiles(),
                finisher=finisher,
                guard=guard,
                profiles=len(pairs) <= _MOST_PROFILED or (guard is not None and guard.profiles),
            )
            runs.extend(FileRun(pair, context) for pair in pairs)
            trial = trial_of(description.info, options)
            try:
                _drive(engine, runs, trial, observer or NullObserver())
            except RowDependenceError as exc:
                for run in runs:
                    if not run.is_over:
                        run.fail(exc)  # there is nothing to resume
                raise
        if refused := [run for run in runs if run.is_refused]:
            from titanic_batch.scoring.advice.giving import Adviser  # imports pandas

            adviser = Adviser(engine, description, options)
            for run in refused:
                run.advise(adviser)
    finally:
        try:
            engine.close()
        finally:
            for run in runs:
                run.close()


def _drive(engine: Engine, runs: list[FileRun], trial: RowTrial, observer: Observer) -> None:
    total = input_bytes([run.pair for run in runs])
    rows = rejected = bytes_done = 0
    started = time.monotonic()

    def tasks() -> Iterator[ChunkTask]:
        for index, run in enumerate(runs):
            stop_if_interrupted()
            for context, chunk in run.work():
                yield ChunkTask(index, context, chunk)

    for outcome in trial.map(engine, tasks()):
        stop_if_interrupted()
        run = runs[outcome.key]
        bytes_before = run.bytes_done
        run.take(outcome.result)
        if isinstance(outcome.result, ScoredChunk):
            rows += outcome.result.rows_read
            rejected += len(outcome.result.rejects)
        bytes_done += run.bytes_done - bytes_before
        observer.update(
            Progress(
                input=run.pair.input,
                rows=rows,
                rejected=rejected,
                bytes_done=bytes_done,
                bytes_total=total,
                seconds=time.monotonic() - started,
            )
        )


def open_engine(
    pairs: Sequence[FilePair],
    model: VerifiedModel,
    options: ScoreOptions,
    kept: PredictorChoice,
) -> Engine:
    """Choose between threads, this process and workers; import only what the choice needs."""
    workers = worker_count(pairs, options)
    description = kept.description_of(model)
    if kept.plan is not None and description is not None:
        from titanic_batch.engine.threads import ThreadEngine

        return ThreadEngine(model, description, kept.plan.plan, workers)
    if workers > 1:
        from titanic_batch.engine.processes import ProcessEngine

        return ProcessEngine(model, workers)
    from titanic_batch.engine.serial import SerialEngine

    return SerialEngine(model)


def _make_folder(pairs: Sequence[FilePair]) -> None:
    """Make the folder that several outputs go into; those in it are made one by one."""
    paths = (pair.output for pair in pairs if pair.output is not None and pair.makes_folder)
    if made := {folder_of(path.data) for path in paths}:
        parts = os.path.commonprefix([folder.split("/") for folder in made])  # noqa: RUF071  # lists
        folder = "/".join(parts)
        with os_errors(folder, "making the output folder"):
            store_of(folder).make_folder(folder)
