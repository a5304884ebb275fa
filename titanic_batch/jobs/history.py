"""Find what of a night is published already: it stays, whatever the job says by now.

A file counts as published when its manifest names this job and date; an older manifest names none,
and the path holds the date. Of a job without a date in its output's path, it is the same input that
counts. Only `--force` publishes it anew, and the manifest that it replaces is kept.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from titanic_batch.errors import OutputLockedError, UsageError, os_errors
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.jobs.dates import distinguishes_days, has_date
from titanic_batch.jobs.differing import ModelNow, differences
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.night import Night, manifests_of
from titanic_batch.jobs.run_manifest import says_published
from titanic_batch.jobs.settings import ModelChoice
from titanic_batch.printable import shell_quoted
from titanic_batch.publish.manifest import (
    Manifest,
    UnreadableManifest,
    find_manifest,
    read_manifest,
)
from titanic_batch.publish.ownership import describes, refuse_foreign, refuse_foreign_rejects
from titanic_batch.publish.paths import MANIFEST_SUFFIX, OutputPaths, output_paths
from titanic_batch.publish.placing import recover
from titanic_batch.publish.stale_files import StaleFiles
from titanic_batch.scoring.finding import InputFile
from titanic_batch.scoring.inputs import FilePair, pair_of_file
from titanic_batch.scoring.outcome import FileOutcome
from titanic_batch.scoring.skipping import already_published, is_input_of
from titanic_batch.sinks.names import output_format
from titanic_batch.stores import store_of

if TYPE_CHECKING:
    from titanic_batch.scoring.options import ScoreOptions


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The file that stood at an output that is to be published.

    Attributes:
        run_id: Of the run that its manifest names; None where there is no manifest.
        removed: Whether the output of that manifest is gone.
    """

    run_id: str | None
    removed: bool


@dataclass(frozen=True, kw_only=True)
class History:
    """The files that a night finds published.

    Attributes:
        settled: The files that nothing is to be done for: published before, or refused.
        seen: What stood at each of the other outputs.
    """

    settled: dict[FilePair, FileOutcome] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)


def look_at_history(
    job: Job,
    night: Night,
    pairs: Sequence[FilePair],
    choice: ModelChoice,
    options: ScoreOptions,
    *,
    force: bool = False,
    dry_run: bool = False,
) -> History:
    """Find the files of a night that are published already.

    Args:
        job: Whose night.
        night: Which one.
        pairs: Its files, with an output each.
        choice: The model that would score them.
        options: The options that would.
        force: Whether they are published anew: then only what no run of ours wrote is refused.
        dry_run: Whether what a crashed run left is to stay as it is.

    Raises:
        FileAccessError: if the system refuses to read what is there.
    """
    history = History()
    stale_files = StaleFiles()
    look = _Look(
        job=job,
        night=night,
        model=ModelNow(choice, options),
        options=options,
        stale_files=stale_files,
    )
    for pair in pairs:
        stop_if_interrupted()
        if pair.output is None:
            history.settled[pair] = FileOutcome(pair=pair, manifest=None, error=pair.file.error)
            continue
        try:
            if force:
                _refuse_unknown(pair.output)
                continue
            if not dry_run:
                _complete_what_was_begun(pair.output, stale_files)
            settled = look.at(pair, history)
        except (UsageError, OutputLockedError) as exc:  # of this file, whatever its neighbours
            settled = FileOutcome(pair=pair, manifest=None, error=exc)
        if settled is not None:
            history.settled[pair] = settled
    return history


def pairs_without_input(job: Job, night: Night) -> list[FilePair]:
    """Return the files of a night that may be published already, going by its output alone.

    Its input is not there any more, or not whole. A path that says which night it is will do; of a
    folder, the run manifest says whether all of it was published.
    """
    if not night.into_folder:
        kept = distinguishes_days(job.output.path)
        return [pair_of_file(night.input, night.output, night.rejects)] if kept else []
    if not has_date(job.output.path) or not says_published(job, night):
        return []
    return [
        FilePair(
            file=InputFile(path=manifest.input.path, partition=tuple(manifest.partition.items())),
            output=output_paths(output),
            output_format=output_format(output) or "parquet",
        )
        for path in manifests_of(night.output)
        for output in [path.removesuffix(MANIFEST_SUFFIX)]
        if (manifest := read_manifest(path)) is not None
    ]


def force_command(job: Job, day: date) -> str:
    """Return the command that publishes a night anew."""
    return f"titanic-batch run {shell_quoted(str(job.path))} --date {day} --force"


def _refuse_unknown(paths: OutputPaths) -> None:
    """Refuse to force a file into the place of one that has no manifest at all."""
    if find_manifest(paths.manifest) is None:
        refuse_foreign(paths, overwrite=False)
    else:
        refuse_foreign_rejects(paths.rejects)


def _complete_what_was_begun(paths: OutputPaths, stale_files: StaleFiles) -> None:
    """Bring what a killed run left to rest, as the next run does: half of it is no history."""
    with os_errors(paths.data, "looking at the output's folder"):
        private = (paths.manifest, paths.data, paths.rejects, paths.failed_rejects)
        if not any(stale_files.of(path) for path in private):
            return
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(store_of(paths.data).lock(paths.data))
        except OutputLockedError:
            if stale_files.of(paths.manifest):  # it may be between two renames
                raise
            return  # it is at work: what stands there is still what was published
        recover(paths, stale_files)


@dataclass(frozen=True, kw_only=True)
class _Look:
    """Looks at the outputs of a night."""

    job: Job
    night: Night
    model: ModelNow
    options: ScoreOptions
    stale_files: StaleFiles

    def at(self, pair: FilePair, history: History) -> FileOutcome | None:
        """Return how a file that is published ended; None where it is to be scored.

        Raises:
            UsageError: if it can't be known, or another job has published it.
        """
        paths = pair.output
        assert paths is not None
        manifest = find_manifest(paths.manifest)
        if isinstance(manifest, UnreadableManifest):
            raise UsageError(
                f"the manifest of this date cannot be used: {manifest.reason}",
                where=manifest.path,
                hint=f"{manifest.hint} Restore it; or publish anew, and keep it beside the new "
                f"one: `{self._force}`.".lstrip(),
            )
        there = manifest is not None and store_of(paths.data).stat(paths.data) is not None
        if manifest is None or not there:
            run_id = manifest.run_id if manifest is not None else None
            removed = manifest is not None and distinguishes_days(self.job.output.path)
            history.seen[paths.data] = Seen(run_id=run_id, removed=removed)
            return None
        if not describes(manifest.output, paths.data):
            if self.stale_files.of(paths.manifest):  # of a dry run: a run would complete it first
                return None
            raise UsageError(
                "this file is not what its manifest says: it was changed since it was published",
                where=paths.data,
                hint=f"Put it back, or publish it anew: `{self._force}`.",
            )
        if not self._counts(manifest, pair):
            history.seen[paths.data] = Seen(run_id=manifest.run_id, removed=False)
            return None
        found = differences(manifest, pair.input, self.options, self.model)
        notes = (
            (f"{'; '.join(found)}. It stays as it is; `{self._force}` publishes it anew",)
            if found
            else ()
        )
        return FileOutcome(pair=pair, manifest=manifest, error=None, skipped=True, notes=notes)

    @property
    def _force(self) -> str:
        return force_command(self.job, self.night.day)

    def _counts(self, manifest: Manifest, pair: FilePair) -> bool:
        """Return whether a manifest says that this night is published."""
        told, template = manifest.job, self.job.output.path
        if told is not None and told.name != self.job.name:
            return self._repeats(
                manifest, pair, f"the job {told.name} published this output, for {told.date}"
            )
        is_this_day = told is not None and told.date == str(self.night.day)
        if distinguishes_days(template):
            if told is None or is_this_day:
                return True
            return self._repeats(manifest, pair, f"this output was published for {told.date}")
        if (has_date(template) and is_this_day) or is_input_of(manifest, pair.file):
            return True
        if told is not None and told.date > str(self.night.day):
            raise UsageError(
                f"a later date is published here already, {told.date}",
                where=manifest.output.path,
                hint=f"Put this date in its place with `{self._force}`.",
            )
        return False

    def _repeats(self, manifest: Manifest, pair: FilePair, what: str) -> bool:
        """Return True if scoring would only repeat what is there; else raise UsageError."""
        if already_published(pair, self.model.open(), self.options) is not None:
            return True
        name = manifest.job.name if manifest.job is not None else None
        raise UsageError(
            what,
            where=manifest.output.path,
            hint=f"Correct output.path, or job.name if it was {name!r} before; or publish "
            f"it anew: `{self._force}`.",
        )
