"""The library's front door: `titanic_batch.score`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from titanic_batch.engine.forkserver import start_forkserver
from titanic_batch.errors import UsageError
from titanic_batch.publish.manifest import Manifest
from titanic_batch.scoring.inputs import is_several, pair_files
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.progress import Observer
from titanic_batch.scoring.workers import needs_workers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from titanic_batch.scoring.guarding import Guard
    from titanic_batch.scoring.inputs import FilePair
    from titanic_batch.scoring.outcome import FileOutcome


def score(
    input: str | Path, output: str | Path, *, observer: Observer | None = None, **options: Any
) -> Manifest:
    """Score one file and publish the output.

    Keywords are named as the command's flags; see `ScoreOptions`.

    Args:
        input: CSV or Parquet; `-` for CSV on standard input.
        output: CSV or Parquet; `-` for CSV on standard output; or a folder.
        observer: Is told how far the run is.
        **options: Everything else.

    Returns:
        The manifest of what was published.

    Raises:
        TitanicBatchError: with `exit_code`, what, where and cure; nothing was published.
    """
    if is_several(os.fspath(input)):
        raise UsageError(f"{input} is several files", cure="Use titanic_batch.score_files.")
    outcome = score_files(input, output, observer=observer, **options)[0]
    if outcome.error is not None:
        raise outcome.error
    assert outcome.manifest is not None
    return outcome.manifest


def score_files(
    input: str | Path,
    output: str | Path,
    *,
    observer: Observer | None = None,
    guard: Guard | None = None,
    settled: Mapping[FilePair, FileOutcome] | None = None,
    **options: Any,
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
    if needs_workers(pairs, chosen) and not chosen.skip_published:
        start_forkserver()  # what it imports, and what is imported here, come at the same time
    from titanic_batch.scoring.run import run_files

    return run_files(pairs, chosen, observer, guard, settled)


def make_options(**options: Any) -> ScoreOptions:
    """Return the options, as the flags' names or the library's; raises UsageError for others."""
    if isinstance(options.get("trust"), str):
        options["trust"] = (options["trust"],)
    if isinstance(options.get("null"), str):
        options["null"] = (options["null"],)
    if isinstance(options.get("allow_null"), str):
        options["allow_null"] = (options["allow_null"],)
    if "max_rejects" in options:
        options["max_rejects"] = str(options["max_rejects"])
    for flag, name in (("chunk_size", "chunk_bytes"), ("max_record", "max_record_bytes")):
        if flag in options:
            options[name] = parse_size(options.pop(flag), f"--{flag.replace('_', '-')}")
    if not isinstance(options.get("keep", "all"), str):
        options["keep"] = tuple(options["keep"])
    elif options.get("keep", "all") not in ("all", "none"):
        options["keep"] = tuple(options["keep"].split(","))
    if options.get("rejects") is not None:
        options["rejects"] = str(options["rejects"])
    try:
        return ScoreOptions(**options)
    except TypeError as exc:
        unknown = sorted(set(options) - set(ScoreOptions.__dataclass_fields__))
        raise UsageError(f"there is no option {', '.join(unknown)}") from exc


_UNITS = {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
_LARGEST_CHUNK_BYTES = 1 << 30


def parse_size(text: str | int, flag: str) -> int:
    """Parse a size in bytes: `65536`, `64KB`, `4MB`, `1GB` (powers of 1,024).

    Raises:
        UsageError: if it is no size, or not between 1 byte and 1 GB.
    """
    spelled = str(text).strip().upper().replace("IB", "B")
    number = spelled.rstrip("KMGB")
    unit = spelled[len(number) :]
    unit = unit if unit in _UNITS else f"{unit}B"
    try:
        size = int(float(number) * _UNITS[unit])
    except (ValueError, KeyError, OverflowError):
        size = 0
    if not 1 <= size <= _LARGEST_CHUNK_BYTES:
        raise UsageError(f"{flag} {text} is not a size", cure=f"Give for example {flag} 4MB.")
    return size
