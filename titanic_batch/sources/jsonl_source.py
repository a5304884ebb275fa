"""A JSON Lines input, plain or compressed: read once for its columns, and again for its rows."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from titanic_batch.errors import UsageError
from titanic_batch.sources.base import Chunk, InputInfo, Reading, TextFormat
from titanic_batch.sources.dialect import Dialect
from titanic_batch.sources.jsonl_parser import JsonlParser, lines_of
from titanic_batch.sources.jsonl_scan import scan
from titanic_batch.sources.lines import cut_lines
from titanic_batch.sources.partition import Partition
from titanic_batch.sources.sample import MOST_ROWS
from titanic_batch.sources.stream import InputStream


@dataclass(frozen=True, kw_only=True)
class JsonlSample:
    """Lines of a JSON Lines file, and what reads them."""

    chunks: tuple[Chunk, ...]
    parser: JsonlParser

    def read(self, _dialect: Dialect, *, allow_no_final_newline: bool = False) -> Reading:
        """Return the lines; a dialect says nothing of them."""
        return Reading(
            schema=self.parser.schema,
            text_cells=False,
            parser=replace(self.parser, allow_no_final_newline=allow_no_final_newline),
            chunks=self.chunks,
        )


class JsonlSource:
    """Reads a JSON Lines file as raw chunks; see `titanic_batch.sources.base.Source`.

    Its columns are the keys of all its lines, so each line is read twice: one that first has a key,
    or a text among numbers, may be the last.

    Raises:
        InputMissingError: if it does not exist or is empty.
        DataError: if no line is a record, or they have no columns in common.
        UsageError: if it can be read only once, as a pipe.
        FileAccessError: if it cannot be read.
    """

    text_cells = False
    text_format: TextFormat | None = "jsonl"
    partition: Partition = ()

    def __init__(
        self,
        path: str,
        *,
        encoding: str,
        chunk_bytes: int,
        max_record_bytes: int,
        allow_no_final_newline: bool = False,
        allow_empty: bool = False,
    ) -> None:
        self._stream = InputStream(path, encoding=encoding)
        self._max_record_bytes = max_record_bytes
        self._empty_lines = 0
        try:
            _refuse_pipe(self._stream)
            self._scan = scan(self._cut(chunk_bytes), path, allow_empty=allow_empty)
            self._stream.rewind()
        except BaseException:
            self._stream.close()
            raise
        self.schema = self._scan.schema
        # In memory, a line takes up a place in every column, whatever keys it has.
        share = self._scan.bytes_per_line / max(len(self.schema), 1)
        self._chunk_bytes = max(int(chunk_bytes * min(share, 1.0)), 1)
        self.parser = JsonlParser(
            schema=self.schema,
            path=path,
            is_utf8=encoding == "utf-8",
            allow_no_final_newline=allow_no_final_newline,
        )

    def _cut(self, chunk_bytes: int) -> Generator[Chunk, None, int]:
        return cut_lines(
            self._stream.read,
            chunk_bytes=chunk_bytes,
            max_record_bytes=self._max_record_bytes,
            path=self._stream.path,
        )

    @property
    def size_bytes(self) -> int | None:
        """The file's size."""
        return self._stream.size_bytes

    @property
    def bytes_read(self) -> int:
        """How much of the file has been read for its rows."""
        return self._stream.bytes_read

    def chunks(self) -> Iterator[Chunk]:
        """Yield the file's lines as chunks; see `cut_lines`."""
        self._empty_lines = yield from self._cut(self._chunk_bytes)

    def head(self) -> JsonlSample:
        """Return its first lines."""
        first = self._scan.first
        if first is None:
            return JsonlSample(chunks=(), parser=self.parser)
        return self.sample([(first, range(min(first.row_count, MOST_ROWS)))])

    def sample(self, picked: Sequence[tuple[Chunk, Sequence[int]]]) -> JsonlSample:
        """Return some of its lines."""
        chunks = []
        row = 1
        for chunk, indices in picked:
            lines = list(lines_of(chunk))
            data = b"\n".join(lines[index] for index in indices)
            if indices:
                chunks.append(
                    Chunk(
                        data=data + b"\n" if chunk.terminated else data,
                        first_row=row,
                        row_count=len(indices),
                        first_line=row,
                        terminated=chunk.terminated,
                    )
                )
                row += len(indices)
        return JsonlSample(chunks=tuple(chunks), parser=self.parser)

    def unterminated_end(self) -> JsonlSample | None:
        """Return a last record without a newline; None for none."""
        last = self._scan.last
        return None if last is None or last.terminated else self.sample([(last, [0])])

    def release(self) -> None:
        """Close the file, of which all is read; raises DataError if it changed meanwhile."""
        self._stream.check_unchanged()
        self._stream.close()

    def info(self) -> InputInfo:
        """Return what was read; raises DataError if the file changed since it was opened."""
        self._stream.check_unchanged()
        return InputInfo(
            path=self._stream.path,
            format="jsonl",
            bytes=self._stream.bytes_read,
            sha256=self._stream.hexdigest(),
            empty_lines=self._empty_lines,
        )

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def _refuse_pipe(stream: InputStream) -> None:
    if stream.size_bytes is None:
        raise UsageError(
            "JSON Lines are read twice, which a pipe cannot be",
            where=stream.path,
            hint="Write them to a file first.",
        )
