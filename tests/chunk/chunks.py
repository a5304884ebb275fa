"""Short forms: a chunk of a table, its task, and what became of it."""

from __future__ import annotations

from typing import Any, Literal

import pyarrow as pa

from titanic_batch.alignment.options import AlignmentOptions
from titanic_batch.alignment.plan import plan_alignment
from titanic_batch.chunk.output import plan_output
from titanic_batch.chunk.score import score_chunk
from titanic_batch.chunk.task import FileContext, ScoredChunk
from titanic_batch.predict.base import ModelInfo
from titanic_batch.predict.sklearn_predictor import model_info
from titanic_batch.schema import TrainingSchema
from titanic_batch.schema.derive import derive_schema
from titanic_batch.sinks.base import Rows
from titanic_batch.sinks.csv_sink import CsvEncoder
from titanic_batch.sinks.parquet_sink import ArrowEncoder
from titanic_batch.sources.base import Chunk, Parser
from titanic_batch.sources.csv_parser import CsvParser
from titanic_batch.sources.dialect import declare_dialect
from titanic_batch.sources.parquet_source import ParquetParser


def parquet_chunk(table: pa.Table, *, first_row: int = 1) -> Chunk:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data = sink.getvalue().to_pybytes()
    return Chunk(data=data, first_row=first_row, row_count=table.num_rows)


def csv_chunk(text: str, *, first_row: int = 1) -> tuple[list[str], Chunk]:
    """Return the names and the one chunk of a CSV text without quoted newlines."""
    header, _, data = text.partition("\n")
    chunk = Chunk(data=data.encode(), first_row=first_row, row_count=data.count("\n"), first_line=2)
    return header.split(","), chunk


def make_context(
    estimator: Any,
    inputs: pa.Schema,
    parser: Parser,
    *,
    schema: TrainingSchema | None = None,
    keep: Any = "all",
    output_format: Literal["csv", "parquet"] = "parquet",
    threshold: float | None = None,
    prediction_column: str = "prediction",
    probability_column: str = "probability",
    max_rejects: int = 0,
    max_reject_share: float = 0.0,
    **options: Any,
) -> tuple[FileContext, ModelInfo]:
    text_cells = isinstance(parser, CsvParser)
    info = model_info(estimator)
    alignment = plan_alignment(
        schema or derive_schema(estimator),
        inputs,
        AlignmentOptions(**options),
        where="in.parquet",
        text_cells=text_cells,
    )
    output = plan_output(
        inputs,
        alignment,
        info,
        keep=keep,
        text_format="csv" if text_cells else None,
        output_format=output_format,
        prediction_column=prediction_column,
        probability_column=probability_column,
    )
    encoder = ArrowEncoder() if output_format == "parquet" else CsvEncoder()
    context = FileContext(
        input="in.parquet",
        parser=parser,
        alignment=alignment,
        output=output,
        encoder=encoder,
        threshold=threshold,
        max_rejects=max_rejects,
        max_reject_share=max_reject_share,
    )
    return context, info


def score_table(
    estimator: Any, table: pa.Table, *, first_row: int = 1, **options: Any
) -> tuple[ScoredChunk, pa.Table]:
    """Score a table as one chunk of a Parquet file; return its result and its output."""
    context, info = make_context(estimator, table.schema, ParquetParser(), **options)
    chunk = parquet_chunk(table, first_row=first_row)
    result = score_chunk(context, chunk, estimator, info)
    return result, decoded(result)


def score_text(estimator: Any, text: str, **options: Any) -> tuple[ScoredChunk, pa.Table]:
    """Score a CSV text as one chunk; return its result and its output."""
    names, chunk = csv_chunk(text)
    parser = CsvParser(names=tuple(names), dialect=declare_dialect(",", "utf-8"))
    inputs = pa.schema([(name, pa.string()) for name in names])
    context, info = make_context(estimator, inputs, parser, **options)
    result = score_chunk(context, chunk, estimator, info)
    return result, decoded(result) if options.get("output_format") != "csv" else None


def decoded(result: ScoredChunk) -> pa.Table:
    payload = result.payload
    return payload.table if isinstance(payload, Rows) else pa.table({})
