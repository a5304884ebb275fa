"""RejectedRows: the rejected rows that are kept for messages, the manifest and advice."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice

from titanic_batch.chunk.task import ScoredChunk
from titanic_batch.publish.rejects import Reject
from titanic_batch.scoring.advice.case import Case, Picked
from titanic_batch.scoring.refusing import SHOWN_REJECTS
from titanic_batch.scoring.report import RunTotals
from titanic_batch.sources.base import Chunk, Source


@dataclass(kw_only=True)
class RejectedRows:
    """The first rejects of a file, and some chunks that hold rejected rows.

    Attributes:
        first: The first rejects.
    """

    first: list[Reject] = field(default_factory=list)
    _model_errors: list[Reject] = field(default_factory=list)
    _picked: Picked = field(default_factory=Picked)

    def add(self, chunk: Chunk, result: ScoredChunk) -> None:
        """Take what is of use from a chunk's result."""
        self.first.extend(result.rejects[: SHOWN_REJECTS - len(self.first)])
        said = (reject for reject in result.rejects if reject.said)
        self._model_errors.extend(islice(said, SHOWN_REJECTS - len(self._model_errors)))
        self._picked.add(chunk, result)

    @property
    def model_errors(self) -> tuple[str, ...]:
        """The errors of the first rows on which the model fails; they may quote cells."""
        return tuple(
            f"the model fails on row {reject.row:,}: {reject.said}" for reject in self._model_errors
        )

    @property
    def model_error_kinds(self) -> list[str]:
        """The names of the exceptions that it raised on them; they quote no cell."""
        return sorted({reject.said.partition(":")[0] for reject in self._model_errors})

    def case_of(self, path: str, source: Source, totals: RunTotals, *, is_complete: bool) -> Case:
        """Return what is in hand of a file that is refused for its rows.

        Args:
            path: The file.
            source: What reads it.
            totals: What was met in it.
            is_complete: Whether that is all of it.
        """
        sample, rows = self._picked.sample_of(source)
        return Case(
            path=path,
            partition=source.partition,
            sample=sample,
            rows=rows,
            read=totals.read,
            rejected=totals.rejected,
            counts=totals.counts,
            by_reason=totals.by_reason,
            is_complete=is_complete,
        )

    def let_go(self) -> None:
        """Let go of the chunks."""
        self._picked = Picked()
