"""Which files are scored, and where each of them goes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from titanic_batch.errors import InputMissingError, UsageError
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.printable import shell_quoted
from titanic_batch.publish.ownership import is_published
from titanic_batch.publish.paths import OutputPaths, is_companion, output_paths, require_names
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.reject_limit import reject_limit
from titanic_batch.sources.foreign import unknown_format
from titanic_batch.sources.formats import STDIN, input_format, no_such_file, stem
from titanic_batch.stores import entry_at, store_of

STDOUT = "-"
_GLOB_CHARACTERS = frozenset("*?[")


@dataclass(frozen=True, kw_only=True)
class FilePair:
    """One input file and its output.

    Attributes:
        input: The input.
        output: None for standard output.
        output_format: csv or parquet.
        makes_folder: Whether the output's folder is made if it is missing: that of several files.
    """

    input: str
    output: OutputPaths | None
    output_format: str
    makes_folder: bool = False


def pair_files(input: str, output: str, options: ScoreOptions) -> list[FilePair]:
    """Expand a folder or glob, and find each file's output.

    Args:
        input: A file, folder, glob, or `-`.
        output: A file, a folder, or `-`.
        options: For the output format and the rejects path.

    Raises:
        UsageError: if input and output don't go together.
        InputMissingError: if there is nothing to score.
    """
    several = is_several(input)
    if output == STDOUT:
        return [_to_stdout(input, several=several, options=options)]
    files = find_inputs(input) if several else [input]
    into_folder = output.endswith(os.sep) or _kind(output) == "folder"
    if several and not into_folder:
        raise UsageError(
            f"{input} is several files, and {output} is not a folder",
            hint=f"Name an output folder: {output}/",
        )
    if not into_folder:
        return [_single(_pair(files[0], output, _format_of(output), options))]
    if options.rejects is not None and len(files) > 1:
        raise UsageError("--rejects names one file, but there are several inputs")
    pairs = _into_folder(files, Path(output), options, several=several)
    return pairs if several else [_single(pairs[0])]


def is_several(input: str) -> bool:
    """Return whether an INPUT stands for several files."""
    if input == STDIN or _kind(input) == "file":
        return False
    return _kind(input) == "folder" or bool(_GLOB_CHARACTERS & set(input))


def _kind(path: str) -> str | None:
    """Return what a path leads to; None for nothing, also where its name is too long."""
    found = entry_at(path)
    return found.kind if found is not None else None


def find_inputs(input: str) -> list[str]:
    """Return the files of a folder or glob that can be scored, by name.

    Rejects files, other companions of outputs, and outputs that titanic-batch published are not
    among them.

    Raises:
        InputMissingError: if there are none.
    """
    store = store_of(input)
    candidates = store.list(input) if _kind(input) == "folder" else store.glob(input)
    found = [path for path in candidates if _is_input(path)]
    if not found:
        raise InputMissingError(
            "there are no files to score here",
            where=input,
            hint="Inputs end in .csv, .tsv (also .gz, .bz2, .zst) or .parquet.",
        )
    return found


def _is_input(path: str) -> bool:
    stop_if_interrupted()
    return (
        input_format(path) is not None
        and not is_companion(Path(path).name)
        and _kind(path) == "file"
        and not is_published(Path(path))
    )


def _into_folder(
    files: list[str], folder: Path, options: ScoreOptions, *, several: bool
) -> list[FilePair]:
    pairs: list[FilePair] = []
    by_stem: dict[str, str] = {}
    folders = {os.path.dirname(path) for path in files} if several else set()  # noqa: PTH120
    if os.path.realpath(folder) in map(os.path.realpath, folders):
        raise UsageError(
            "the output folder is the input folder",
            where=str(folder),
            hint="Name another output folder.",
        )
    for path in files:
        stop_if_interrupted()
        name = "stdin" if path == STDIN else stem(path)
        if name in by_stem:
            raise UsageError(
                f"{by_stem[name]} and {path} would have the same output",
                hint="Rename one of them, or score them one by one.",
            )
        by_stem[name] = path
        target = folder / f"{name}.{options.output_format}"
        pair = _pair(path, str(target), options.output_format, options)
        pairs.append(replace(pair, makes_folder=several))
    return pairs


def _to_stdout(input: str, *, several: bool, options: ScoreOptions) -> FilePair:
    if several:
        raise UsageError("standard output takes a single input", hint="Name an output folder.")
    _require_known(input)
    if not reject_limit(options.max_rejects).is_zero and options.rejects is None:
        name = "stdin" if input == STDIN else stem(input)
        raise UsageError(
            "with standard output, rejected rows would be lost",
            hint=f"Say where they go: --rejects {shell_quoted(f'{name}.rejects.csv')}",
        )
    return FilePair(input=input, output=None, output_format="csv")


def _single(pair: FilePair) -> FilePair:
    """Refuse one file's output by its name at once; one of several must not stop the others."""
    if pair.output is not None:
        require_names(pair.output)
    return pair


def pair_of_file(input: str, output: str, rejects: str | None = None) -> FilePair:
    """Return the pair of one file and its output, whether the input is there or not."""
    return FilePair(
        input=input, output=output_paths(output, rejects), output_format=_format_of(output)
    )


def _pair(input: str, output: str, output_format: str, options: ScoreOptions) -> FilePair:
    require_input(input)
    paths = output_paths(output, options.rejects)
    companions = (paths.data, paths.rejects, paths.manifest, paths.failed_rejects)
    if input != STDIN and (same := _same_file(input, companions)) is not None:
        raise UsageError("input and output are the same file", where=str(same))
    if len(set(companions)) < len(companions):
        raise UsageError("--rejects names the output or a file beside it", where=str(paths.rejects))
    return FilePair(input=input, output=paths, output_format=output_format)


def require_input(path: str) -> None:
    """Refuse an input that is not there, now and not after the model is loaded.

    Raises:
        UsageError: if its name stands for no format.
        InputMissingError: if there is no such file.
    """
    _require_known(path)
    if path != STDIN and entry_at(path, follow=False) is None:
        raise no_such_file(path)


def _require_known(path: str) -> None:
    if input_format(path) is None:
        raise unknown_format(path)


def _format_of(output: str) -> str:
    suffix = Path(output).suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise UsageError(
            "unknown file extension",
            where=output,
            hint="Outputs end in .csv or .parquet; a folder ends in /.",
        )
    return suffix[1:]


def _same_file(input: str, others: Iterable[Path]) -> Path | None:
    """Return the one of `others` that is the input, by whatever name."""
    found = entry_at(input)
    for path in others if found is not None else ():
        other = entry_at(path)
        if found is not None and other is not None and found.identity == other.identity:
            return path
    return None
