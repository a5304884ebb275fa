"""Publish the parts that are finished: all of them at once, or none."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.chunk.profile import ProfilePlan
from titanic_batch.errors import DataError, InputMissingError, TitanicBatchError, os_errors
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.parts.folder import PartsFolder
from titanic_batch.parts.receipts import Receipt, add_totals, read_rejects
from titanic_batch.publish.directory import listing_sha256, put_folder_in_place
from titanic_batch.publish.manifest import FileInfo, Manifest, RowCounts
from titanic_batch.publish.paths import FOLDER_MANIFEST, FOLDER_REJECTS
from titanic_batch.publish.rejects import HEADER, Reject
from titanic_batch.publish.rejects import MODE as REJECTS_MODE
from titanic_batch.schema import TrainingSchema
from titanic_batch.scoring.guarding import Guard, GuardDecision, PublishRequest
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.profiles import profile_document
from titanic_batch.scoring.refusing import (
    SHOWN_REJECTS,
    is_refused,
    refusal,
    refuse_two_spellings,
)
from titanic_batch.scoring.report import RunInfo, RunTotals, build_manifest
from titanic_batch.stores import store_of
from titanic_batch.stores.base import Staged

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Commit:
    """What is committed, but for the parts.

    Attributes:
        folder: Where they lie.
        options: What the run was told.
        info: What the manifest has in common with others of its kind.
        alignment: How the model was fed.
        schema: What it expects.
        input: What was read.
        empty_lines: Empty lines at its end.
        mode: The permission bits of the files.
        started_at: When the run began.
        warnings: What the manifest warns of besides.
        guard: Is asked before anything is published.
        profile: What was counted.
    """

    folder: PartsFolder
    options: ScoreOptions
    info: RunInfo
    alignment: AlignmentPlan
    schema: TrainingSchema
    input: FileInfo
    empty_lines: int
    mode: int
    started_at: datetime
    warnings: tuple[str, ...] = ()
    guard: Guard | None = None
    profile: ProfilePlan | None = None


@dataclass(frozen=True, kw_only=True)
class FinishedPart:
    """What is known of a finished part once its counts have been added up."""

    name: str
    sha256: str
    bytes: int
    rows: int
    first_row: int
    rejected: int


@dataclass(kw_only=True)
class Whole:
    """The finished parts, in order, and what they add up to."""

    parts: list[FinishedPart] = field(default_factory=list)
    totals: RunTotals = field(default_factory=RunTotals)
    said: list[tuple[int, str]] = field(default_factory=list)

    def add(self, receipt: Receipt) -> None:
        """Add the next part."""
        self.parts.append(
            FinishedPart(
                name=receipt.name,
                sha256=receipt.sha256,
                bytes=receipt.bytes,
                rows=receipt.totals.scored,
                first_row=receipt.first_row,
                rejected=receipt.totals.rejected,
            )
        )
        add_totals(self.totals, receipt.totals)
        self.said += receipt.said[: SHOWN_REJECTS - len(self.said)]


def publish(commit: Commit, whole: Whole) -> Manifest:
    """Publish finished parts, which must be intact; the output's lock must be held.

    Raises:
        TitanicBatchError: where nothing is published: rows that do not add up, none at all, too
            many rejects, a guard, or what the system refuses.
    """
    totals, path = whole.totals, commit.input.path
    if totals.read != totals.scored + totals.rejected:
        raise TitanicBatchError(
            f"rows do not add up: {totals.read} read, {totals.scored} scored, "
            f"{totals.rejected} rejected",
            where=path,
            hint="Please report it; nothing was published.",
        )
    if totals.read == 0 and not commit.options.allow_empty:
        raise InputMissingError(
            "the input has a header and no data rows",
            where=path,
            hint="If that is right, publish an empty output with --allow-empty.",
        )
    rejects = [commit.folder.rejects_path(part.name) for part in whole.parts if part.rejected]
    if is_refused(totals, commit.options):
        raise refused(commit.folder, commit.options, totals, rejects, path=path)
    refuse_two_spellings(commit.alignment, totals.counts, commit.options, path=path)
    decision = _ask_guard(commit, totals, rejects)
    manifest = _manifest(commit, whole, decision)
    _assemble(commit, manifest, rejects)
    put_folder_in_place(str(commit.folder.new), str(commit.folder.output))
    with contextlib.suppress(OSError):
        store_of(commit.folder.output).remove(failed_rejects(commit.folder.output))
    commit.folder.drop()
    return manifest


def refused(
    folder: PartsFolder,
    options: ScoreOptions,
    totals: RunTotals,
    rejects: Sequence[Path],
    *,
    path: str,
    first: Sequence[Reject] = (),
) -> DataError:
    """Return the error of an input that is refused for its rejects, which stay to be looked at.

    Args:
        folder: Where the parts lie.
        options: What the run was told.
        totals: What was met.
        rejects: The parts' rejects files, in order.
        path: The input.
        first: The first rejects, if they are at hand.
    """
    kept = keep_failed_rejects(folder.output, rejects)
    shown = list(first)
    if len(shown) < min(SHOWN_REJECTS, totals.rejected) and kept is not None:
        shown = list(read_rejects(kept))
    return refusal(totals, shown, options, path=path, hint=f"See {kept}." if kept else "")


def failed_rejects(output: Path) -> Path:
    """Return where the rejects of a run that did not publish go: beside the output."""
    return output.with_name(f"{output.name}.failed.rejects.csv")


def keep_failed_rejects(output: Path, rejects: Sequence[Path]) -> Path | None:
    """Leave all rejects beside the output; None where there are none."""
    if not rejects:
        return None
    target = failed_rejects(output)
    staged = store_of(target).stage(target, uuid.uuid4().hex)
    try:
        _merge(staged, rejects)
        staged.sync()
        with os_errors(target, "writing the rejects"):
            staged.commit()
    finally:
        staged.discard()
    return target


def _merge(staged: Staged, rejects: Iterable[Path]) -> None:
    """Write one rejects file of several, and seal it."""
    staged.write(HEADER)
    for path in rejects:
        with (
            os_errors(path, "reading the rejects of a part"),
            store_of(path).open(path).file as one,
        ):
            one.seek(len(HEADER))
            while block := one.read(_BLOCK_BYTES):
                staged.write(block)
    staged.seal(REJECTS_MODE)


def _ask_guard(commit: Commit, totals: RunTotals, rejects: Sequence[Path]) -> GuardDecision | None:
    if commit.guard is None:
        return None
    request = PublishRequest(
        input=commit.input.path,
        output=str(commit.folder.output),
        name=commit.folder.output.name,
        rows=RowCounts(read=totals.read, scored=totals.scored, rejected=totals.rejected),
        nulls=totals.counts.nulls,
        schema=commit.schema,
        plan=commit.profile,
        profile=totals.profile,
    )
    try:
        return commit.guard(request)
    except DataError as exc:
        if kept := keep_failed_rejects(commit.folder.output, rejects):
            exc.hint = f"What was rejected is in {kept}. {exc.hint}"
        raise


def _manifest(commit: Commit, whole: Whole, decision: GuardDecision | None) -> Manifest:
    parts = whole.parts
    kinds = sorted({text.partition(":")[0] for _, text in whole.said})
    said = [f"the model fails on rows that were rejected: {', '.join(kinds)}"] if kinds else []
    return build_manifest(
        run_id=uuid.uuid4().hex,
        started_at=commit.started_at,
        info=commit.info,
        alignment=commit.alignment,
        totals=whole.totals,
        input=commit.input,
        output=FileInfo(
            path=str(commit.folder.output),
            format=commit.options.output_format,
            bytes=sum(part.bytes for part in parts),
            sha256=listing_sha256((part.sha256, part.name) for part in parts),
        ),
        rejects_path=FOLDER_REJECTS if whole.totals.rejected else None,
        partition=(),
        added=(),
        empty_lines=commit.empty_lines,
        decision=decision,
        profile=profile_document(commit.profile, whole.totals.profile, commit.schema),
        warnings=(*commit.warnings, *said),
        parts=tuple(
            {
                "name": part.name,
                "sha256": part.sha256,
                "bytes": part.bytes,
                "rows": part.rows,
                "first_row": part.first_row,
            }
            for part in parts
        ),
    )


def _assemble(commit: Commit, manifest: Manifest, rejects: Sequence[Path]) -> None:
    """Put the new folder together, synced to the disk, beside what stands in its place."""
    folder = commit.folder
    with os_errors(folder.output, "publishing"):
        folder.make_new()
        for part in manifest.parts or ():
            stop_if_interrupted()
            (folder.path / part["name"]).rename(folder.new / part["name"])
            (folder.new / part["name"]).chmod(commit.mode)
        with _written(folder.new / FOLDER_REJECTS) as staged:
            if rejects:
                _merge(staged, rejects)
        with _written(folder.new / FOLDER_MANIFEST) as staged:
            staged.write(manifest.to_bytes())
            staged.seal(commit.mode)
        folder.new.chmod(_folder_mode(folder.output, commit.mode))
        for unsynced in store_of(folder.new).unsynced([folder.new / FOLDER_MANIFEST, folder.new]):
            unsynced.sync()


@contextlib.contextmanager
def _written(path: Path) -> Iterator[Staged]:
    """Give a file to write and seal, and put it in its place; none is made of nothing."""
    staged = store_of(path).stage(path, uuid.uuid4().hex)
    try:
        yield staged
        if staged.is_created:
            staged.sync()
            staged.commit()
    finally:
        staged.discard()


def _folder_mode(output: Path, file_mode: int) -> int:
    """Return the mode of the folder that is replaced, else who may read its files may enter it."""
    found = store_of(output).stat(output)
    if found is not None:
        return found.mode
    return file_mode | 0o100 | (file_mode & 0o444) >> 2


def mode_of_files(output: Path) -> int:
    """Return the mode of the manifest that is replaced, else what the umask leaves of 0666.

    Ask in the main thread.
    """
    return store_of(output).mode_for(os.fspath(output / FOLDER_MANIFEST))
