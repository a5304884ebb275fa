"""Run nights of a job, each published on its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from titanic_batch.errors import (
    InterruptedRunError,
    TitanicBatchError,
    os_errors,
    worst_exit_code,
)
from titanic_batch.interrupts import run_begins, run_is_over
from titanic_batch.jobs.arrival import not_arrived
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.last_night import find_last_night
from titanic_batch.jobs.night import Night, plan_night, plan_nights
from titanic_batch.jobs.pinning import require_hash, require_pinned
from titanic_batch.jobs.run_manifest import write_run_manifest
from titanic_batch.jobs.settings import ModelChoice, Overrides, choose_model, score_keywords
from titanic_batch.scoring.api import make_options, score_files
from titanic_batch.scoring.inputs import pair_files
from titanic_batch.scoring.progress import Observer

if TYPE_CHECKING:
    from titanic_batch.scoring.options import ScoreOptions
    from titanic_batch.scoring.outcome import FileOutcome

Status = Literal["published", "skipped", "absent", "failed", "planned"]


@dataclass(frozen=True, kw_only=True)
class PlannedFile:
    """What a dry run says of one file.

    Attributes:
        input: The file.
        output: Where its scores would go.
        published: Whether they are there already, so that nothing would be done.
    """

    input: str
    output: str
    published: bool


@dataclass(frozen=True, kw_only=True)
class NightOutcome:
    """How one night ended.

    Attributes:
        night: Its date and paths.
        status: `published`; `skipped`, as all of it was published before; `absent`, an optional
            input that has not arrived; `failed`; or, of a dry run, `planned`.
        files: How each file ended; nothing where the night failed before its first file.
        error: Why it failed before its first file.
        planned: What a dry run would do.
    """

    night: Night
    status: Status
    files: tuple[FileOutcome, ...] = ()
    error: TitanicBatchError | None = None
    planned: tuple[PlannedFile, ...] = ()

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
    """Score one night of a job, unless it is published already.

    Args:
        job: From `read_job`.
        date: Whose input and output.
        force: Score it again, whatever is published.
        dry_run: Say what would be done; the model is looked at, nothing is scored or written.
        ignore_guards: Let guards that fail only warn.
        overrides: The flags, which stand above the file.
        observer: Is told how far the run is.

    Returns:
        How it ended; what went wrong is in it, and is not raised.
    """
    run_begins()
    outcome = _run_night(
        job,
        plan_night(job, date),
        force=force,
        dry_run=dry_run,
        ignore_guards=ignore_guards,
        overrides=overrides,
        observer=observer,
    )
    run_is_over()
    return outcome


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
        missing = not_arrived(job, night)
        if missing is not None:
            if job.input_optional:
                return NightOutcome(night=night, status="absent")
            raise missing
        choice = choose_model(job, overrides)
        require_pinned(choice)
        if dry_run:
            return _plan(job, night, overrides, force=force)
        return _score(
            job,
            night,
            choice,
            overrides,
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


def _plan(job: Job, night: Night, overrides: Overrides | None, *, force: bool) -> NightOutcome:
    from titanic_batch.scoring.model import open_chosen_model
    from titanic_batch.scoring.skipping import already_published

    options = make_options(**score_keywords(job, night, overrides=overrides, force=force))
    model = open_chosen_model(options)
    planned = [
        PlannedFile(
            input=pair.input,
            output=str(pair.output.data) if pair.output is not None else night.output,
            published=not force and already_published(pair, model, options) is not None,
        )
        for pair in pair_files(night.input, night.output, options)
    ]
    return NightOutcome(night=night, status="planned", planned=tuple(planned))


def _score(
    job: Job,
    night: Night,
    choice: ModelChoice,
    overrides: Overrides | None,
    *,
    force: bool,
    ignore_guards: bool,
    observer: Observer | None,
) -> NightOutcome:
    keywords = score_keywords(job, night, overrides=overrides, force=force)
    if not force and (done := _all_published(night, make_options(**keywords))):
        return _outcome(job, night, done, choice)
    from titanic_batch.jobs.guards import NightGuard  # numpy comes with it

    _make_folders(night)
    last = find_last_night(job, night) if job.limits.need_last_night else None
    guard = NightGuard(job=job, choice=choice, night=night, last=last, lenient=ignore_guards)
    files = tuple(
        score_files(night.input, night.output, observer=observer, guard=guard, **keywords)
    )
    return _outcome(job, night, files, choice)


def _all_published(night: Night, options: ScoreOptions) -> tuple[FileOutcome, ...]:
    """Return the outcomes of a night that is published as a whole; nothing where it is not.

    `score_files` would find the same, once it has imported what scores: most of the time that a
    night takes of which nothing is left to do.
    """
    from titanic_batch.scoring.model import open_chosen_model
    from titanic_batch.scoring.outcome import FileOutcome
    from titanic_batch.scoring.skipping import already_published

    pairs = pair_files(night.input, night.output, options)
    if not all(pair.output is not None and pair.output.manifest.exists() for pair in pairs):
        return ()
    model = open_chosen_model(options)
    found = [(pair, already_published(pair, model, options)) for pair in pairs]
    if any(manifest is None for _, manifest in found):
        return ()
    return tuple(
        FileOutcome(pair=pair, manifest=manifest, error=None, skipped=True)
        for pair, manifest in found
    )


def _outcome(
    job: Job, night: Night, files: tuple[FileOutcome, ...], choice: ModelChoice
) -> NightOutcome:
    for file in files:
        # Skipped, as a model has published it that the reference means only since it was looked at.
        if file.skipped and file.manifest is not None:
            require_hash(choice, str(file.manifest.model["sha256"]))
    if night.into_folder:
        write_run_manifest(job, night, files)
    if any(file.error is not None for file in files):
        return NightOutcome(night=night, status="failed", files=files)
    skipped = all(file.skipped for file in files)
    return NightOutcome(night=night, status="skipped" if skipped else "published", files=files)


def _make_folders(night: Night) -> None:
    folders = {Path(night.output) if night.into_folder else Path(night.output).parent}
    if night.rejects is not None:
        folders.add(Path(night.rejects).parent)
    for folder in sorted(folders):
        with os_errors(folder, "making the output's folder"):
            folder.mkdir(parents=True, exist_ok=True)
