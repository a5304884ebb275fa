"""Show models: results on stdout, everything else on stderr."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from titanic_batch.cli.console import log, stdout, style
from titanic_batch.cli.tables import print_rows

if TYPE_CHECKING:
    from titanic_batch.models import ModelDetails, ModelSummary, VerifiedModel
    from titanic_batch.schema import ColumnSchema
    from titanic_batch.training.train import TrainingReport


def document(value: Any) -> Any:
    """Return a result of the library as what JSON can hold."""
    from titanic_batch.schema import TrainingSchema, schema_to_json

    if isinstance(value, TrainingSchema):
        return schema_to_json(value)
    if is_dataclass(value) and not isinstance(value, type):
        # Field by field: asdict would lose the schema's own form.
        return {name: document(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, dict):
        return {key: document(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [document(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def line(text: str) -> None:
    """Print on stdout, in one line however long, what a command did; nothing with --quiet."""
    if style().quiet:
        return
    stdout().print(text, soft_wrap=True)


def note(text: str) -> None:
    """Print a remark on stderr."""
    log("note", text)


def warn(texts: Sequence[str]) -> None:
    """Print warnings on stderr."""
    for text in texts:
        log("warning", f"warning: {text}")


def compile_now(ref: str) -> None:
    """Make a model's scoring plan; with --verbose, say why there is none."""
    from titanic_batch.scoring.compiling import compile_quietly

    if (reason := compile_quietly(ref)) and style().verbose:
        note(f"no scoring plan: {reason}")


def show_list(models: Sequence[ModelSummary]) -> None:
    """Print the models of the store as a table."""
    if not models:
        note("The store holds no models. `titanic-batch models train` makes the reference model.")
        return
    if style().quiet:
        return
    trusted = {True: "yes", False: "no", None: "-"}
    print_rows(
        ("TAG", "CREATED", "SIZE", "FRAMEWORK", "TRUSTED"),
        [
            (
                model.tag,
                model.created or "-",
                _size(model.size_bytes),
                model.framework,
                "changed" if model.trusted is False and model.problem else trusted[model.trusted],
            )
            for model in models
        ],
    )
    warn([f"{model.tag}: {model.problem}" for model in models if model.problem])


def show_details(model: ModelDetails, predictor: str) -> None:
    """Print all that is known of a model, and what predicts."""
    facts = {
        "tag": model.tag,
        "created": model.created,
        "framework": model.framework,
        "file": str(model.path),
        "size": _size(model.size_bytes),
        "sha256": model.sha256,
        "trusted": f"yes, {model.trusted_by}" if model.trusted else _untrusted(model),
        "predictor": predictor,
        "libraries": _pairs(model.libraries),
        "metrics": ", ".join(f"{name} {value:.4g}" for name, value in model.metrics.items()),
        "labels": _pairs(model.labels),
        "store labels": _pairs(model.store_labels),
    }
    schema = model.schema
    if schema is not None:
        facts["target"] = schema.target or ""
        facts["classes"] = ", ".join(str(value) for value in schema.classes or ())
        origin = (
            "learned from training data"
            if schema.origin == "training-data"
            else "derived from the estimator"
        )
        facts["schema"] = f"{len(schema.columns)} columns, {origin}"
    for name, value in facts.items():
        if value:
            line(f"{name:<13}{value}")
    if schema is None:
        note("It carries no training schema: score derives one from the estimator, if it can.")
    elif not style().quiet:
        line("")
        print_rows(
            ("COLUMN", "KIND", "NULL", "VALUES"),
            [
                (
                    column.name,
                    column.kind,
                    "yes" if column.accepts_null else "no",
                    _values(column),
                )
                for column in schema.columns
            ],
        )
    if not model.trusted:
        note(f"If you know who made it: {model.trust_command}")
    warn(model.warnings)


def show_saved(model: VerifiedModel) -> None:
    """Print what was saved."""
    line(f"saved {model.tag} (SHA-256 {model.sha256})")
    if model.schema is None:
        return
    exact = [f"{column.name} as {column.dtype}" for column in model.schema.columns if column.exact]
    if exact:
        line(f"read by code that may tell 3 from 3.0, so fed as in training: {', '.join(exact)}")
    met = {column.name: column.null_tokens for column in model.schema.columns}
    met |= {source.name: source.null_tokens for source in model.schema.one_hot}
    for name, tokens in met.items():
        if tokens:
            line(f"null in {name}: {', '.join(tokens)}")


def show_training(report: TrainingReport) -> None:
    """Print how the candidates compare, and what was saved; nothing with --quiet."""
    if style().quiet:
        return
    print_rows(
        ("CANDIDATE", "ACCURACY", "STD", "ROC AUC", "LOG LOSS", "SECONDS", ""),
        [
            (
                candidate.name,
                f"{candidate.accuracy:.4f}",
                f"{candidate.accuracy_std:.4f}",
                f"{candidate.roc_auc:.4f}",
                f"{candidate.log_loss:.4f}",
                f"{candidate.seconds:.1f}",
                "best" if candidate.name == report.best else "",
            )
            for candidate in report.candidates
        ],
    )
    show_saved(report.model)


def _untrusted(model: ModelDetails) -> str:
    return f"no: {model.changed}" if model.changed else "no"


def _values(column: ColumnSchema) -> str:
    if column.categories is not None:
        shown = ", ".join(str(value) for value in column.categories[:8])
        return shown + (", ..." if len(column.categories) > 8 else "")
    if column.minimum is not None and column.maximum is not None:
        return f"{column.minimum:g} to {column.maximum:g}"
    return ""


def _pairs(mapping: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in mapping.items())


def _size(size_bytes: int) -> str:
    size = float(size_bytes)
    for unit in ("B", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
