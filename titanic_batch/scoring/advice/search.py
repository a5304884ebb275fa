"""Find the fewest changes that let rejected rows through, by trying each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from titanic_batch.alignment.plan import MissingColumnsError
from titanic_batch.errors import DataError
from titanic_batch.scoring.advice.case import Case
from titanic_batch.scoring.advice.cells import (
    boolean_changes,
    null_changes,
    null_token_changes,
    padding_changes,
    spelling_changes,
    stand_in_fills,
    unknown_changes,
)
from titanic_batch.scoring.advice.changes import Change, options_with, repair_of
from titanic_batch.scoring.advice.numbers import number_changes
from titanic_batch.scoring.advice.records import final_newline_changes, record_changes
from titanic_batch.scoring.advice.shape import rename_changes, shape_changes
from titanic_batch.scoring.advice.trials import Trial, Trials
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.reading import dialect_for
from titanic_batch.sources.base import Sample
from titanic_batch.sources.sample import CsvSample


@dataclass(frozen=True, kw_only=True)
class Found:
    """The result of a search.

    Attributes:
        before: What becomes of the rows in hand as things are.
        after: What becomes of them with the changes.
        changes: What helps, together.
        instead: What can be put in the place of one of them, with it.
        fillable: Columns whose nulls are let through if filled, with what nobody but the user
            knows.
    """

    before: Trial
    after: Trial
    changes: tuple[Change, ...]
    instead: tuple[tuple[Change, Change], ...]
    fillable: frozenset[str] = frozenset()


def search(case: Case, options: ScoreOptions, trials: Trials) -> Found:
    """Return the changes that let the most of a case's rows through, and no one too many."""

    def tried(changes: Sequence[Change]) -> Trial:
        return _tried(changes, case, options, trials)

    before = tried(())
    changes, trial = _shaped(case, options, trials, before)
    if trial.error is not None:
        return Found(before=before, after=before, changes=(), instead=())
    for candidates in _steps(case, options):
        for change in candidates(trial):
            attempt = tried([*changes, change])
            if _is_better(attempt, trial):
                changes, trial = [*changes, change], attempt
    for change in list(changes):
        fewer = [other for other in changes if other is not change]
        attempt = tried(fewer)
        if attempt.error is None and len(attempt.rejected) <= len(trial.rejected):
            changes, trial = fewer, attempt
    instead = []
    for change in changes:
        if change.otherwise is not None:
            attempt = tried([change.otherwise if one is change else one for one in changes])
            if attempt.error is None and len(attempt.rejected) <= len(trial.rejected):
                instead.append((change, change.otherwise))
    fillable = {
        name
        for name, change in stand_in_fills(trial)
        if _is_better(tried([*changes, change]), trial)
    }
    return Found(
        before=before,
        after=trial,
        changes=tuple(changes),
        instead=tuple(instead),
        fillable=frozenset(fillable),
    )


def _steps(case: Case, options: ScoreOptions) -> Iterator[Callable[[Trial], Iterator[Change]]]:
    """Yield what proposes changes: what reads more of a file before what lets more of it pass."""
    sample, is_text = case.sample, isinstance(case.sample, CsvSample)
    if isinstance(sample, CsvSample):
        yield lambda trial: record_changes(trial, sample, options, case.path)
        yield padding_changes
        # Before what may mean null: a mark between digits is none.
        yield lambda trial: number_changes(trial, options)
    yield final_newline_changes
    yield null_token_changes
    yield lambda trial: spelling_changes(trial, case.counts, can_rewrite=is_text)
    yield boolean_changes
    yield unknown_changes
    yield null_changes


def _shaped(
    case: Case, options: ScoreOptions, trials: Trials, before: Trial
) -> tuple[list[Change], Trial]:
    """Return what gives the model its columns, where it lacks some."""
    changes: list[Change] = []
    trial = before
    if trial.error is not None and isinstance(case.sample, CsvSample):
        changes = shape_changes(case.sample, options, case.path, trials.schema)
        trial = _tried(changes, case, options, trials)
    if isinstance(trial.error, MissingColumnsError):
        sample, chosen = _changed(case, options, changes)
        changes = [*changes, *rename_changes(sample, chosen, case, trials)]
        trial = _tried(changes, case, options, trials)
    return changes, trial


def _tried(changes: Sequence[Change], case: Case, options: ScoreOptions, trials: Trials) -> Trial:
    try:
        sample, chosen = _changed(case, options, changes)
    except DataError as exc:
        return Trial(error=exc, rejected={})
    return trials.run(sample, chosen, case.path, case.partition)


def _changed(
    case: Case, options: ScoreOptions, changes: Sequence[Change]
) -> tuple[Sample, ScoreOptions]:
    """Return the rows in hand and the options, as changes make them."""
    chosen, repair = options_with(options, changes), repair_of(changes)
    if not repair.is_needed:
        return case.sample, chosen
    if not isinstance(case.sample, CsvSample):
        raise DataError("only text can be rewritten")
    sample = repair.apply(case.sample, dialect_for(case.path, chosen))
    return sample, replace(chosen, delimiter=",", encoding="utf-8", escape=None, skip_lines=0)


def _is_better(new: Trial, old: Trial) -> bool:
    if new.error is not None or new.cost >= old.cost:
        return False
    if new.row_count == old.row_count and not new.rejected.keys() <= old.rejected.keys():
        return False  # what is rejected by it alone was right as it was
    let_through = {row for row in old.rejected if row not in new.rejected}
    return not let_through & new.near_empty  # a line of totals is nothing to be scored
