"""The `models` commands that make models: train and save."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from titanic_batch.cli import models_view as view
from titanic_batch.cli.common import AsJson, Trust, with_common_options
from titanic_batch.cli.console import print_json
from titanic_batch.errors import UsageError
from titanic_batch.interrupts import interruptible
from titanic_batch.scoring.option_texts import parse_mappings, parse_pairs

PicklePath = Annotated[
    Path | None,
    typer.Option("--pickle", metavar="PATH", help="Write the model as a pickle there as well."),
]


@with_common_options
def train_command(
    seed: Annotated[int, typer.Option(help="The same seed gives the same model.")] = 0,
    name: Annotated[str, typer.Option(help="Name in the store.")] = "titanic_model",
    pickle_path: PicklePath = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Training list.", show_default="sample_data/train.csv"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Example: `titanic-batch models train --pickle best_model.pkl`

    Train the reference model: cross-validate a few candidate pipelines on the passenger list, print
    how they compare, and save the best with its training schema. It takes a few seconds.
    """
    with interruptible():  # scikit-learn comes with it
        from titanic_batch.training.train import train_reference_model

    report = train_reference_model(seed=seed, name=name, pickle_path=pickle_path, data=data)
    view.warn(report.model.warnings)
    view.compile_now(report.model.tag)
    if as_json:
        print_json(view.document(report))
    else:
        view.show_training(report)


@with_common_options
def save_command(
    ref: Annotated[str, typer.Argument(metavar="FILE", help="The model to register.")],
    *,
    name: Annotated[
        str | None, typer.Option(help="Name in the store.", show_default="from the file's name")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its training data, to learn from.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="What is predicted; with --data, a column of it."),
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option(metavar="CHAR", help="Between the cells of --data, as in score."),
    ] = None,
    encoding: Annotated[
        str, typer.Option(metavar="NAME", help="The encoding of --data, as in score.")
    ] = "utf-8",
    decimal: Annotated[
        str | None,
        typer.Option(metavar="CHAR", help="Before the fraction in numbers of --data, as in score."),
    ] = None,
    thousands: Annotated[
        str | None,
        typer.Option(metavar="CHAR", help="Between thousands in --data, as in score."),
    ] = None,
    escape: Annotated[
        str | None,
        typer.Option(metavar="CHAR", help="Before quotes inside quotes in --data, as in score."),
    ] = None,
    skip_lines: Annotated[
        int, typer.Option(metavar="N", min=0, help="Lines before the header of --data.")
    ] = 0,
    trim: Annotated[
        bool, typer.Option("--trim", help="Drop spaces around the cells of --data, as in score.")
    ] = False,
    null: Annotated[
        list[str] | None,
        typer.Option(metavar="TOKEN", help="A text in --data that means null, as in score."),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="Columns of a model trained on a bare array."),
    ] = None,
    rename: Annotated[
        list[str] | None,
        typer.Option(metavar="OLD=NEW", help="Input column OLD feeds model column NEW."),
    ] = None,
    fill: Annotated[
        list[str] | None, typer.Option(metavar="COL=VALUE", help="What fills a null.")
    ] = None,
    allow_null: Annotated[
        list[str] | None, typer.Option(metavar="COL", help="Let nulls reach the model.")
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COL:a=0,b=1", help="How a column was encoded by hand."),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="VALUE=TEXT", help="What a predicted label means."),
    ] = None,
    trust: Trust = None,
    ignore_custom_objects: Annotated[
        bool,
        typer.Option(
            "--ignore-custom-objects",
            help="Save a stored model without the custom objects that were saved with it.",
        ),
    ] = False,
    pickle_path: PicklePath = None,
    as_json: AsJson = False,
) -> None:
    """Example: `titanic-batch models save best_model.pkl --data train.csv --target Survived`

    Register an existing model in the store, with a training schema: learned from --data, or the one
    it carries, or derived from the estimator. The options that change it are the same as in
    `score`, and hold for every later run. The model must be trusted, as in `score`. A pickle's
    bytes are kept as they are. A CSV file is read as pandas.read_csv reads it, nulls such as NA
    included; those that were met in text are null in every later run, and printed.
    """
    from titanic_batch.alignment.number_format import declare_numbers
    from titanic_batch.sources.dialect import declare_dialect
    from titanic_batch.training import Reading, SchemaEdits, register_model

    dialect = declare_dialect(
        delimiter or ",", encoding, escape=escape, skip_lines=skip_lines, trim=trim
    )
    reading = Reading(
        delimiter=None if delimiter is None else dialect.delimiter.decode(),
        encoding=dialect.encoding,
        null_tokens=tuple(null or ()),
        escape=escape,
        skip_lines=skip_lines,
        trim=trim,
        numbers=declare_numbers(decimal, thousands),
    )
    if data is None and reading != Reading():
        raise UsageError(
            "--delimiter, --encoding, --null and their like say how --data is read, and there is "
            "none",
            hint="Add --data train.csv, or leave them out.",
        )
    sources = parse_pairs(rename or (), "--rename", "OLD=NEW")
    edits = SchemaEdits(
        sources={new: old for old, new in sources.items()},
        fills=parse_pairs(fill or (), "--fill", "COL=VALUE"),
        nulls=tuple(allow_null or ()),
        mappings=parse_mappings(mapping or (), "--map"),
        labels=parse_pairs(label or (), "--label", "VALUE=TEXT"),
    )
    model = register_model(
        ref,
        name=name,
        data=data,
        target=target,
        reading=reading,
        features=_split_names(features, "--features"),
        edits=edits,
        trust=trust or (),
        ignore_custom_objects=ignore_custom_objects,
        pickle_path=pickle_path,
    )
    view.warn(model.warnings)
    view.compile_now(model.tag)
    if as_json:
        print_json(view.document(model))
    else:
        view.show_saved(model)


def _split_names(text: str | None, option: str) -> tuple[str, ...] | None:
    """Return A,B,C as a tuple, None where the option was not given.

    Raises:
        UsageError: if a name is empty or comes twice.
    """
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(","))
    if "" in names or len(set(names)) < len(names):
        raise UsageError("it takes different names, separated by commas", where=option)
    return names
