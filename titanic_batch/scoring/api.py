"""The library's front door: `titanic_batch.score`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from titanic_batch.engine.forkserver import start_forkserver
from titanic_batch.errors import UsageError
from titanic_batch.interrupts import interruptible
from titanic_batch.publish.manifest import Manifest
from titanic_batch.scoring.finding import is_several
from titanic_batch.scoring.inputs import pair_files
from titanic_batch.scoring.option_fields import read_keywords, with_keywords
from titanic_batch.scoring.options import OPTIONS, ScoreKeywords, ScoreOptions
from titanic_batch.scoring.progress import Observer
from titanic_batch.scoring.sizes import needs_workers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from titanic_batch.scoring.guarding import Guard
    from titanic_batch.scoring.inputs import FilePair
    from titanic_batch.scoring.outcome import FileOutcome


@with_keywords(OPTIONS, ScoreKeywords)
def score(
    input: str | Path,
    output: str | Path,
    *,
    observer: Observer | None = None,
    **options: Unpack[ScoreKeywords],
) -> Manifest:
    """Score one file and publish the output.

    Keywords are named as the command's flags.

    Args:
        input: CSV or Parquet; `-` for CSV on standard input.
        output: CSV or Parquet; `-` for CSV on standard output; or a folder.
        observer: Is told how far the run is.
        **options: Everything else; see `ScoreOptions`.

    Returns:
        The manifest of what was published.

    Raises:
        TitanicBatchError: with `exit_code`, what, where and hint; nothing was published.
    """
    if is_several(os.fspath(input)):
        raise UsageError(f"{input} is several files", hint="Use titanic_batch.score_files.")
    outcome = score_files(input, output, observer=observer, **options)[0]
    if outcome.error is not None:
        raise outcome.error
    assert outcome.manifest is not None
    return outcome.manifest


@with_keywords(OPTIONS, ScoreKeywords)
def score_files(
    input: str | Path,
    output: str | Path,
    *,
    observer: Observer | None = None,
    guard: Guard | None = None,
    settled: Mapping[FilePair, FileOutcome] | None = None,
    **options: Unpack[ScoreKeywords],
) -> list[FileOutcome]:
    """Score the files of a folder or glob into a folder, each published on its own.

    Args:
        input: A folder, a glob, or one file.
        output: A folder, or where `input` is one file, a file.
        observer: Is told how far the run is.
        guard: Is asked before each file is published.
        settled: Files that are left alone, and how they ended.
        **options: See `ScoreOptions`.

    Returns:
        How each file ended: its manifest, or its error.

    Raises:
        TitanicBatchError: where no file could be scored at all (usage, model).
    """
    chosen = make_options(**options)
    pairs = pair_files(os.fspath(input), os.fspath(output), chosen)
    opened = None
    if needs_workers(pairs, chosen) and not chosen.skip_published:
        from titanic_batch.scoring.choosing import open_ahead  # imports numpy

        opened = open_ahead(chosen)
        if opened is None or not opened.is_planned:
            start_forkserver()  # what it imports, and what is imported here, come at the same time
    with interruptible():  # scikit-learn comes with it
        from titanic_batch.scoring.run import run_files

    return run_files(pairs, chosen, observer, guard, settled, opened=opened)


def make_options(**options: Any) -> ScoreOptions:
    """Return the options, as the flags' names or the library's; raises UsageError for others."""
    return ScoreOptions(**read_keywords(OPTIONS, options))
