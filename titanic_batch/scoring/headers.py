"""Hold options against a model's columns and an input's header, without the model itself."""

from __future__ import annotations

import pyarrow as pa

from titanic_batch.alignment.option_checks import check_options
from titanic_batch.chunk.output import plan_output
from titanic_batch.predict.base import ModelInfo
from titanic_batch.schema import TrainingSchema
from titanic_batch.scoring.aligning import align_source
from titanic_batch.scoring.inputs import FilePair
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.reading import source_of

#: As much as is known of a model that is not loaded.
_ANY_MODEL = ModelInfo(classes=None, has_probability=False, label_type=pa.string())


def check_header(pair: FilePair, schema: TrainingSchema, options: ScoreOptions) -> None:
    """Check that an input's columns can feed a model and be written, as the options say.

    Whether a probability's column would clash is not known before the model is loaded.

    Raises:
        DataError: if a model column has no source, or one of another type.
        InputMissingError: if the input is empty.
        FileAccessError: if it cannot be read.
        UsageError: if an option names what does not exist.
    """
    source = source_of(pair.file, options)
    try:
        if not source.schema.names:
            return  # empty, which the options allow
        alignment = align_source(schema, source, options.alignment, path=pair.input)
        plan_output(
            source.schema,
            alignment,
            _ANY_MODEL,
            keep=options.keep,
            text_format=source.text_format,
            output_format=pair.output_format,
            prediction_column=options.prediction_column,
            probability_column=options.probability_column,
        )
    finally:
        source.close()


def check_model_columns(schema: TrainingSchema, options: ScoreOptions) -> None:
    """Check that options mean the model's columns, before there is an input.

    Raises:
        UsageError: if one does not; what may mean a column of the input is not looked at.
    """
    alignment = options.alignment
    check_options(schema, [*alignment.rename, *alignment.unknown], alignment)
