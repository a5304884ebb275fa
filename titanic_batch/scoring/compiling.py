"""Make the plan of a model ahead of its runs: `models compile`, and after train, save and trust."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from titanic_batch.errors import ModelError, TitanicBatchError, os_errors
from titanic_batch.models import VerifiedModel, open_model
from titanic_batch.predict.compiled.plan_cache import (
    PlanRefusedError,
    exposure_of_folder,
    plan_folder,
    plan_name,
    require_place,
    write_plan,
)

_PATIENT_S = 120.0


@dataclass(frozen=True, kw_only=True)
class CompiledModel:
    """A model whose plan is kept.

    Attributes:
        ref: The model's tag, or file name.
        sha256: Of its file.
        path: The plan's file.
        warning: Why no run would read it where it is; "" where runs do.
    """

    ref: str
    sha256: str
    path: Path
    warning: str = ""


def compile_model(
    ref: str, *, folder: Path | None = None, trust: Sequence[str] = ()
) -> CompiledModel:
    """Compile a model, prove the plan equal to it, and write it.

    Args:
        ref: The model.
        folder: Where to write the plan, for others to read, too; None for where every run looks.
        trust: SHA-256 hashes that the caller vouches for.

    Raises:
        ModelError, UntrustedModelError: if the model cannot be used, or is not compiled.
        FileAccessError: if the plan cannot be written.
    """
    place = folder or plan_folder()
    name, model, data = _compile(ref, trust=trust, seconds=_PATIENT_S)
    with os_errors(place, "writing the plan"):
        path = write_plan(place, name, data, is_private=folder is None)
        why = exposure_of_folder(place)
    return CompiledModel(
        ref=model.tag,
        sha256=model.sha256,
        path=path,
        warning=f"no run reads a plan in {place}: {why}" if why else "",
    )


def compile_quietly(ref: str) -> str:
    """Keep the plan of a trusted model, if that works and takes ten seconds at most.

    Returns:
        Why there is none; "" where there is one.
    """
    folder = plan_folder()
    try:
        require_place(folder)
        name, _, data = _compile(ref, trust=(), seconds=None)
        write_plan(folder, name, data)
    except TitanicBatchError as exc:
        return exc.message
    except (OSError, PlanRefusedError) as exc:
        return str(exc)
    return ""


def _compile(
    ref: str, *, trust: Sequence[str], seconds: float | None
) -> tuple[str, VerifiedModel, bytes]:
    """Return the name of a model's plan, the model, and the plan's file."""
    from titanic_batch.engine.serial import SerialEngine  # imports scikit-learn

    model = open_model(ref, trust=trust)
    name = plan_name(model.sha256, model.schema)
    made = SerialEngine(model).make_plan(name, seconds)
    if isinstance(made, str):
        raise ModelError(
            f"it is not compiled: {made}",
            where=model.ref,
            hint="Nothing is lost: it is scored through scikit-learn.",
        )
    return name, model, made
