"""Publish a file whose every chunk was collected."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime

from titanic_batch.chunk.task import FileContext
from titanic_batch.errors import DataError, InputMissingError, TitanicBatchError
from titanic_batch.publish.manifest import FileInfo, Manifest, RowCounts
from titanic_batch.scoring.collecting import Collector
from titanic_batch.scoring.context import RunContext
from titanic_batch.scoring.guarding import GuardDecision, PublishRequest
from titanic_batch.scoring.opening import OpenFile
from titanic_batch.scoring.profiles import profile_document
from titanic_batch.scoring.refusing import refuse_two_spellings
from titanic_batch.scoring.report import RunTotals, build_manifest
from titanic_batch.scoring.sizes import chunk_bytes
from titanic_batch.stores.base import Unsynced
from titanic_batch.stores.names import join, last_part


def publish_file(
    file: OpenFile,
    file_context: FileContext,
    collected: Collector,
    context: RunContext,
    started_at: datetime,
) -> Generator[Sequence[Unsynced], None, Manifest]:
    """Publish a file, step by step, and return its manifest.

    Raises:
        TitanicBatchError: where nothing is published: rows that do not add up, none at all, too
            many rejects, an input that changed, a guard, or what the system refuses.
    """
    totals = collected.totals
    _check_totals(file, totals)
    info = file.source.info()
    if totals.read == 0 and not context.options.allow_empty:
        raise InputMissingError(
            "the input has a header and no data rows",
            where=file.pair.input,
            hint="If that is right, publish an empty output with --allow-empty.",
        )
    if collected.is_refused:
        raise collected.too_many_rejects()
    refuse_two_spellings(
        file_context.alignment, totals.counts, context.options, path=file.pair.input
    )
    decision = _ask_guard(file, file_context, totals, context)
    collected.finish()
    output = yield from file.target.seal()
    manifest = build_manifest(
        run_id=file.target.run_id,
        started_at=started_at,
        info=context.info,
        alignment=file_context.alignment,
        totals=totals,
        input=FileInfo(path=info.path, format=info.format, bytes=info.bytes, sha256=info.sha256),
        partition=file.pair.file.partition,
        added=file.source.partition,
        output=output,
        rejects_path=file.target.rejects_path,
        decision=decision,
        profile=profile_document(
            file_context.profile, totals.profile, context.planner.description.schema
        ),
        warnings=tuple(_warnings(file, collected, context)),
        empty_lines=info.empty_lines,
    )
    keeps_replaced = decision is not None and decision.keeps_replaced
    yield from file.target.commit(manifest, keeps_replaced=keeps_replaced)
    return manifest


def _check_totals(file: OpenFile, totals: RunTotals) -> None:
    if totals.read != totals.scored + totals.rejected:
        raise TitanicBatchError(
            f"rows do not add up: {totals.read} read, {totals.scored} scored, "
            f"{totals.rejected} rejected",
            where=file.pair.input,
            hint="Please report it; nothing was published.",
        )


def _ask_guard(
    file: OpenFile, file_context: FileContext, totals: RunTotals, context: RunContext
) -> GuardDecision | None:
    """Ask the guard, where there is one; it raises where nothing is to be published."""
    if context.guard is None:
        return None
    output = file.pair.output
    request = PublishRequest(
        input=file.pair.input,
        name=join(file.pair.file.folder, last_part(output.data)) if output is not None else "",
        output=output.data if output is not None else None,
        rows=RowCounts(read=totals.read, scored=totals.scored, rejected=totals.rejected),
        nulls=totals.counts.nulls,
        schema=context.planner.description.schema,
        plan=file_context.profile,
        profile=totals.profile,
    )
    try:
        return context.guard(request)
    except DataError as exc:
        if kept := file.target.keep_failed_rejects():
            exc.hint = f"What was rejected is in {kept}. {exc.hint}"
        raise


def _warnings(file: OpenFile, collected: Collector, context: RunContext) -> list[str]:
    """Return what the manifest warns of besides; it quotes no cell."""
    warnings = []
    if context.may_depend:
        size = chunk_bytes(file.pair.input, context.options)
        warnings.append(
            "a row's score may depend on the rows of its chunk, of which each holds "
            f"{size:,} bytes of the input at most (--allow-batch-dependence)"
        )
    if kinds := collected.rejected.model_error_kinds:
        warnings.append(f"the model fails on rows that were rejected: {', '.join(kinds)}")
    return warnings
