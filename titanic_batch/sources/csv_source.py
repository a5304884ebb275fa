"""A CSV input: plain, compressed or from standard input."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence

from titanic_batch.errors import DataError, InputMissingError
from titanic_batch.sources.base import Chunk, InputInfo, TextFormat
from titanic_batch.sources.csv_cutter import cut_chunks
from titanic_batch.sources.csv_header import read_header
from titanic_batch.sources.csv_parser import CsvParser
from titanic_batch.sources.dialect import Dialect
from titanic_batch.sources.foreign import foreign_content
from titanic_batch.sources.partition import Partition
from titanic_batch.sources.sample import CsvSample, csv_sample
from titanic_batch.sources.stream import InputStream
from titanic_batch.unnamed import text_schema

#: Where a last record without a newline is looked for.
_TAIL_BYTES = 1 << 16


class HeaderError(DataError):
    """The header cannot be read as the options say; `head` is what the file begins with."""

    head: CsvSample


class CsvSource:
    """Reads a CSV file as raw chunks; see `titanic_batch.sources.base.Source`.

    Raises:
        InputMissingError: if it does not exist or is empty.
        HeaderError: if its header is damaged.
        FileAccessError: if it cannot be read.
    """

    text_cells = True
    text_format: TextFormat | None = "csv"
    partition: Partition = ()

    def __init__(
        self,
        path: str,
        *,
        dialect: Dialect,
        chunk_bytes: int,
        max_record_bytes: int,
        allow_no_final_newline: bool = False,
        allow_empty: bool = False,
    ) -> None:
        self._stream = InputStream(path, encoding=dialect.encoding)
        self._dialect = dialect
        self._chunk_bytes = chunk_bytes
        self._max_record_bytes = max_record_bytes
        self._empty_lines = 0
        try:
            self._header = read_header(
                self._stream.read,
                dialect,
                chunk_bytes=chunk_bytes,
                max_record_bytes=max_record_bytes,
                path=path,
                allow_empty=allow_empty,
            )
            self._refuse_foreign(path)
            self._refuse_cut_header(path, allow_empty=allow_empty, allow=allow_no_final_newline)
        except DataError as exc:
            self._stream.close()
            self._refuse_foreign(path)
            error = HeaderError(exc.message, where=exc.where, hint=exc.hint)
            error.head = self.head()
            raise error from exc
        except BaseException:
            self._stream.close()
            raise
        is_plain = self._stream.is_seekable and dialect.is_utf8
        at = self._stream.bytes_read - len(self._header.rest)
        self._records_at = at if is_plain else None
        self.schema = text_schema(self._header.names, self._header.unnamed)
        self.parser = CsvParser(
            names=self._header.names,
            unnamed=frozenset(self._header.unnamed),
            dialect=dialect,
            path=path,
            allow_no_final_newline=allow_no_final_newline,
        )

    def _refuse_foreign(self, path: str) -> None:
        """Refuse a file that is no CSV, whatever its name says; what was read of it may look so."""
        head, _ = self._stream.head
        error = foreign_content(path, head, skips_lines=self._dialect.skip_lines > 0)
        if error is not None:
            raise error

    def _refuse_cut_header(self, path: str, *, allow_empty: bool, allow: bool) -> None:
        """Publish nothing, not even an empty output, of a file that ends within its header."""
        header = self._header.raw
        if not header or header.endswith(b"\n") or allow:
            return
        what = "the header, which is all there is, has no newline: the file may be cut short"
        where = f"{path}, line 1"
        hint = "If it is meant to be empty, add --allow-no-final-newline"
        if allow_empty:
            raise DataError(what, where=where, hint=f"{hint}.")
        raise InputMissingError(what, where=where, hint=f"{hint} --allow-empty.")

    @property
    def size_bytes(self) -> int | None:
        """The file's size; None where it can't be known."""
        return self._stream.size_bytes

    @property
    def records_at(self) -> int | None:
        """Where in the file its records begin; None where chunks are no pieces of its bytes."""
        return self._records_at

    def read_at(self, offset: int, size: int) -> bytes:
        """Return bytes from anywhere in the file; raises FileAccessError."""
        return self._stream.read_at(offset, size)

    @property
    def bytes_read(self) -> int:
        """How much of the file has been read."""
        return self._stream.bytes_read

    def chunks(self) -> Iterator[Chunk]:
        """Yield the file's records as chunks; see `cut_chunks`."""
        first_line = 1 + self._header.lines
        self._empty_lines = yield from self.cut(
            self._stream.read, self._header.rest, first_line=first_line
        )

    def cut(
        self,
        read: Callable[[int], bytes],
        head: bytes = b"",
        *,
        first_line: int,
        is_part: bool = False,
    ) -> Generator[Chunk, None, int]:
        """Yield records that `read` gives as chunks; see `cut_chunks`."""
        return cut_chunks(
            read,
            head,
            first_line=first_line,
            is_part=is_part,
            dialect=self._dialect,
            chunk_bytes=self._chunk_bytes,
            max_record_bytes=self._max_record_bytes,
            path=self._stream.path,
            blank_is_record=len(self._header.names) == 1,
        )

    def head(self) -> CsvSample:
        """Return what the file begins with, without empty lines at its end."""
        head, is_whole = self._stream.head
        if is_whole and self._dialect.is_utf8:
            lines = head.rstrip(b"\r\n")
            head = head[: len(lines)] + (b"\n" if head.endswith(b"\n") else b"")
        return CsvSample(raw=head, is_whole=is_whole)

    def sample(self, picked: Sequence[tuple[Chunk, Sequence[int]]]) -> CsvSample:
        """Return some of its records, under its header."""
        return csv_sample(self._header.raw, picked, self._dialect)

    def unterminated_end(self) -> CsvSample | None:
        """Return a last record without a newline; None for none, or where that is not known."""
        tail = self._stream.tail(_TAIL_BYTES)
        if tail is None or tail.rstrip(b"\0").endswith(b"\n"):
            return None
        is_wide = self._dialect.encoding.startswith(("utf-16", "utf-32"))
        last = b"" if is_wide else tail[tail.rfind(b"\n") + 1 :]
        return CsvSample(raw=self.sample(()).raw + last, is_whole=True)

    def release(self) -> None:
        """Close the file, of which all is read; raises DataError if it changed meanwhile."""
        self._stream.check_unchanged()
        self._stream.close()

    def info(self) -> InputInfo:
        """Return what was read; raises DataError if the file changed since it was opened."""
        self._stream.check_unchanged()
        return InputInfo(
            path=self._stream.path,
            format="csv",
            bytes=self._stream.bytes_read,
            sha256=self._stream.hexdigest(),
            empty_lines=self._empty_lines,
        )

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
