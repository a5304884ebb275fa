"""Score a published output's input again, through scikit-learn alone, and compare.

This is what shows that a plan predicts as its model: `verify --recompute`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

from titanic_batch.chunk.output import OutputPlan, output_table, plan_output
from titanic_batch.chunk.prepare import Prepared, prepare
from titanic_batch.chunk.task import FileContext
from titanic_batch.engine.session import Session, open_session
from titanic_batch.errors import (
    DataError,
    InputMissingError,
    TitanicBatchError,
    UsageError,
)
from titanic_batch.interrupts import interruptible
from titanic_batch.models import VerifiedModel, open_model
from titanic_batch.models.reference import STORE
from titanic_batch.predict.compiled.link import TOLERANCE
from titanic_batch.predict.null_groups import InNullGroups
from titanic_batch.predict.sklearn_predictor import SklearnPredictor
from titanic_batch.publish.manifest import Manifest
from titanic_batch.publish.unpacked import open_unpacked
from titanic_batch.scoring.aligning import align_source
from titanic_batch.scoring.api import make_options
from titanic_batch.scoring.finding import InputFile, is_several
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.reading import source_of
from titanic_batch.scoring.reject_limit import reject_limit
from titanic_batch.scoring.skipping import PART_BYTES, is_input_of, is_model_of
from titanic_batch.sinks.base import Rows
from titanic_batch.sinks.parquet_sink import ArrowEncoder
from titanic_batch.sources.base import Chunk, Source
from titanic_batch.sources.formats import STDIN
from titanic_batch.stores import store_of
from titanic_batch.stores.names import join


@dataclass(frozen=True, kw_only=True)
class Recomputation:
    """Predictions that are as scikit-learn makes them.

    Attributes:
        rows: How many rows were compared.
        largest_difference: Of a probability or value, beside max(1, |value|).
    """

    rows: int
    largest_difference: float


def recompute(
    output: str, manifest: Manifest, *, sample: int | None = None, trust: Sequence[str] = ()
) -> Recomputation:
    """Score the input of a published output again, and compare.

    Args:
        output: The output, which matches its manifest.
        manifest: What was published.
        sample: About how many rows to compare, spread over all; None for all. Where the model
            failed on rows, all are: which ones that were shows only then.
        trust: SHA-256 hashes of model files that the caller vouches for.

    Raises:
        UsageError: if the input was standard input.
        InputMissingError: if it is gone.
        DataError: if the input or the model is another by now, or a prediction differs.
        ModelError, UntrustedModelError: if the model cannot be used.
    """
    path = manifest.input.path
    if path == STDIN:
        raise UsageError(
            "its input was standard input, which is gone",
            where=output,
            hint="Leave out --recompute.",
        )
    if store_of(path).stat(path) is None:
        raise InputMissingError("the input is gone", where=path)
    if is_several(path):
        raise UsageError(
            "its input was several files, and --recompute reads one",
            where=output,
            hint="Leave it out.",
        )
    file = InputFile(path=path, partition=tuple(manifest.partition.items()))
    if not is_input_of(manifest, file):
        raise DataError("the input has changed since", where=path, hint="Score it again.")
    told = {name: value for name, value in manifest.options.items() if name != PART_BYTES}
    options = make_options(**told)
    model = _model_of(manifest, options, trust)
    with interruptible():
        session = open_session(model)
    fails = manifest.rejects.by_reason.get("model-error", 0)
    every = 1 if sample is None or fails else max(manifest.rows.scored // max(sample, 1), 1)
    source = source_of(file, options)
    try:
        comparison = _Comparison(output, manifest, options)
        for rows, table, count in _predicted(source, session, options, path, every=every):
            comparison.compare(rows, table, count)
    finally:
        source.close()
    return comparison.result()


def _model_of(manifest: Manifest, options: ScoreOptions, trust: Sequence[str]) -> VerifiedModel:
    known = manifest.model
    ref = known.tag if known.loader == STORE else known.path or known.ref
    model = open_model(
        ref,
        trust=trust,
        allow_version_mismatch=options.allow_version_mismatch,
        ignore_custom_objects=options.ignore_custom_objects,
    )
    if not is_model_of(manifest, model):
        raise DataError(f"the model {ref} has changed since", where=manifest.output.path)
    return model


def _predicted(
    source: Source, session: Session, options: ScoreOptions, path: str, *, every: int
) -> Iterator[tuple[npt.NDArray[np.intp], pa.Table, int]]:
    """Yield, by chunk, some rows, what scikit-learn predicts of them, and how many there are.

    Rows are counted among those that are not rejected.
    """
    info = session.description.info
    alignment = align_source(session.description.schema, source, options.alignment, path=path)
    output = plan_output(
        source.schema,
        alignment,
        info,
        keep="none",
        output_format="parquet",
        prediction_column=options.prediction_column,
        probability_column=options.probability_column,
    )
    limit = reject_limit(options.max_rejects)
    context = FileContext(
        input=path,
        parser=source.parser,
        alignment=alignment,
        output=output,
        encoder=ArrowEncoder(),
        threshold=options.threshold,
        whole=options.allow_batch_dependence and not info.known_by_row,
        max_rejects=limit.count or 0,
        max_reject_share=limit.share or 0.0,
    )
    seen = 0
    for chunk in source.chunks():
        with interruptible():
            if every == 1:
                table = _all_of(session, context, chunk)
                rows, count = np.arange(table.num_rows), table.num_rows
            else:
                prepared = prepare(context, chunk)
                count = prepared.row_count
                rows = np.arange(-seen % every, count, every)
                table = _some_of(session, prepared, output, rows)
        yield rows, table, count
        seen += count


def _all_of(session: Session, context: FileContext, chunk: Chunk) -> pa.Table:
    (result,) = session.score([(context, chunk)])
    if isinstance(result, TitanicBatchError):
        raise result
    if not isinstance(result.payload, Rows):
        assert context.output is not None, "something is predicted"
        return context.output.schema.empty_table()
    return result.payload.table


def _some_of(
    session: Session, prepared: Prepared, output: OutputPlan, rows: npt.NDArray[np.intp]
) -> pa.Table:
    if not rows.size or prepared.features is None:
        return output.schema.empty_table()
    context = prepared.context
    predictor = InNullGroups(
        SklearnPredictor(
            estimator=session.estimator,
            info=session.description.info,
            alignment=context.alignment,
            threshold=context.threshold,
        ),
        context.alignment,
    )
    predictions = predictor.predict([column[rows] for column in prepared.features])
    return output_table(output, prepared.parsed.cells, {}, rows, predictions)


class _Comparison:
    """Holds predictions against a published output."""

    def __init__(self, output: str, manifest: Manifest, options: ScoreOptions) -> None:
        self._path = output
        self._files = (
            [output]
            if manifest.parts is None
            else [join(output, part["name"]) for part in manifest.parts]
        )
        self._format = manifest.output.format
        self._scored = manifest.rows.scored
        self._options = options
        self._published: pa.Table | None = None
        self._seen = 0
        self._rows = 0
        self._largest = 0.0

    def compare(self, rows: npt.NDArray[np.intp], predicted: pa.Table, count: int) -> None:
        """Compare some of the next `count` rows; raises DataError at a difference."""
        rows = self._seen + rows
        self._seen += count
        if self._published is None:
            self._published = pa.concat_tables(
                _read(path, self._format, predicted.schema) for path in self._files
            )
        if self._seen > self._published.num_rows:
            raise self._differs("it has fewer rows than are scored now")
        published = self._published.take(pa.array(rows))
        for name in predicted.column_names:
            self._compare_column(name, rows, published.column(name), predicted.column(name))
        self._rows += len(rows)

    def _compare_column(
        self, name: str, rows: npt.NDArray[np.intp], found: Any, wanted: Any
    ) -> None:
        if not pa.types.is_floating(wanted.type):
            wrong = np.array(
                [a != b for a, b in zip(found.to_pylist(), wanted.to_pylist(), strict=True)],
                dtype=bool,
            )
        else:
            values = wanted.to_numpy()
            gaps = np.abs(found.to_numpy() - values) / np.maximum(1.0, np.abs(values))
            wrong = ~(gaps <= TOLERANCE)
            self._largest = max(self._largest, float(gaps.max(initial=0.0)))
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise self._differs(
                f"row {int(rows[at]) + 1}, column {name}: it says {found[at].as_py()}, "
                f"scikit-learn says {wanted[at].as_py()} ({int(wrong.sum()):,} rows differ there)"
            )

    def result(self) -> Recomputation:
        """Return how many rows were the same; raises DataError where some were not scored now."""
        if self._seen != self._scored:
            raise self._differs(f"it has {self._scored:,} rows, and {self._seen:,} are scored now")
        return Recomputation(rows=self._rows, largest_difference=self._largest)

    def _differs(self, what: str) -> DataError:
        return DataError(what, where=self._path, hint="Please report it, with the manifest.")


def _read(path: str, kind: str, schema: pa.Schema) -> pa.Table:
    """Return the predictions in a published output, in the types that they have there."""
    if kind == "parquet":
        opened = store_of(path).open(path)
        with opened.file:
            return pq.read_table(opened.local_name, columns=schema.names)
    with open_unpacked(path) as file:
        content = pa.BufferReader(file.read())  # of a Python file, Arrow reads ahead in threads
    if kind == "jsonl":
        options = pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
        return pa.json.read_json(content, parse_options=options).select(schema.names)
    return pa.csv.read_csv(
        content,
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            include_columns=schema.names,
            column_types={field.name: field.type for field in schema},
            strings_can_be_null=False,
        ),
    )
