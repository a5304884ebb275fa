"""What all parts of a run share: model, predictor, options, alignment; and its fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from titanic_batch import __version__
from titanic_batch.alignment.plan import MissingColumnsError
from titanic_batch.chunk.task import FileContext
from titanic_batch.parts.inputs import Part, Piece, WholeInput, chunk_size
from titanic_batch.scoring.advice.case import Case
from titanic_batch.scoring.choosing import PredictorChoice, choose_predictor, kept_predictor
from titanic_batch.scoring.finding import InputFile
from titanic_batch.scoring.inputs import FilePair
from titanic_batch.scoring.opening import profile_plan
from titanic_batch.scoring.planning import FilePlan, Planner
from titanic_batch.scoring.reject_limit import reject_limit
from titanic_batch.scoring.report import RunInfo, output_metadata, run_info
from titanic_batch.scoring.run import open_engine
from titanic_batch.scoring.sizes import input_bytes
from titanic_batch.scoring.skipping import PART_BYTES
from titanic_batch.sources.csv_source import HeaderError

if TYPE_CHECKING:
    import pyarrow as pa

    from titanic_batch.engine.base import Engine
    from titanic_batch.models import VerifiedModel
    from titanic_batch.predict.base import ModelDescription
    from titanic_batch.scoring.advice.giving import Adviser
    from titanic_batch.scoring.guarding import Guard
    from titanic_batch.scoring.options import ScoreOptions

#: Options that change no byte of a part: what was made before they were changed is kept.
_OF_THE_WHOLE = ("model", "max_rejects", "rejects")
_DIGEST_DIGITS = 32


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all parts of a run share.

    Attributes:
        model: What scores.
        options: What the run was told.
        part_bytes: How much of the input a part holds.
        description: What is known of the model.
        choice: What predicts.
        info: What goes into the manifest of the whole.
        schema: The input's columns.
        plan: How they become the model's, and the output's.
        context: What each chunk is sent with, but for the file that it is of.
        profiles: Whether a guard asks for counts of all columns.
    """

    model: VerifiedModel
    options: ScoreOptions
    part_bytes: int
    description: ModelDescription
    choice: PredictorChoice
    info: RunInfo
    schema: pa.Schema
    plan: FilePlan
    context: FileContext
    profiles: bool

    @property
    def fingerprint(self) -> str:
        """Stands for all that the parts' bytes depend on but the input's records."""
        plan = self.choice.plan
        document = {
            "tool": __version__,
            "model": self.info.model.sha256,
            "schema": self.info.model.schema_sha256,
            "predictor": plan.sha256 if plan is not None else None,
            "libraries": self.info.libraries,
            "options": {k: v for k, v in self.info.options.items() if k not in _OF_THE_WHOLE},
            "format": self.options.output_format,
        }
        return _hash(document)

    def name_of(self, index: int, part: Part) -> str:
        """Return the name of a part's file."""
        columns = [[field.name, str(field.type)] for field in self.schema]
        place = [part.first_row, part.first_line, part.span.rows]
        digest = _hash([self.fingerprint, columns, place, part.span.sha256])
        return f"part-{index:05d}-{digest}.{self.options.output_format}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the manifest warns of besides."""
        if not self.context.whole:
            return ()
        size = chunk_size(self.options, self.part_bytes)
        return (
            "a row's score may depend on the rows of its chunk, of which each holds "
            f"{size:,} bytes of the input at most (--allow-batch-dependence)",
        )

    def context_of(self, piece: Piece) -> FileContext:
        """Return what a chunk is sent with."""
        return replace(self.context, input=piece.path, parser=piece.source.parser)


def _hash(document: object) -> str:
    text = json.dumps(document, sort_keys=True, default=list)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_DIGITS]


@contextmanager
def open_setting(
    whole: WholeInput,
    model: VerifiedModel,
    options: ScoreOptions,
    part_bytes: int,
    *,
    kept: PredictorChoice | None = None,
    guard: Guard | None = None,
) -> Iterator[tuple[Engine, Setting]]:
    """Open an engine for the input's parts, and find out what they share.

    Args:
        whole: The input.
        model: What scores it.
        options: What the run was told.
        part_bytes: How much of the input a part holds.
        kept: What predicts, whatever is kept of the model; None to choose.
        guard: Is shown the model, and says whether a profile is wanted.

    Raises:
        TitanicBatchError: if the model cannot be loaded, or the input's columns do not fit it.
    """
    choice = kept_predictor(model.sha256, model.schema) if kept is None else kept
    engine = open_engine(whole.pairs, model, options, choice)
    try:
        description = engine.describe()
        if guard is not None:
            guard.check(model, description.schema)
        size = (input_bytes(whole.pairs) or 0) if kept is None else 0
        choice = choose_predictor(engine, model, choice, size)
        info = run_info(options, model, description, choice)
        info = replace(info, options={**info.options, PART_BYTES: part_bytes})
        try:
            setting = _setting(
                whole,
                model=model,
                options=options,
                part_bytes=part_bytes,
                description=description,
                choice=choice,
                info=info,
                guard=guard,
            )
        except (HeaderError, MissingColumnsError) as exc:
            from titanic_batch.scoring.advice.giving import Adviser  # imports pandas

            _advise(exc, whole, Adviser(engine, description, options))
            raise
        yield engine, setting
    finally:
        engine.close()


def _advise(error: HeaderError | MissingColumnsError, whole: WholeInput, adviser: Adviser) -> None:
    """Add to an error what would let the input's columns through, if anything would."""
    path = whole.paths[0]
    if isinstance(error, HeaderError):
        adviser.hint(error, Case(path=path, sample=error.head))
        return
    source = whole.open(path)
    try:
        adviser.hint(error, Case(path=path, sample=source.head()))
    finally:
        source.close()


def _setting(
    whole: WholeInput,
    *,
    model: VerifiedModel,
    options: ScoreOptions,
    part_bytes: int,
    description: ModelDescription,
    choice: PredictorChoice,
    info: RunInfo,
    guard: Guard | None,
) -> Setting:
    path = whole.paths[0]
    first = whole.open(path)
    try:
        planner = Planner(description=description, options=options, metadata=output_metadata(model))
        pair = FilePair(file=InputFile(path=path), output=None, output_format=options.output_format)
        plan = planner.plan(pair, first)
    finally:
        first.close()
    limit = reject_limit(options.max_rejects)
    return Setting(
        model=model,
        options=options,
        part_bytes=part_bytes,
        description=description,
        choice=choice,
        info=info,
        schema=first.schema,
        plan=plan,
        profiles=guard is not None and guard.profiles,
        context=FileContext(
            input=whole.path,
            parser=first.parser,
            alignment=plan.alignment,
            output=plan.output,
            encoder=plan.format.rows,
            threshold=options.threshold,
            profile=profile_plan(plan, description, guard),
            whole=options.allow_batch_dependence and not description.info.known_by_row,
            max_rejects=limit.count or 0,
            max_reject_share=limit.share or 0.0,
        ),
    )
