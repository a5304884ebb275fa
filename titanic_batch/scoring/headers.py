"""Hold options against a model's columns and an input's header, without the model itself."""

from __future__ import annotations

from titanic_batch.alignment.option_checks import check_options
from titanic_batch.alignment.plan import plan_alignment
from titanic_batch.chunk.output import kept_columns
from titanic_batch.schema import TrainingSchema
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.reading import source_of


def check_header(path: str, schema: TrainingSchema, options: ScoreOptions) -> None:
    """Check that an input's columns can feed a model, and that every option means one of them.

    Raises:
        DataError: if a model column has no source, or one of another type.
        InputMissingError: if the input is empty.
        OutputError: if it cannot be read.
        UsageError: if an option names what does not exist.
    """
    source = source_of(path, options)
    try:
        if not source.schema.names:
            return  # empty, which the options allow
        plan_alignment(
            schema,
            source.schema,
            options.alignment,
            where=path,
            text_cells=source.text_cells,
        )
        kept_columns(source.schema, options.keep)
    finally:
        source.close()


def check_model_columns(schema: TrainingSchema, options: ScoreOptions) -> None:
    """Check that options mean the model's columns, before there is an input.

    Raises:
        UsageError: if one does not; what may mean a column of the input is not looked at.
    """
    alignment = options.alignment
    check_options(schema, [*alignment.rename, *alignment.unknown], alignment)
