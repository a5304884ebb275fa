"""Score parts through an engine: each into a file of its own in the private folder."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from titanic_batch.chunk.task import FileContext, ScoredChunk
from titanic_batch.engine.base import ChunkTask, Engine
from titanic_batch.errors import TitanicBatchError
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.parts.folder import PartsFolder
from titanic_batch.parts.inputs import Part, Piece
from titanic_batch.parts.receipts import Receipt
from titanic_batch.parts.setting import Setting
from titanic_batch.publish.rejects import MODE as REJECTS_MODE
from titanic_batch.publish.together import Steps
from titanic_batch.scoring.finishing import Finisher
from titanic_batch.scoring.refusing import SHOWN_REJECTS
from titanic_batch.scoring.report import RunTotals
from titanic_batch.scoring.trying import trial_of
from titanic_batch.sinks.base import Sink
from titanic_batch.sources.base import Chunk


class PartFile:
    """A part that is being written.

    Args:
        index: Which one.
        setting: What it shares with the others.
        folder: Where it goes.
        mode: The permission bits of its file.
    """

    def __init__(self, index: int, setting: Setting, folder: PartsFolder, mode: int) -> None:
        self.index = index
        self.part: Part | None = None  # known when its last chunk was sent
        self.on_their_way = 0  # chunks that were sent
        self.totals = RunTotals()
        self.receipt: Receipt | None = None
        self.is_complete = True  # whether its file holds all rows that were scored
        self._said: list[tuple[int, str]] = []
        self._setting = setting
        self._folder = folder
        self._mode = mode
        self._sink: Sink | None = None
        self._data, self.rejects = folder.stage(index, setting.options.output_format)
        self._held = contextlib.ExitStack()
        self._held.callback(self._data.discard)
        self._held.callback(self.rejects.discard)

    def take(self, result: ScoredChunk) -> None:
        """Take the next chunk's result; raises FileAccessError where the system refuses."""
        self.totals.add(result)
        self.rejects.add(result.rejects)
        said = [(reject.row, reject.said) for reject in result.rejects if reject.said]
        self._said += said[: SHOWN_REJECTS - len(self._said)]
        if result.payload:
            self._open_sink().write(result.payload)
        elif result.rows_scored:
            self.is_complete = False

    def finish(self) -> Steps:
        """Bring the part to the disk under its final name, step by step, and write its receipt."""
        part, setting = self.part, self._setting
        assert part is not None
        if self.totals.read != part.span.rows or not self.is_complete:
            raise TitanicBatchError(
                f"rows do not add up: part {self.index} has {part.span.rows:,}, "
                f"{self.totals.read:,} were read",
                hint="Please report it; nothing was published.",
            )
        try:
            yield from self._finish(part, setting.name_of(self.index, part))
        finally:
            self.close()

    def _finish(self, part: Part, name: str) -> Steps:
        self._open_sink().finish()
        self._data.seal(self._mode)
        rejects = self.rejects.staged
        if rejects is not None:
            rejects.seal(REJECTS_MODE)
        yield [self._data, *([rejects] if rejects is not None else [])]
        if rejects is not None:
            rejects.commit(name=self._folder.rejects_path(name))
        self._data.commit(name=self._folder.path / name)
        receipt = Receipt(
            name=name,
            sha256=self._data.sha256,
            bytes=self._data.bytes_written,
            first_row=part.first_row,
            totals=self.totals,
            rejects_sha256=rejects.sha256 if rejects is not None else None,
            said=tuple(self._said),
            profiled=self._setting.profiles,
        )
        self._folder.write_receipt(receipt)  # it syncs its folder; the commit syncs the other
        self.receipt = receipt

    def close(self) -> None:
        """Drop what is not finished."""
        self._held.close()
        self._sink = None

    def _open_sink(self) -> Sink:
        if self._sink is None:
            self._sink = self._setting.plan.format.open(self._data)  # type: ignore[arg-type]
            self._held.callback(self._sink.close)
        return self._sink


@dataclass(frozen=True)
class Taken:
    """A chunk whose result a part has taken."""

    file: PartFile
    chunk: Chunk
    result: ScoredChunk


class PartsScoring:
    """Sends the chunks of parts through an engine, and finishes each part with its last result.

    Args:
        setting: What the parts share.
        folder: Where they go.
        mode: The permission bits of their files.
    """

    def __init__(self, setting: Setting, folder: PartsFolder, *, mode: int) -> None:
        self.validates_only = False
        self.files: list[PartFile] = []  # those that were begun, in order
        self._setting = setting
        self._folder = folder
        self._mode = mode

    def run(
        self,
        engine: Engine,
        items: Iterable[Piece | Part],
        finisher: Finisher,
        *,
        first: int = 0,
        finished: Collection[int] = (),
    ) -> Iterator[Taken]:
        """Score parts; yield the result of each chunk, in order.

        Args:
            engine: What scores.
            items: Each part after its chunks.
            finisher: Calls what ends each of them.
            first: Index of the first of them.
            finished: Indices of those that need no chunks; it may grow meanwhile.

        Raises:
            TitanicBatchError: what a part ends in; it names the part.
        """
        sent: deque[tuple[PartFile, Chunk]] = deque()

        def tasks() -> Iterator[ChunkTask]:
            index, file = first, None
            for item in items:
                stop_if_interrupted()
                file = file or self._begin(index)
                if isinstance(item, Piece):
                    file.on_their_way += 1
                    sent.append((file, item.chunk))
                    yield ChunkTask(index, self._context(item), item.chunk)
                    continue
                if index in finished:
                    self.files.remove(file)
                else:
                    file.part = item
                    self._finish_if_complete(file, finisher)
                index, file = index + 1, None

        trial = trial_of(self._setting.description.info, self._setting.options)
        for outcome in trial.map(engine, tasks()):
            stop_if_interrupted()
            file, chunk = sent.popleft()
            file.on_their_way -= 1
            if isinstance(outcome.result, TitanicBatchError):
                raise of_part(file.index, outcome.result)
            file.take(outcome.result)
            yield Taken(file, chunk, outcome.result)
            self._finish_if_complete(file, finisher)

    def close(self) -> None:
        """Drop what is not finished."""
        for file in self.files:
            file.close()

    def _begin(self, index: int) -> PartFile:
        file = PartFile(index, self._setting, self._folder, self._mode)
        self.files.append(file)
        return file

    def _context(self, piece: Piece) -> FileContext:
        context = self._setting.context_of(piece)
        return replace(context, output=None, encoder=None) if self.validates_only else context

    def _finish_if_complete(self, file: PartFile, finisher: Finisher) -> None:
        if file.part is not None and not file.on_their_way and not self.validates_only:
            finisher(file.finish())


def of_part(index: int, error: TitanicBatchError) -> TitanicBatchError:
    """Return an error that says which part it is about."""
    prefix = f"part {index}: "
    if not error.message.startswith("part "):
        error.message = prefix + error.message
        if error.logged_message is not None:
            error.logged_message = prefix + error.logged_message
    return error
