"""Run nights of a job, each published on its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

from titanic_batch.errors import (
    InterruptedRunError,
    TitanicBatchError,
    os_errors,
    worst_exit_code,
)
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.jobs.arrival import not_arrived
from titanic_batch.jobs.history import History, look_at_history, pairs_without_input
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.last_night import LookBack, find_last_night
from titanic_batch.jobs.night import Night, plan_night, plan_nights
from titanic_batch.jobs.recording import write_record
from titanic_batch.jobs.run_manifest import write_run_manifest
from titanic_batch.jobs.run_records import RecordStatus
from titanic_batch.jobs.settings import (
    ModelChoice,
    Overrides,
    choose_model,
    require_pinned,
    score_keywords,
)
from titanic_batch.scoring.api import make_options, score_files
from titanic_batch.scoring.inputs import FilePair, pair_files
from titanic_batch.scoring.progress import Observer
from titanic_batch.stores import store_of

if TYPE_CHECKING:
    from titanic_batch.scoring.options import ScoreOptions
    from titanic_batch.scoring.outcome import FileOutcome

Status = RecordStatus | Literal["planned"]


@dataclass(frozen=True, kw_only=True)
class PlannedFile:
    """A file of a dry run.

    Attributes:
        input: The file.
        output: Where its scores would go.
        published: Whether they are there already, so that nothing would be done.
        notes: What of the job is another than when they were published.
    """

    input: str
    output: str
    published: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NightOutcome:
    """The outcome of one night.

    Attributes:
        night: Its date and paths.
        status: `published`; `skipped`, as all of it was published before; `absent`, an optional
            input that has not arrived; `failed`; or, of a dry run, `planned`.
        files: How each file ended; nothing where the night failed before its first file.
        error: Why it failed before its first file.
        planned: What a dry run would do.
        record_fault: Why its run record could not be written; "" if it was.
    """

    night: Night
    status: Status
    files: tuple[FileOutcome, ...] = ()
    error: TitanicBatchError | None = None
    planned: tuple[PlannedFile, ...] = ()
    record_fault: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What changed in the job since its files were published, once each."""
        said = [note for part in (self.files, self.planned) for one in part for note in one.notes]
        return tuple(dict.fromkeys(said))

    @property
    def errors(self) -> tuple[TitanicBatchError, ...]:
        """Everything that went wrong."""
        of_files = tuple(file.error for file in self.files if file.error is not None)
        return (self.error, *of_files) if self.error is not None else of_files

    @property
    def exit_code(self) -> int:
        """The exit code of a run of this night alone."""
        return worst_exit_code(self.errors)


def run_job(
    job: Job,
    date: date,
    *,
    force: bool = False,
    dry_run: bool = False,
    ignore_guards: bool = False,
    overrides: Overrides | None = None,
    observer: Observer | None = None,
) -> NightOutcome:
    """Score one night of a job, unless it is published already, and record how it ended.

    Args:
        job: From `read_job`.
        date: Whose input and output.
        force: Publish it anew, whatever is published; the manifest that is replaced is kept.
        dry_run: Say what would be done; the model is looked at, nothing is scored or written.
        ignore_guards: Let guards that fail only warn.
        overrides: The flags, which stand above the file.
        observer: Is told how far the run is.

    Returns:
        How it ended; what went wrong is in it, and is not raised.
    """
    stop_if_interrupted()
    night = plan_night(job, date)
    started_at = datetime.now(UTC)
    try:
        outcome = _run_night(
            job,
            night,
            force=force,
            dry_run=dry_run,
            ignore_guards=ignore_guards,
            overrides=overrides,
            observer=observer,
        )
    except InterruptedRunError as exc:
        if not dry_run:
            write_record(job, NightOutcome(night=night, status="failed"), started_at, exc)
        raise
    if dry_run:
        return outcome
    return replace(outcome, record_fault=write_record(job, outcome, started_at))


def _run_night(
    job: Job,
    night: Night,
    *,
    force: bool,
    dry_run: bool,
    ignore_guards: bool,
    overrides: Overrides | None,
    observer: Observer | None,
) -> NightOutcome:
    try:
        choice = choose_model(job, overrides)
        keywords = score_keywords(job, night, overrides=overrides)
        options = make_options(**keywords)
        missing = not_arrived(job, night)
        if missing is None:
            pairs = pair_files(night.input, night.output, options)
        else:
            pairs = [] if force else pairs_without_input(job, night)
        history = look_at_history(job, night, pairs, choice, options, force=force, dry_run=dry_run)
        settled = [history.settled[pair] for pair in pairs if pair in history.settled]
        if missing is not None and (not pairs or len(settled) < len(pairs)):
            if job.input.optional:
                return NightOutcome(night=night, status="absent")
            raise missing
        if len(settled) < len(pairs):
            require_pinned(choice)
        if dry_run:
            return _plan(night, pairs, options, history)
        if len(settled) == len(pairs):
            return _outcome(job, night, settled)
        return _score(
            job,
            night,
            choice,
            keywords | {"overwrite": options.overwrite or force},
            history,
            force=force,
            ignore_guards=ignore_guards,
            observer=observer,
        )
    except TitanicBatchError as exc:
        return NightOutcome(night=night, status="failed", error=exc)


def run_nights(
    job: Job,
    dates: Iterable[date],
    *,
    force: bool = False,
    dry_run: bool = False,
    ignore_guards: bool = False,
    overrides: Overrides | None = None,
    observer: Observer | None = None,
) -> Iterator[NightOutcome]:
    """Score several nights, one after the other; one that fails does not stop the others.

    Args:
        job: From `read_job`.
        dates: Which nights, in order.
        force: As for `run_job`; so are the others.
        dry_run: See there.
        ignore_guards: See there.
        overrides: See there.
        observer: See there.

    Raises:
        UsageError: if two nights have one output and different inputs.
    """
    published = 0
    for night in plan_nights(job, dates):
        try:
            outcome = run_job(
                job,
                night.day,
                force=force,
                dry_run=dry_run,
                ignore_guards=ignore_guards,
                overrides=overrides,
                observer=observer,
            )
        except InterruptedRunError as exc:
            raise InterruptedRunError(exc.signum, published=exc.published + published) from exc
        published += sum(file.manifest is not None and not file.skipped for file in outcome.files)
        yield outcome


def _plan(
    night: Night, pairs: Sequence[FilePair], options: ScoreOptions, history: History
) -> NightOutcome:
    from titanic_batch.scoring.model import open_chosen_model

    if any(pair not in history.settled for pair in pairs):
        open_chosen_model(options)
    planned = []
    for pair in pairs:
        settled = history.settled.get(pair)
        if settled is not None and settled.error is not None:
            raise settled.error
        planned.append(
            PlannedFile(
                input=pair.input,
                output=str(pair.output.data) if pair.output is not None else night.output,
                published=settled is not None,
                notes=settled.notes if settled is not None else (),
            )
        )
    return NightOutcome(night=night, status="planned", planned=tuple(planned))


def _score(
    job: Job,
    night: Night,
    choice: ModelChoice,
    keywords: dict[str, Any],
    history: History,
    *,
    force: bool,
    ignore_guards: bool,
    observer: Observer | None,
) -> NightOutcome:
    from titanic_batch.jobs.guards import NightGuard  # numpy comes with it

    _make_folders(night)
    back = find_last_night(job, night) if job.guards.need_last_night else LookBack()
    guard = NightGuard(
        job=job,
        choice=choice,
        night=night,
        back=back,
        lenient=ignore_guards,
        force=force,
        seen=history.seen,
    )
    files = score_files(
        night.input,
        night.output,
        observer=observer,
        guard=guard,
        settled=history.settled,
        **keywords,
    )
    return _outcome(job, night, files)


def _outcome(job: Job, night: Night, files: Sequence[FileOutcome]) -> NightOutcome:
    if night.into_folder:
        write_run_manifest(job, night, files)
    failed = any(file.error is not None for file in files)
    skipped = all(file.skipped for file in files)
    status: Status = "failed" if failed else "skipped" if skipped else "published"
    return NightOutcome(night=night, status=status, files=tuple(files))


def _make_folders(night: Night) -> None:
    for folder in night.folders:
        with os_errors(folder, "making the output's folder"):
            store_of(folder).make_folder(folder)
