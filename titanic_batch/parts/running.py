"""`parts run` and `parts commit`: carry out a plan, part by part, and publish it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from titanic_batch.errors import DataError, TitanicBatchError, UsageError
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.parts.commit import Commit, Whole, mode_of_files, publish
from titanic_batch.parts.folder import PartsFolder
from titanic_batch.parts.inputs import Part, Piece
from titanic_batch.parts.plan import PartsPlan, PlannedPart, read_plan
from titanic_batch.parts.planning import Reopened, reopened
from titanic_batch.parts.receipts import Receipt, read_rejects
from titanic_batch.parts.scoring import PartsScoring, of_part
from titanic_batch.printable import shell_quoted
from titanic_batch.publish.directory import published_in, refuse_foreign_folder
from titanic_batch.publish.manifest import FileInfo, Manifest, RowCounts, read_manifest
from titanic_batch.publish.ownership import describes
from titanic_batch.publish.paths import FOLDER_MANIFEST
from titanic_batch.scoring.finishing import open_finisher
from titanic_batch.scoring.refusing import refusal
from titanic_batch.scoring.reject_limit import reject_limit
from titanic_batch.sources.spans import changed
from titanic_batch.stores import entry_at, store_of


@dataclass(frozen=True, kw_only=True)
class PartOutcome:
    """A part that is finished.

    Attributes:
        index: Which one.
        name: Of its file.
        sha256: Of that file, in hex.
        bytes: Its size.
        first_row: Number of its first record in the whole input.
        rows: How many.
        was_there: Whether it was finished before.
    """

    index: int
    name: str
    sha256: str
    bytes: int
    first_row: int
    rows: RowCounts
    was_there: bool


def run_part(path: Path, index: int, *, workers: int | None = None) -> PartOutcome:
    """Score one part of a plan.

    Args:
        path: The plan.
        index: The part's position in it, from 0.
        workers: How many score.

    Raises:
        UsageError: if there is no such part.
        TitanicBatchError: what the part ends in; it names the part.
    """
    plan = read_plan(path)
    if not 0 <= index < len(plan.parts):
        last = len(plan.parts) - 1
        raise UsageError(
            f"there is no part {index}: the plan has parts 0 to {last}", where=str(path)
        )
    planned = plan.parts[index]
    try:
        with reopened(plan, path=planned.path, workers=workers) as run:
            if run.setting.name_of(index, planned.part) != planned.name:
                raise changed()
            published = _published_part(plan, planned)
            if published is not None:
                return _outcome_of(index, planned, published)
            run.folder.open()
            kept = run.folder.finished(planned.name)
            receipt = kept or _score(run, index, planned)
        _refuse_many(run, receipt)
    except TitanicBatchError as exc:
        raise of_part(index, exc) from exc
    totals = receipt.totals
    return PartOutcome(
        index=index,
        name=receipt.name,
        sha256=receipt.sha256,
        bytes=receipt.bytes,
        first_row=receipt.first_row,
        rows=RowCounts(read=totals.read, scored=totals.scored, rejected=totals.rejected),
        was_there=kept is not None,
    )


def _outcome_of(index: int, planned: PlannedPart, published: dict[str, Any]) -> PartOutcome:
    scored = published["rows"]
    return PartOutcome(
        index=index,
        name=planned.name,
        sha256=published["sha256"],
        bytes=published["bytes"],
        first_row=planned.first_row,
        rows=RowCounts(read=planned.rows, scored=scored, rejected=planned.rows - scored),
        was_there=True,
    )


def _published_part(plan: PartsPlan, planned: PlannedPart) -> dict[str, Any] | None:
    """Return what a manifest says of a part that the plan's commit has published already.

    A scheduler may run a part once more when it is late to hear that it is finished.
    """
    manifest = read_manifest(Path(plan.output) / FOLDER_MANIFEST)
    if manifest is None or not _is_of(plan, manifest):
        return None
    part = next(part for part in manifest.parts or () if part["name"] == planned.name)
    known = FileInfo(path="", format="", bytes=part["bytes"], sha256=part["sha256"])
    return part if describes(known, Path(plan.output) / planned.name) else None


def _is_of(plan: PartsPlan, manifest: Manifest) -> bool:
    """Return whether a manifest tells of what a plan publishes."""
    names = [part["name"] for part in manifest.parts or ()]
    same_input = manifest.input.sha256 == plan.input.sha256
    return same_input and names == [part.name for part in plan.parts]


def _score(run: Reopened, index: int, planned: PlannedPart) -> Receipt:
    scoring = PartsScoring(run.setting, run.folder, mode=mode_of_files(run.folder.output))
    try:
        with open_finisher(1) as finisher:
            for _ in scoring.run(run.engine, _items(run, planned.part), finisher, first=index):
                pass
        receipt = scoring.files[0].receipt
    finally:
        scoring.close()
    assert receipt is not None
    return receipt


def _items(run: Reopened, part: Part) -> Iterator[Piece | Part]:
    source = run.input.open(part.path)
    try:
        yield from run.input.read(part, source)
        source.release()
    except DataError as exc:
        exc.where = exc.where or part.path
        raise
    finally:
        source.close()
    yield part


def _refuse_many(run: Reopened, receipt: Receipt) -> None:
    """Say now what the commit would say of the whole; raises TooManyRejectsError."""
    totals, options = receipt.totals, run.setting.options
    if reject_limit(options.max_rejects).exceeded_by(totals.rejected, 0, finished=False):
        rejects = run.folder.rejects_path(receipt.name)
        raise refusal(
            totals,
            list(read_rejects(rejects)),
            options,
            path=run.input.path,
            hint="`titanic-batch parts commit` lists them all.",
        )


def commit_plan(path: Path) -> Manifest:
    """Publish the parts of a plan; where they are published already, return that manifest.

    Raises:
        OutputLockedError: if another commit is at work.
        DataError: if parts are missing or were edited, or too many rows are rejected.
        TitanicBatchError: where nothing is published for another reason.
    """
    plan = read_plan(path)
    output = Path(plan.output)
    folder = PartsFolder(output=output, fingerprint=plan.fingerprint)
    folder.check_parent()
    with store_of(output).lock(output):
        folder.recover()
        done = _published(plan)
        if done is not None:
            folder.drop()
            return done
        whole = _collect(plan, folder, path)
        refuse_foreign_folder(plan.output, overwrite=plan.overwrite)
        with reopened(plan) as run:
            setting = run.setting
            stop_if_interrupted()
            return publish(
                Commit(
                    folder=folder,
                    options=replace(setting.options, overwrite=plan.overwrite),
                    info=setting.info,
                    alignment=setting.plan.alignment,
                    schema=setting.description.schema,
                    input=_input_of(plan),
                    empty_lines=plan.input.empty_lines,
                    mode=mode_of_files(output),
                    started_at=datetime.fromisoformat(plan.made_at),
                    warnings=setting.warnings,
                    profile=setting.context.profile,
                ),
                whole,
            )


def _input_of(plan: PartsPlan) -> FileInfo:
    known = plan.input
    return FileInfo(path=known.path, format=known.format, bytes=known.bytes, sha256=known.sha256)


def _published(plan: PartsPlan) -> Manifest | None:
    """Return the manifest of the output where it is what the plan would publish."""
    manifest = read_manifest(Path(plan.output) / FOLDER_MANIFEST)
    if manifest is None or not _is_of(plan, manifest):
        return None
    return published_in(plan.output)


def _collect(plan: PartsPlan, folder: PartsFolder, path: Path) -> Whole:
    """Add up the receipts of all parts; raises DataError for those that are missing or edited."""
    whole = Whole()
    missing: list[int] = []
    edited: list[int] = []
    for index, planned in enumerate(plan.parts):
        stop_if_interrupted()
        receipt = folder.receipt_of(planned.name)
        if receipt is None or entry_at(folder.path / planned.name) is None:
            missing.append(index)
        elif receipt.totals.read != planned.rows or not folder.is_intact(receipt):
            edited.append(index)
        else:
            whole.add(receipt)
    if missing or edited:
        said = [_listed(missing, "missing"), _listed(edited, "edited since they were finished")]
        raise DataError(
            f"{len(missing) + len(edited):,} of {len(plan.parts):,} parts are not to be had; "
            + "; ".join(filter(None, said)),
            where=str(path),
            hint="Run each of them: `titanic-batch parts run "
            f"{shell_quoted(str(path))} --index {(missing + edited)[0]}`.",
        )
    return whole


def _listed(indices: list[int], what: str) -> str:
    return f"{what}: {', '.join(f'part {index}' for index in indices)}" if indices else ""
