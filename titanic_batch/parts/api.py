"""The front door to parts, as `titanic_batch.scoring.api` is to files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from titanic_batch.parts.plan import PartsPlan
from titanic_batch.parts.planning import make_plan
from titanic_batch.parts.running import PartOutcome, commit_plan, run_part
from titanic_batch.parts.whole import score_whole
from titanic_batch.scoring.api import make_options
from titanic_batch.scoring.option_fields import with_keywords
from titanic_batch.scoring.option_texts import parse_size
from titanic_batch.scoring.options import OPTIONS, ScoreKeywords
from titanic_batch.scoring.outcome import FileOutcome
from titanic_batch.scoring.progress import Observer

if TYPE_CHECKING:
    from titanic_batch.scoring.guarding import Guard

__all__ = ["PartOutcome", "commit_plan", "plan_parts", "run_part", "score_parts"]

_PART_SIZE = "64MB"


@with_keywords(OPTIONS, ScoreKeywords)
def score_parts(
    input: str | Path,
    output: str | Path,
    *,
    part_size: int | str | None = None,
    observer: Observer | None = None,
    guard: Guard | None = None,
    **options: Unpack[ScoreKeywords],
) -> FileOutcome:
    """Score one input into a folder of parts on this machine, and publish them at once.

    Args:
        input: A file; or a folder or glob, whose files are read as one.
        output: The folder.
        part_size: How much of the input a part holds, at most; None for 64MB.
        observer: Is told how far the run is.
        guard: Is asked before the parts are published.
        **options: See `ScoreOptions`.

    Raises:
        TitanicBatchError: with `exit_code`, what, where and hint; nothing was published.
    """
    return score_whole(
        os.fspath(input),
        os.fspath(output),
        make_options(**options),
        _size(part_size),
        observer=observer,
        guard=guard,
    )


@with_keywords(OPTIONS, ScoreKeywords)
def plan_parts(
    input: str | Path,
    output: str | Path,
    plan: str | Path,
    *,
    part_size: int | str | None = None,
    **options: Unpack[ScoreKeywords],
) -> PartsPlan:
    """Cut an input into parts, and write the plan of scoring them.

    Args:
        input: As for `score_parts`.
        output: The folder that they are to be published in.
        plan: Where the plan goes.
        part_size: As for `score_parts`.
        **options: See `ScoreOptions`.
    """
    chosen = make_options(**options)
    return make_plan(os.fspath(input), os.fspath(output), Path(plan), chosen, _size(part_size))


def _size(given: int | str | None) -> int:
    return parse_size(_PART_SIZE if given is None else given, "--part-size")
