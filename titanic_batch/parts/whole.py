"""`score --parts`: cut one input into parts, score them here, and publish them at once."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from titanic_batch.errors import DataError, TooManyRejectsError, memory_errors
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.parts.commit import Commit, Whole, mode_of_files, publish, refused
from titanic_batch.parts.folder import PartsFolder
from titanic_batch.parts.inputs import Part, WholeInput
from titanic_batch.parts.output import already_published, check_output, output_folder, spare_model
from titanic_batch.parts.receipts import Receipt, add_totals
from titanic_batch.parts.scoring import PartsScoring
from titanic_batch.parts.setting import Setting, open_setting
from titanic_batch.publish.directory import refuse_foreign_folder
from titanic_batch.publish.rejects import MODE as REJECTS_MODE
from titanic_batch.scoring.finding import InputFile
from titanic_batch.scoring.finishing import open_finisher
from titanic_batch.scoring.inputs import FilePair
from titanic_batch.scoring.model import open_chosen_model
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.outcome import FileOutcome
from titanic_batch.scoring.progress import NullObserver, Observer, Progress
from titanic_batch.scoring.reading import check_reading
from titanic_batch.scoring.reject_limit import reject_limit
from titanic_batch.scoring.rejected_rows import RejectedRows
from titanic_batch.scoring.report import RunTotals
from titanic_batch.scoring.sizes import input_bytes
from titanic_batch.stores import store_of

if TYPE_CHECKING:
    from titanic_batch.engine.base import Engine
    from titanic_batch.models import VerifiedModel
    from titanic_batch.publish.manifest import Manifest
    from titanic_batch.scoring.guarding import Guard

#: An input that fails for its rejects lists at most so many of them.
_MOST_FAILED_REJECTS = 100_000


def score_whole(
    input: str,
    output: str,
    options: ScoreOptions,
    part_bytes: int,
    *,
    observer: Observer | None = None,
    guard: Guard | None = None,
) -> FileOutcome:
    """Score an input into a folder of parts.

    Raises:
        TitanicBatchError: where nothing is published. Parts that are finished stay beside the
            output, and the next run of the same keeps them.
    """
    stop_if_interrupted()
    reject_limit(options.max_rejects)
    check_reading(options)
    folder = output_folder(output)
    whole = WholeInput(input, options, part_bytes)
    check_output(folder, whole, options)
    model = open_chosen_model(options)
    spare_model(folder, model)
    pair = FilePair(file=InputFile(path=input), output=None, output_format=options.output_format)
    if options.skip_published:
        manifest = already_published(folder, whole, model, options, part_bytes)
        if manifest is not None:
            return FileOutcome(pair=pair, manifest=manifest, error=None, skipped=True)
    with memory_errors(), store_of(folder).lock(folder):
        run = _WholeRun(whole, folder, observer or NullObserver(), guard)
        manifest = run.score(model, options, part_bytes)
    return FileOutcome(pair=pair, manifest=manifest, error=None, model_errors=run.model_errors)


@dataclass
class _WholeRun:
    """A run over all parts of an input."""

    input: WholeInput
    output: Path
    observer: Observer
    guard: Guard | None
    rejected: RejectedRows = field(default_factory=RejectedRows)
    totals: RunTotals = field(default_factory=RunTotals)
    kept: dict[int, Receipt] = field(default_factory=dict)
    model_errors: tuple[str, ...] = ()
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def score(self, model: VerifiedModel, options: ScoreOptions, part_bytes: int) -> Manifest:
        """Score and publish; the output's lock must be held."""
        opened = open_setting(self.input, model, options, part_bytes, guard=self.guard)
        with opened as (engine, setting):
            self.started_at = datetime.now(UTC)  # loading the model is no part of its time
            folder = PartsFolder(output=self.output, fingerprint=setting.fingerprint)
            folder.open()
            try:
                folder.recover()
                refuse_foreign_folder(str(self.output), overwrite=options.overwrite)
                folder.drop_others()
                mode = mode_of_files(self.output)
                receipts = self._score_parts(engine, setting, folder, mode)
                return self._publish(setting, folder, receipts, mode)
            except TooManyRejectsError as exc:
                self._advise(exc, engine, setting)
                raise
            finally:
                folder.drop_if_empty()

    def _score_parts(
        self, engine: Engine, setting: Setting, folder: PartsFolder, mode: int
    ) -> list[Receipt]:
        """Score the parts that are not finished, and return the receipts of all."""
        limit = reject_limit(setting.options.max_rejects)
        began, total = time.monotonic(), input_bytes(self.input.pairs)

        def is_finished(index: int, part: Part) -> bool:
            receipt = folder.finished(setting.name_of(index, part))
            if receipt is None or (setting.profiles and not receipt.profiled):
                return False
            receipt.totals.cached = receipt.totals.scored  # an earlier run has predicted them
            self.kept[index] = receipt
            self.totals.read += receipt.totals.read
            self.totals.rejected += receipt.totals.rejected
            return True

        items = self.input.parts(setting.schema, is_finished if folder.has_any else None)
        scoring = PartsScoring(setting, folder, mode=mode)
        try:
            with open_finisher(2) as finisher:  # in a thread: what is scored waits for no disk
                for taken in scoring.run(engine, items, finisher, finished=self.kept):
                    self.rejected.add(taken.chunk, taken.result)
                    self.totals.read += taken.result.rows_read
                    self.totals.rejected += len(taken.result.rejects)
                    if limit.exceeded_by(self.totals.rejected, 0, finished=False):
                        scoring.validates_only = True
                        if self.totals.rejected > _MOST_FAILED_REJECTS:
                            break
                    self.observer.update(
                        Progress(
                            input=self.input.path,
                            rows=self.totals.read,
                            rejected=self.totals.rejected,
                            bytes_done=self.input.bytes_read,
                            bytes_total=total,
                            seconds=time.monotonic() - began,
                        )
                    )
            if scoring.validates_only:
                raise self._refused(setting, folder, scoring)
        finally:
            scoring.close()
        made = {file.index: file.receipt for file in scoring.files if file.receipt is not None}
        by_index = self.kept | made
        return [by_index[index] for index in sorted(by_index)]

    def _publish(
        self, setting: Setting, folder: PartsFolder, receipts: list[Receipt], mode: int
    ) -> Manifest:
        whole = Whole()
        for receipt in receipts:
            whole.add(receipt)
        self.totals = whole.totals
        self.model_errors = tuple(
            f"the model fails on row {row:,}: {said}" for row, said in whole.said
        )
        stop_if_interrupted()
        return publish(
            Commit(
                folder=folder,
                options=setting.options,
                info=setting.info,
                alignment=setting.plan.alignment,
                schema=setting.description.schema,
                input=self.input.info(),
                empty_lines=self.input.empty_lines,
                mode=mode,
                started_at=self.started_at,
                warnings=setting.warnings,
                guard=self.guard,
                profile=setting.context.profile,
            ),
            whole,
        )

    def _refused(self, setting: Setting, folder: PartsFolder, scoring: PartsScoring) -> DataError:
        """Return the error of an input with too many rejects, which are kept."""
        totals = RunTotals()
        rejects: dict[int, Path] = {}
        for index, receipt in self.kept.items():
            add_totals(totals, receipt.totals)
            if receipt.totals.rejected:
                rejects[index] = folder.rejects_path(receipt.name)
        for file in scoring.files:
            add_totals(totals, file.totals)
            staged = file.rejects.staged
            if file.receipt is not None and file.totals.rejected:
                rejects[file.index] = folder.rejects_path(file.receipt.name)
            elif staged is not None:
                staged.seal(REJECTS_MODE)
                rejects[file.index] = Path(staged.place)
        self.totals = totals
        return refused(
            folder,
            setting.options,
            totals,
            [rejects[index] for index in sorted(rejects)],
            path=self.input.path,
            first=() if self.kept else self.rejected.first,
        )

    def _advise(self, error: TooManyRejectsError, engine: Engine, setting: Setting) -> None:
        """Add to an error what would let the rows through, if anything would."""
        from titanic_batch.scoring.advice.giving import Adviser  # imports pandas

        source = self.input.open(self.input.paths[0])
        source.close()
        case = self.rejected.case_of(
            self.input.paths[0], source, self.totals, is_complete=not self.kept
        )
        Adviser(engine, setting.description, setting.options).hint(error, case)
