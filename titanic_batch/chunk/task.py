"""A chunk's context and its result: what goes to a worker and back. Imports nothing heavy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.alignment.counts import AlignmentCounts
from titanic_batch.chunk.output import OutputPlan
from titanic_batch.chunk.profile import Profile, ProfilePlan
from titanic_batch.predict.cache import PredictionCache
from titanic_batch.publish.rejects import Reject
from titanic_batch.sinks.base import Encoder, Payload
from titanic_batch.sources.base import Parser


@dataclass(frozen=True, kw_only=True)
class FileContext:
    """Everything but the chunk and the model that scoring a chunk takes; one per input file.

    Attributes:
        input: The input's name, for errors.
        parser: Reads the chunk.
        alignment: How the model's columns are fed.
        output: What the output holds; None to validate only.
        encoder: Makes the sink's payload of the output.
        file_encoder: Makes the whole output file, of a chunk that is all of the input; None to
            leave that to the sink.
        threshold: See `predict`.
        cache: Takes what is predicted, for a run that resumes this one; None for nothing.
        profile: What is counted by bin; None for nothing.
        whole: Whether the model is asked for all rows of a chunk at once, for it may look from one
            at another.
        trial: Whether it is tried if it does.
        max_rejects: How many rows of the input may be rejected; see `failing.most_failing`.
        max_reject_share: Which share of them may.
    """

    input: str
    parser: Parser
    alignment: AlignmentPlan
    output: OutputPlan | None = None
    encoder: Encoder | None = None
    file_encoder: Encoder | None = None
    threshold: float | None = None
    cache: PredictionCache | None = None
    profile: ProfilePlan | None = None
    whole: bool = False
    trial: bool = False
    max_rejects: int = 0
    max_reject_share: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ScoredChunk:
    """The result of one chunk: every row of it is scored or rejected.

    Attributes:
        rows_read: Records in the chunk.
        rows_scored: Rows in `payload`.
        rows_cached: Rows that an earlier run has predicted.
        rows_by_estimator: Where a plan predicts: rows that the estimator itself predicted.
        rejects: The records that were rejected, in order, each with its first fault.
        other_faults: Faults of rejected records beyond their first, by reason.
        counts: What alignment met.
        payload: The encoded output rows, in order; empty where only validated.
        is_file: Whether `payload` is the whole output file.
        profile: What the context asks to be counted.
        rows_tried: How many rows the model was tried on.
        trimmed: Cells that had padding around them, by input column.
    """

    rows_read: int
    rows_scored: int
    rows_cached: int = 0
    rows_by_estimator: int = 0
    rejects: tuple[Reject, ...] = ()
    other_faults: Counter[str] = field(default_factory=Counter)
    counts: AlignmentCounts = field(default_factory=AlignmentCounts)
    payload: Payload = b""
    is_file: bool = False
    profile: Profile | None = None
    rows_tried: int = 0
    trimmed: Mapping[str, int] = field(default_factory=dict)
