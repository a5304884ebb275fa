"""Which files are scored, and where each of them goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from titanic_batch.errors import UsageError
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.printable import shell_quoted
from titanic_batch.publish.paths import OutputPaths, output_paths, require_names
from titanic_batch.scoring.finding import InputFile, find_inputs, is_several, root_of
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.reject_limit import reject_limit
from titanic_batch.sinks.names import Compression, OutputFormat, compression, output_format
from titanic_batch.sources.foreign import unknown_format
from titanic_batch.sources.formats import STDIN, input_format, no_such_file, stem
from titanic_batch.stores import entry_at, is_folder, store_of
from titanic_batch.stores.names import as_folder, folder_of, join

STDOUT = "-"


@dataclass(frozen=True, kw_only=True)
class FilePair:
    """One input file and its output.

    Attributes:
        file: The input.
        output: None for standard output, and for what is known to be no input.
        output_format: What is written.
        compression: What the output is compressed with as a whole.
        makes_folder: Whether the output's folder is made if it is missing: that of several files.
    """

    file: InputFile
    output: OutputPaths | None
    output_format: OutputFormat
    compression: Compression | None = None
    makes_folder: bool = False

    @property
    def input(self) -> str:
        """The input's path."""
        return self.file.path


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
    into_folder = output.endswith("/") or is_folder(output)
    if several and not into_folder:
        find_inputs(input)  # where there are none, that is what is wrong
        raise UsageError(
            f"{input} is several files, and {output} is not a folder",
            hint=f"Name an output folder: {output}/",
        )
    if several:
        pairs = _into_folder(input, output, options)
        if options.rejects is not None and len(pairs) > 1:
            raise UsageError("--rejects names one file, but there are several inputs")
        return pairs
    written = options.output_format if into_folder else _format_of(output)
    if into_folder:
        name = "stdin" if input == STDIN else stem(input)
        output = join(output, f"{name}.{written}")
    return [_single(_pair(InputFile(path=input), output, written, options))]


def _into_folder(input: str, output: str, options: ScoreOptions) -> list[FilePair]:
    """Return a folder's or glob's files, with outputs that lie in a folder as the inputs do."""
    by_target: dict[str, InputFile] = {}
    unread: list[InputFile] = []
    for file in find_inputs(input):
        if file.error is not None:
            unread.append(file)
            continue
        folder = join(output, file.folder) if file.folder else output
        target = join(folder, f"{stem(file.path)}.{options.output_format}")
        other = by_target.setdefault(target, file)
        if other is not file:
            raise UsageError(
                f"{other.path} and {file.path} would have the same output",
                hint="Rename one of them, or score them one by one.",
            )
    _keep_apart(root_of(input), output, by_target)
    pairs = [
        FilePair(file=file, output=None, output_format=options.output_format) for file in unread
    ]
    for target, file in by_target.items():
        stop_if_interrupted()
        pair = _pair(file, target, options.output_format, options)
        pairs.append(replace(pair, makes_folder=True))
    return sorted(pairs, key=lambda pair: pair.input)


def _keep_apart(root: str, output: str, by_target: Mapping[str, InputFile]) -> None:
    """Refuse outputs that would be folders of others, and an output folder that holds inputs."""
    parents = {folder_of(target) for target in by_target}
    for above in {above for parent in parents for above in _with_those_above(parent)}:
        if above in by_target:
            raise UsageError(
                f"the output of {by_target[above].path} would be a folder of other outputs",
                where=above,
                hint="Rename that input, or score it by itself.",
            )
    resolve, resolve_output = store_of(root).resolve, store_of(output).resolve
    outside, inside = resolve(root), resolve_output(output)
    if outside == inside:
        raise UsageError(
            "the output folder is the input folder",
            where=output,
            hint="Name another output folder.",
        )
    # Where the inputs themselves lie in the output folder, only what goes among them is in the way.
    among = set(map(resolve_output, parents)) if _is_in(outside, inside) else None
    for folder in sorted({folder_of(file.path) for file in by_target.values()}):
        found = resolve(folder)
        if found in among if among is not None else _is_in(found, inside):
            raise UsageError(
                f"there are inputs in the output folder: {folder}",
                where=output,
                hint="Name another output folder.",
            )


def _with_those_above(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder, below = folder_of(folder), folder
        if folder == below:
            return


def _is_in(folder: str, other: str) -> bool:
    return f"{folder}/".startswith(as_folder(other))


def _to_stdout(input: str, *, several: bool, options: ScoreOptions) -> FilePair:
    if several:
        raise UsageError("standard output takes a single input", hint="Name an output folder.")
    _require_known(input)
    refuse_types("csv", options)
    if not reject_limit(options.max_rejects).is_zero and options.rejects is None:
        name = "stdin" if input == STDIN else stem(input)
        raise UsageError(
            "with standard output, rejected rows would be lost",
            hint=f"Say where they go: --rejects {shell_quoted(f'{name}.rejects.csv')}",
        )
    return FilePair(file=InputFile(path=input), output=None, output_format="csv")


def _single(pair: FilePair) -> FilePair:
    """Refuse one file's output by its name at once; one of several must not stop the others."""
    if pair.output is not None:
        require_names(pair.output)
    return pair


def pair_of_file(input: str, output: str, rejects: str | None = None) -> FilePair:
    """Return the pair of one file and its output, whether the input is there or not."""
    return FilePair(
        file=InputFile(path=input),
        output=output_paths(output, rejects),
        output_format=_format_of(output),
        compression=compression(output),
    )


def _pair(
    file: InputFile, output: str, output_format: OutputFormat, options: ScoreOptions
) -> FilePair:
    path = file.path
    require_input(path)
    refuse_types(output_format, options)
    paths = output_paths(output, options.rejects)
    companions = (paths.data, paths.rejects, paths.manifest, paths.failed_rejects)
    if path != STDIN and (same := _same_file(path, companions)) is not None:
        raise UsageError("input and output are the same file", where=same)
    if len(set(companions)) < len(companions):
        raise UsageError("--rejects names the output or a file beside it", where=paths.rejects)
    return FilePair(
        file=file, output=paths, output_format=output_format, compression=compression(output)
    )


def refuse_types(output_format: OutputFormat, options: ScoreOptions) -> None:
    """Refuse types of columns that the output cannot have, or that are not kept."""
    if options.type and output_format != "parquet":
        raise UsageError(
            f"--type {next(iter(options.type))}: only Parquet has types",
            hint="Write a .parquet file, or leave --type out.",
        )
    for name in options.type:
        if options.keep == "none" or (options.keep != "all" and name not in options.keep):
            raise UsageError(
                f"--type {name}: the column is not kept", hint="Name it in --keep, too."
            )


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


def _format_of(output: str) -> OutputFormat:
    found = output_format(output)
    if found is None:
        raise UsageError(
            "unknown file extension",
            where=output,
            hint="Outputs end in .csv, .jsonl, .ndjson (also .gz, .zst) or .parquet; "
            "a folder ends in /.",
        )
    return found


def _same_file(input: str, others: Iterable[str]) -> str | None:
    """Return the one of `others` that is the input, by whatever name."""
    found = entry_at(input)
    for path in others if found is not None else ():
        other = entry_at(path)
        if found is not None and other is not None and found.identity == other.identity:
            return path
    return None
