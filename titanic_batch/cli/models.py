"""The `models` commands: what the store holds, and whom to trust.

Every command parses its arguments, makes one library call, and renders what it returns. The library
is imported within the command, so that `--help` waits for none of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from titanic_batch.cli import models_view as view
from titanic_batch.cli.common import AsJson, Trust, with_common_options
from titanic_batch.cli.console import print_json
from titanic_batch.cli.models_save import save_command, train_command

ModelRef = Annotated[
    str,
    typer.Argument(
        metavar="REF", help="NAME, NAME:latest or NAME:VERSION in the store, or a model file."
    ),
]

models_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    short_help="List, show, train, save, trust and move models.",
    help="Example: `titanic-batch models list`\n\n"
    "List, show, train, save, trust, export, import and delete models.",
)


@models_app.command("list", short_help="List the models in the BentoML store.")
@with_common_options
def list_command(as_json: AsJson = False) -> None:
    """Example: `titanic-batch models list --json`

    List the models in the BentoML store ($BENTOML_HOME): tag, when it was made, size, framework,
    and whether it is trusted ("-" for models that titanic-batch cannot load).
    """
    from titanic_batch.models import list_models

    models = list_models()
    if as_json:
        print_json(view.document(models))
    else:
        view.show_list(models)


@models_app.command("show", short_help="Show all that is known of a model, without loading it.")
@with_common_options
def show_command(ref: ModelRef = "titanic_model:latest", as_json: AsJson = False) -> None:
    """Example: `titanic-batch models show titanic_model:latest`

    Show a model's columns, metrics, labels, versions, hash and trust. It is not unpickled, so this
    is safe with a model from anywhere.
    """
    from titanic_batch.models import show_model
    from titanic_batch.scoring.choosing import kept_predictor

    details = show_model(ref)
    predictor = kept_predictor(details.sha256, details.schema).words
    if as_json:
        print_json({**view.document(details), "predictor": predictor})
    else:
        view.show_details(details, predictor)


@models_app.command("trust", short_help="Trust a model from now on.")
@with_common_options
def trust_command(ref: ModelRef, as_json: AsJson = False) -> None:
    """Example: `titanic-batch models trust best_model.pkl`

    Record the model's SHA-256 in your trust ledger, so that score, check and run load it. It is
    loaded to make its scoring plan, where it has one. A pickle runs whatever its author wrote into
    it: trust only what you know the origin of. Another version, under the same name too, must be
    trusted for itself.
    """
    from titanic_batch.models import trust_model

    change = trust_model(ref)
    view.compile_now(ref)
    if as_json:
        print_json(view.document(change))
    else:
        view.line(f"trusted {change.ref} (SHA-256 {change.hashes[0]})")


@models_app.command("untrust", short_help="Take a model out of the trust ledger.")
@with_common_options
def untrust_command(
    ref: Annotated[str, typer.Argument(metavar="REF|SHA256", help="A model, or a hash.")],
    as_json: AsJson = False,
) -> None:
    """Example: `titanic-batch models untrust best_model.pkl`

    Take a model out of your trust ledger: the one that REF means now, and older ones that were
    recorded under the same name.
    """
    from titanic_batch.models import untrust_model
    from titanic_batch.predict.compiled.plan_cache import forget_plans, plan_folder

    change = untrust_model(ref)
    for sha256 in change.hashes:
        forget_plans(plan_folder(), sha256)
    view.warn([f"still trusted by {by}" for by in change.still_trusted_by])
    if as_json:
        print_json(view.document(change))
    else:
        for sha256 in change.hashes:
            view.line(f"no longer in your ledger: {change.ref} (SHA-256 {sha256})")


@models_app.command("compile", short_help="Make and prove a model's scoring plan now.")
@with_common_options
def compile_command(
    ref: ModelRef,
    folder: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            help="Where to keep the plan, to be found there with TITANIC_BATCH_CACHE=DIR.",
            show_default="$TITANIC_BATCH_CACHE, or your cache folder",
        ),
    ] = None,
    trust: Trust = None,
    as_json: AsJson = False,
) -> None:
    """Example: `titanic-batch models compile titanic_model:latest -o plans/`

    Make the model's scoring plan, and compare it with scikit-learn on every threshold, category
    and null, and on thousands of rows. Runs that find it score several times faster, with the same
    labels. train, save, trust and a score of more than 10 MB do this by themselves, for your cache
    folder; this is for images and homes that cannot be written.
    """
    from titanic_batch.scoring.compiling import compile_model

    compiled = compile_model(ref, folder=folder, trust=trust or ())
    view.warn([compiled.warning] if compiled.warning else [])
    if as_json:
        print_json(view.document(compiled))
    else:
        view.line(f"compiled {compiled.ref}: {compiled.path}")


@models_app.command("export", short_help="Write a model of the store to an archive.")
@with_common_options
def export_command(
    ref: ModelRef,
    target: Annotated[
        Path,
        typer.Argument(metavar="[PATH]", help="A folder, or a .bentomodel, .tar.gz or .zip file."),
    ] = Path(),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that is there.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Example: `titanic-batch models export titanic_model:latest model.bentomodel`

    Write a model of the store to an archive in BentoML's own format, which `models import` and
    plain `bentoml models import` read.
    """
    from titanic_batch.models import export_model

    path = export_model(ref, target, overwrite=overwrite)
    if as_json:
        print_json({"ref": ref, "path": str(path)})
    else:
        view.line(str(path))


@models_app.command("import", short_help="Put the model of an archive into the store.")
@with_common_options
def import_command(
    source: Annotated[Path, typer.Argument(metavar="PATH", help="The archive.")],
    as_json: AsJson = False,
) -> None:
    """Example: `titanic-batch models import model.bentomodel`

    Put a model that `models export` or `bentoml models export` wrote into the store. It is not
    trusted by that, unless it was before.
    """
    from titanic_batch.models import import_model

    summary = import_model(source)
    if summary.trusted is False:
        view.note(
            f"It is not trusted. If you know who made it: titanic-batch models trust {summary.tag}"
        )
    if as_json:
        print_json(view.document(summary))
    else:
        view.line(f"imported {summary.tag}")


@models_app.command("delete", short_help="Delete a model from the store.")
@with_common_options
def delete_command(
    ref: ModelRef,
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete also what NAME or NAME:latest means now.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Example: `titanic-batch models delete titanic_model:f4yrc2xgnc2cqax4`

    Delete one version of a model from the store, and say which. NAME and NAME:latest mean another
    version from time to time, so they need --yes. It never asks.
    """
    from titanic_batch.models import delete_model

    summary = delete_model(ref, yes=yes)
    if as_json:
        print_json(view.document(summary))
    else:
        view.line(f"deleted {summary.tag} ({summary.framework}, made {summary.created or '?'})")


models_app.command("train", short_help="Train the reference model.")(train_command)
models_app.command("save", short_help="Register an existing model, with its schema.")(save_command)
