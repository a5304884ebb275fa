"""Open one file of a run: its input, and what its output needs."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from titanic_batch.chunk.cell_types import typed_parser
from titanic_batch.chunk.profile import ProfilePlan, plan_profile
from titanic_batch.chunk.task import FileContext
from titanic_batch.errors import os_errors
from titanic_batch.predict.base import ModelDescription
from titanic_batch.predict.cache import PredictionCache
from titanic_batch.scoring.context import RunContext
from titanic_batch.scoring.guarding import Guard
from titanic_batch.scoring.inputs import FilePair
from titanic_batch.scoring.planning import FilePlan
from titanic_batch.scoring.reading import source_of
from titanic_batch.scoring.reject_limit import reject_limit
from titanic_batch.scoring.targets import Target, target_of
from titanic_batch.sources.base import Source
from titanic_batch.stores import store_of
from titanic_batch.stores.names import folder_of

#: A column of more categories is counted only for a guard: it would swell each manifest.
_MOST_BINS = 200


@dataclass(frozen=True, kw_only=True)
class OpenFile:
    """A file that is being scored.

    Attributes:
        pair: The input and its output.
        source: Reads the input.
        target: Takes the output.
        held: Closes both, and what is opened for them later.
    """

    pair: FilePair
    source: Source
    target: Target
    held: contextlib.ExitStack


def open_file(pair: FilePair, context: RunContext) -> OpenFile:
    """Open a file's input, check its header, and take its output's lock.

    Raises:
        DataError: if the header is wrong.
        InputMissingError: if there is no input, or nothing in it.
        FileAccessError, OutputLockedError, UsageError: if the output cannot be written.
    """
    with contextlib.ExitStack() as held:
        source = source_of(pair.file, context.options)
        held.callback(source.close)
        if pair.makes_folder and pair.output is not None:
            folder = folder_of(pair.output.data)
            with os_errors(folder, "making the output's folder"):
                store_of(folder).make_folder(folder)
        target = target_of(pair, context.options, context.stale_files)
        held.callback(target.close)
        target.open()
        return OpenFile(pair=pair, source=source, target=target, held=held.pop_all())
    raise AssertionError("an exit stack lets nothing pass")


def file_context(file: OpenFile, plan: FilePlan, context: RunContext) -> FileContext:
    """Return what is the same for every chunk of a file."""
    limit = reject_limit(context.options.max_rejects)
    work = file.target.open_work(_fingerprint(file, context))
    return FileContext(
        input=file.pair.input,
        parser=typed_parser(file.source.parser, plan.alignment, plan.output),
        alignment=plan.alignment,
        output=plan.output,
        encoder=plan.format.rows,
        file_encoder=plan.file_encoder,
        threshold=context.options.threshold,
        cache=PredictionCache(Path(work)) if work is not None else None,
        profile=_profile_plan(plan, context),
        whole=context.may_depend,
        max_rejects=limit.count or 0,
        max_reject_share=limit.share or 0.0,
    )


def _fingerprint(file: OpenFile, context: RunContext) -> str:
    """Return what stands for all that a file's predictions depend on but its rows."""
    partition = file.pair.file.partition
    if not partition:
        return context.fingerprint
    document = json.dumps([context.fingerprint, partition])
    return hashlib.sha256(document.encode()).hexdigest()[: len(context.fingerprint)]


def _profile_plan(plan: FilePlan, context: RunContext) -> ProfilePlan | None:
    if not context.profiles:
        return None
    return profile_plan(plan, context.planner.description, context.guard)


def profile_plan(plan: FilePlan, description: ModelDescription, guard: Guard | None) -> ProfilePlan:
    """Return what is counted of a file's rows: columns of many values only where a guard asks."""
    profile = plan_profile(plan.alignment, description.schema, description.info)
    if guard is not None and guard.profiles:
        return profile
    small = tuple(column for column in profile.columns if column[2].count <= _MOST_BINS)
    return replace(profile, columns=small)
