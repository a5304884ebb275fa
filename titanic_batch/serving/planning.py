"""Plan scoring that keeps no input columns: the model's columns in, scores out."""

from __future__ import annotations

import sys

import pyarrow as pa

from titanic_batch.alignment.number_format import PLAIN_NUMBERS, NumberFormat
from titanic_batch.alignment.options import AlignmentOptions
from titanic_batch.alignment.plan import plan_alignment
from titanic_batch.chunk.output import plan_output
from titanic_batch.chunk.task import FileContext, ScoredChunk
from titanic_batch.predict.base import ModelDescription
from titanic_batch.serving.outcomes import RecordOutcome, Scored, refusal
from titanic_batch.sinks.base import Payload, Rows
from titanic_batch.sinks.parquet_sink import ArrowEncoder
from titanic_batch.sources.base import Chunk, Parser

PREDICTION = "prediction"
PROBABILITY = "probability"


def scoring_context(
    schema: pa.Schema,
    parser: Parser,
    description: ModelDescription,
    *,
    input: str,
    text_cells: bool,
    numbers: NumberFormat = PLAIN_NUMBERS,
) -> FileContext:
    """Plan how columns are scored, as `titanic-batch score --keep none` does.

    Args:
        schema: The columns and their types.
        parser: Reads chunks of them.
        description: What is known of the model.
        input: Its name, for errors.
        text_cells: Whether every cell is text that is still to be read (CSV).
        numbers: How such text writes numbers.

    Raises:
        DataError: if they do not fit the model.
    """
    alignment = plan_alignment(
        description.schema,
        schema,
        AlignmentOptions(numbers=numbers),
        where=input,
        text_cells=text_cells,
    )
    output = plan_output(
        schema,
        alignment,
        description.info,
        keep="none",
        output_format="parquet",
        prediction_column=PREDICTION,
        probability_column=PROBABILITY,
    )
    return FileContext(
        input=input,
        parser=parser,
        alignment=alignment,
        output=output,
        encoder=ArrowEncoder(),
        max_rejects=sys.maxsize,  # each record has its own outcome, however many are refused
    )


def outcomes_of(result: ScoredChunk, chunk: Chunk) -> list[RecordOutcome]:
    """Return what a chunk's result says of each of its records, in order."""
    rejected = {reject.row: reject for reject in result.rejects}
    scored = iter(_scored_rows(result.payload))
    return [
        refusal(rejected[row].reason, rejected[row].column, rejected[row].said)
        if row in rejected
        else next(scored)
        for row in range(chunk.first_row, chunk.first_row + chunk.row_count)
    ]


def _scored_rows(payload: Payload) -> list[Scored]:
    rows = payload.table.to_pylist() if isinstance(payload, Rows) else []
    return [Scored(label=row.pop(PREDICTION), probabilities=row) for row in rows]
