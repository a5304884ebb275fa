"""What becomes of a damaged file: read, aligned and scored in this process, without a model."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tests.damage.clean import SCHEMA, Row
from titanic_batch.alignment.number_format import PLAIN_NUMBERS, NumberFormat
from titanic_batch.alignment.options import AlignmentOptions
from titanic_batch.alignment.plan import plan_alignment
from titanic_batch.chunk.output import plan_output
from titanic_batch.chunk.score import score_chunk
from titanic_batch.chunk.task import FileContext
from titanic_batch.errors import TitanicBatchError
from titanic_batch.predict.base import ModelInfo
from titanic_batch.publish.rejects import Reject
from titanic_batch.sources.opening import open_source

INFO = ModelInfo(classes=None, has_probability=False, label_type=pa.float64())

Published = tuple[Row, float]


class Fingerprint:
    """Stands in for a model: its prediction tells any two different inputs apart."""

    def predict(self, features: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        return np.array([float(zlib.crc32(repr(row).encode())) for row in features.tolist()])


@dataclass
class Keep:
    """Stands in for a sink's encoder: keeps what would be published."""

    names: list[str]
    published: list[Published] = field(default_factory=list)

    def encode(self, table: pa.Table) -> bytes:
        *cells, predictions = (column.to_pylist() for column in table.columns)
        rows = zip(*cells, strict=True)
        self.published += zip(map(tuple, rows), predictions, strict=True)
        return b"rows"


@dataclass(frozen=True)
class Outcome:
    """Either `failure` says why the whole file failed, or the rows were published or rejected."""

    failure: str = ""
    names: tuple[str, ...] = ()
    published: Sequence[Published] = ()
    rejects: Sequence[Reject] = ()
    body: bytes = b""


def outcome(
    path: Path, *, chunk_bytes: int = 1 << 20, numbers: NumberFormat = PLAIN_NUMBERS, **options: Any
) -> Outcome:
    """Do to the file at `path` what a run that allows any number of rejects does."""
    try:
        source = open_source(
            str(path), chunk_bytes=chunk_bytes, max_record_bytes=1 << 20, **options
        )
    except TitanicBatchError as exc:
        return Outcome(failure=str(exc))
    try:
        plan = plan_alignment(
            SCHEMA,
            source.schema,
            AlignmentOptions(numbers=numbers),
            where=str(path),
            text_cells=source.text_cells,
        )
        output = plan_output(
            source.schema,
            plan,
            INFO,
            keep="all",
            text_format=source.text_format,
            output_format="csv",
            prediction_column="prediction",
            probability_column="probability",
        )
        kept = Keep(source.schema.names)
        context = FileContext(
            input=str(path), parser=source.parser, alignment=plan, output=output, encoder=kept
        )
        rejects: list[Reject] = []
        body = []
        read = 0
        for chunk in source.chunks():
            result = score_chunk(context, chunk, Fingerprint(), INFO)
            read += result.rows_read
            rejects += result.rejects
            if source.text_cells:  # Arrow pads its batches with anything
                body.append(chunk.data)
        source.info()
    except TitanicBatchError as exc:
        return Outcome(failure=str(exc))
    finally:
        source.close()
    # Every record of the file is published or rejected, once.
    assert read == len(kept.published) + len(rejects)
    assert len({reject.row for reject in rejects}) == len(rejects)
    return Outcome("", tuple(source.schema.names), kept.published, rejects, b"".join(body))
