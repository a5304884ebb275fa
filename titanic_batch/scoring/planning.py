"""Plan how a file is scored, once for each header that a run meets."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.chunk.output import OutputPlan, plan_output
from titanic_batch.predict.base import ModelDescription, check_threshold
from titanic_batch.scoring.aligning import align_source
from titanic_batch.scoring.inputs import FilePair
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.sinks.base import Encoder, Format
from titanic_batch.sinks.formats import format_of
from titanic_batch.sinks.names import Compression, OutputFormat
from titanic_batch.sources.base import Source
from titanic_batch.unnamed import unnamed_in

_Key = tuple[
    pa.Schema, tuple[str, ...], str | None, frozenset[str], OutputFormat, Compression | None
]


@dataclass(frozen=True, kw_only=True)
class FilePlan:
    """The ways from a file's columns to the model's and the output's.

    Attributes:
        alignment: The model's columns.
        output: The output's columns.
        format: How the output is written.
        file_encoder: The format's, made once.
    """

    alignment: AlignmentPlan
    output: OutputPlan
    format: Format
    file_encoder: Encoder


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Plans the files of a run; thousands of small files mostly have one header.

    Attributes:
        description: What is known of the model.
        options: What the run was told.
        metadata: What outputs carry where their format has a place for it.
    """

    description: ModelDescription
    options: ScoreOptions
    metadata: dict[str, str]
    _plans: dict[_Key, FilePlan] = field(default_factory=dict, repr=False)

    def plan(self, pair: FilePair, source: Source) -> FilePlan:
        """Return the plan of one file.

        Raises:
            DataError: if a model column has no source, or two.
            UsageError: if an option does not go with the model or the file.
        """
        schema = source.schema
        partition = frozenset(name for name, _ in source.partition)
        key = (
            schema,
            unnamed_in(schema),
            source.text_format,
            partition,
            pair.output_format,
            pair.compression,
        )
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._make(pair, source)
        return plan

    def _make(self, pair: FilePair, source: Source) -> FilePlan:
        options, info = self.options, self.description.info
        check_threshold(options.threshold, info)
        is_empty = not source.schema.names and options.allow_empty
        alignment = (
            AlignmentPlan(
                column_mappings=(), dropped=(), named=True
            )  # no bytes, no columns, no rows
            if is_empty
            else align_source(self.description.schema, source, options.alignment, path=pair.input)
        )
        output = plan_output(
            source.schema,
            alignment,
            info,
            keep="none" if is_empty else options.keep,
            text_format=source.text_format,
            output_format=pair.output_format,
            prediction_column=options.prediction_column,
            probability_column=options.probability_column,
            partition=[name for name, _ in source.partition],
        )
        written = format_of(
            pair.output_format,
            output.schema,
            self.metadata,
            output.repeating,
            pair.compression,
        )
        return FilePlan(
            alignment=alignment, output=output, format=written, file_encoder=written.file
        )
