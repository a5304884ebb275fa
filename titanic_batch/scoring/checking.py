"""Check an input: how each model column is fed, and what would be rejected, without scoring."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from titanic_batch.alignment.plan import plan_alignment
from titanic_batch.chunk.task import ChunkTask, Reject
from titanic_batch.engine.base import Outcome, Work
from titanic_batch.errors import InputMissingError, TitanicBatchError
from titanic_batch.scoring.inputs import find_inputs, is_several
from titanic_batch.scoring.model import open_chosen_model
from titanic_batch.scoring.null_texts import null_text_warnings
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.reading import source_of
from titanic_batch.scoring.report import Tally, alignment_entries, model_entry, plain_counts
from titanic_batch.scoring.trying import trial_of

_MOST_REJECTS = 1000


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What would happen to an input.

    Attributes:
        input: Its path.
        model: The manifest's `model`.
        alignment: The manifest's `alignment`.
        complete: Whether every row was looked at.
        rows_checked: How many were.
        rejected: How many of them would be rejected.
        by_reason: Those by their first fault.
        rejects: The first of them.
        nulls: Null cells by model column.
        null_tokens: Column, text that was read as null, how often.
        unknown_categories: Column, value, how often.
        warnings: What loading the model brought up, and texts that look like nulls.
    """

    input: str
    model: dict[str, Any]
    alignment: tuple[dict[str, Any], ...]
    complete: bool
    rows_checked: int
    rejected: int
    by_reason: dict[str, int]
    rejects: tuple[Reject, ...]
    nulls: dict[str, int]
    null_tokens: dict[str, dict[str, int]]
    unknown_categories: dict[str, dict[str, int]]
    warnings: tuple[str, ...]


def check_files(input: str, options: ScoreOptions, *, full: bool) -> list[CheckReport]:
    """Check an input, or each file of a folder or glob, against a model.

    Args:
        input: A file, folder, glob, or `-`.
        options: As for scoring.
        full: Look at every row, not only at the first chunk.

    Raises:
        TitanicBatchError: for everything that would stop `score` before its first row.
    """
    from titanic_batch.engine.serial import SerialEngine

    model = open_chosen_model(options)
    engine = SerialEngine(model)
    description = engine.describe()
    trial = trial_of(description.facts, options)
    reports = []
    for path in find_inputs(input) if is_several(input) else [input]:
        source = source_of(path, options)
        try:
            plan = plan_alignment(
                description.schema,
                source.schema,
                options.alignment,
                where=path,
                text_cells=source.text_cells,
            )
            task = ChunkTask(input=path, parser=source.parser, alignment=plan)
            chunks = source.chunks()
            # Two, for a last record without a newline is a chunk of its own.
            looked_at = chunks if full else itertools.islice(chunks, 2)
            works: Iterator[Work] = (Work(0, task, chunk) for chunk in looked_at)
            tally, rejects = _tally(trial.map(engine, works))
            complete = full or next(chunks, None) is None
        finally:
            source.close()
        if tally.read == 0 and not options.allow_empty:
            raise InputMissingError("the input has a header and no data rows", where=path)
        reports.append(
            CheckReport(
                input=path,
                model=model_entry(model, description),
                alignment=alignment_entries(plan, tally.counts),
                complete=complete,
                rows_checked=tally.read,
                rejected=tally.rejected,
                by_reason=dict(sorted(tally.by_reason.items())),
                rejects=tuple(rejects),
                nulls=dict(sorted(tally.counts.nulls.items())),
                null_tokens=plain_counts(tally.counts.null_tokens),
                unknown_categories=_plain(tally.counts.unknown),
                warnings=(*description.warnings, *null_text_warnings(plan, tally.counts)),
            )
        )
    return reports


def _tally(outcomes: Iterator[Outcome]) -> tuple[Tally, list[Reject]]:
    tally = Tally()
    rejects: list[Reject] = []
    for outcome in outcomes:
        if isinstance(outcome.result, TitanicBatchError):
            raise outcome.result
        tally.add(outcome.result)
        rejects.extend(outcome.result.rejects[: _MOST_REJECTS - len(rejects)])
    return tally, rejects


def _plain(unknown: dict[str, Counter[str]]) -> dict[str, dict[str, int]]:
    return {column: dict(values.most_common(100)) for column, values in sorted(unknown.items())}
