"""The whole input: one file, or several as if they were one, and the parts that it is cut into."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

import pyarrow as pa

from titanic_batch.errors import DataError, UsageError
from titanic_batch.printable import shell_quoted
from titanic_batch.publish.manifest import FileInfo, Manifest
from titanic_batch.scoring.finding import InputFile, find_inputs, is_several
from titanic_batch.scoring.inputs import FilePair, require_input
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.reading import source_of
from titanic_batch.scoring.sizes import input_bytes
from titanic_batch.scoring.skipping import input_sha256
from titanic_batch.sources.base import Chunk, InputInfo, Source
from titanic_batch.sources.formats import STDIN, input_format
from titanic_batch.sources.spans import Span, spans_of
from titanic_batch.stores import entry_at

#: A part has so many chunks at the least, for workers to share ...
_FEWEST_CHUNKS = 16
#: ... but none smaller than this: each costs some time of its own.
_SMALLEST_CHUNK_BYTES = 1 << 20
_UNPACK = {".gz": "gzip -dc", ".bz2": "bzip2 -dc", ".zst": "zstd -dc"}


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the whole input.

    Attributes:
        path: The file that holds it.
        span: Where in that file.
        first_row: 1-based number of its first record in the whole input.
        first_line: 1-based line of the whole input that this one starts on; 0 for Parquet.
    """

    path: str
    span: Span
    first_row: int
    first_line: int


@dataclass(frozen=True)
class Piece:
    """A chunk, its rows and lines counted in the whole input, and what reads it."""

    path: str
    source: Source
    chunk: Chunk


class WholeInput:
    """One or several files of the same columns, read in order.

    Args:
        input: A file, a folder or a glob.
        options: How it is written.
        part_bytes: How much of a file a part holds.
        paths: Its files; None to look for them.

    Raises:
        InputMissingError, UsageError: if there is nothing that could be scored.
    """

    def __init__(
        self,
        input: str,
        options: ScoreOptions,
        part_bytes: int,
        paths: Sequence[str] | None = None,
    ) -> None:
        self.path = input
        self.paths = _files_of(input) if paths is None else list(paths)
        for path in self.paths:
            require_input(path)
            _require_file(path)
        self._options = options
        self._part_bytes = part_bytes
        self._chunk_size = chunk_size(options, part_bytes)
        self._read: list[InputInfo] = []
        self._rows = self._lines = 0  # of the files before the one in hand
        self._end = (0, 0)  # of the part before
        self._source: Source | None = None

    @property
    def pairs(self) -> list[FilePair]:
        """Its files, without outputs."""
        return [
            FilePair(file=InputFile(path=path), output=None, output_format="parquet")
            for path in self.paths
        ]

    def open(self, path: str) -> Source:
        """Open one of its files; the caller closes it."""
        return source_of(InputFile(path=path), self._options, chunk_size=self._chunk_size)

    def parts(
        self, schema: pa.Schema, is_finished: Callable[[int, Part], bool] | None = None
    ) -> Iterator[Piece | Part]:
        """Yield each part after its chunks.

        Args:
            schema: The columns that each file must have.
            is_finished: Whether a part, told by its index, needs no chunks; None where all do, so
                that one pass over the input is enough.

        Raises:
            DataError: if a file has other columns, or cannot be read to its end.
        """
        index = 0
        for path, source in self._files(schema):
            spans = spans_of(source, self._part_bytes)
            if is_finished is None or not spans.are_readable:
                for item in spans.chunks_and_spans():
                    if isinstance(item, Span):
                        yield self._part(path, item)
                        index += 1
                    else:
                        yield self._piece(path, source, item)
                continue
            for span in spans.cut():
                part = self._part(path, span)
                if not is_finished(index, part):
                    for chunk in spans.chunks_of(span):
                        yield self._piece(path, source, chunk)
                yield part
                index += 1

    def cut(self, schema: pa.Schema) -> Iterator[Part]:
        """Yield the parts; raises UsageError where one could not be read on its own."""
        for path, source in self._files(schema):
            spans = spans_of(source, self._part_bytes)
            if not spans.are_readable:
                raise _unreadable(path)
            for span in spans.cut():
                yield self._part(path, span)

    def read(self, part: Part, source: Source) -> Iterator[Piece]:
        """Yield the chunks of one part; raises DataError if it is another by now."""
        span = part.span
        self._rows, self._lines = part.first_row - span.first_row, part.first_line - span.first_line
        for chunk in spans_of(source, self._part_bytes).chunks_of(span):
            yield self._piece(part.path, source, chunk)

    def _files(self, schema: pa.Schema) -> Iterator[tuple[str, Source]]:
        for path in self.paths:
            self._source = source = self.open(path)
            try:
                _require_columns(source.schema, schema, path, self.paths[0])
                yield path, source
                info = source.info()
                self._read.append(info)
            finally:
                self._source = None
                source.close()
            rows, lines = self._end
            self._rows, self._lines = rows, lines + info.empty_lines

    def _part(self, path: str, span: Span) -> Part:
        part = Part(
            path=path,
            span=span,
            first_row=self._rows + span.first_row,
            first_line=self._lines + span.first_line,
        )
        self._end = (part.first_row - 1 + span.rows, max(part.first_line - 1 + span.lines, 0))
        return part

    def _piece(self, path: str, source: Source, chunk: Chunk) -> Piece:
        first_row, first_line = chunk.first_row + self._rows, chunk.first_line + self._lines
        return Piece(path, source, replace(chunk, first_row=first_row, first_line=first_line))

    @property
    def bytes_read(self) -> int:
        """How much of its files has been read."""
        return sum(one.bytes for one in self._read) + (
            self._source.bytes_read if self._source else 0
        )

    def is_of(self, manifest: Manifest) -> bool:
        """Return whether its files are, to the byte, what an output was scored from."""
        if input_bytes(self.pairs) != manifest.input.bytes:
            return False
        hashes = [input_sha256(path) for path in self.paths]
        return None not in hashes and _hash_of(hashes) == manifest.input.sha256

    @property
    def empty_lines(self) -> int:
        """How many empty lines stand at the ends of the files that were read."""
        return sum(one.empty_lines for one in self._read)

    def info(self) -> FileInfo:
        """Return the manifest's `input` of what was read.

        The hash of several files is that of their hashes, a line each.
        """
        read = self._read
        sha256 = _hash_of([one.sha256 for one in read])
        return FileInfo(
            path=self.path,
            format=read[0].format,
            bytes=sum(one.bytes for one in read),
            sha256=sha256,
        )


def _files_of(input: str) -> list[str]:
    """Return the files of an INPUT, in the order in which they are read."""
    if not is_several(input):
        return [input]
    files = find_inputs(input)
    for file in files:
        if file.error is not None:
            raise file.error
        if file.partition:
            raise UsageError(
                "columns that stand in the names of folders are not read into parts",
                where=file.path,
                hint="Score it without --parts: each file is published on its own.",
            )
    return [file.path for file in files]


def _hash_of(hashes: Sequence[str | None]) -> str:
    if len(hashes) == 1 and hashes[0] is not None:
        return hashes[0]
    return hashlib.sha256("".join(f"{one}\n" for one in hashes).encode()).hexdigest()


def chunk_size(options: ScoreOptions, part_bytes: int) -> int:
    """Return how much of a part goes into a chunk; the size of the input does not matter."""
    even = max(part_bytes // _FEWEST_CHUNKS, _SMALLEST_CHUNK_BYTES)
    return min(options.chunk_bytes, part_bytes, even)


def _require_columns(found: pa.Schema, expected: pa.Schema, path: str, first: str) -> None:
    if not found.equals(expected):
        differing = sorted(set(found.names) ^ set(expected.names))
        which = f": {', '.join(differing)}" if differing else ", or other types, or another order"
        raise DataError(
            f"it has other columns than {first}{which}",
            where=path,
            hint="The files of one input have the same columns; score the others on their own.",
        )


def _require_file(path: str) -> None:
    found = entry_at(path)
    if path == STDIN or (found is not None and found.kind == "special"):
        raise UsageError(
            "what comes through a pipe cannot be cut into parts",
            where=path,
            hint="Write it to a file first.",
        )


def _unreadable(path: str) -> UsageError:
    suffix = PurePath(path).suffix.lower()
    file, unpacked = shell_quoted(path), shell_quoted(path[: -len(suffix)] if suffix else path)
    if suffix in _UNPACK:
        return UsageError(
            "a compressed file cannot be read from its middle",
            where=path,
            hint=f"Unpack it first: {_UNPACK[suffix]} {file} > {unpacked}",
        )
    if input_format(path) == "jsonl":
        return UsageError(
            "JSON Lines are not read from their middle",
            where=path,
            hint="Score it on one machine: titanic-batch score INPUT OUT/ --parts",
        )
    return UsageError(
        "text in another encoding than UTF-8 cannot be read from its middle",
        where=path,
        hint=f"Convert it first: iconv -f ENCODING -t UTF-8 {file} > utf8.csv",
    )
