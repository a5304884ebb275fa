"""Make the plan of a model ahead of its runs: `models compile`, and after train, save and trust."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from titanic_batch.errors import FileAccessError, ModelError, TitanicBatchError
from titanic_batch.models import open_model
from titanic_batch.predict.compiled.plan_cache import (
    PlanRefusedError,
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
    """

    ref: str
    sha256: str
    path: Path


def compile_model(
    ref: str, *, folder: Path | None = None, trust: Sequence[str] = ()
) -> CompiledModel:
    """Compile a model, prove the plan equal to it, and keep it.

    Args:
        ref: The model.
        folder: Where to keep the plan; None for where every run looks.
        trust: SHA-256 hashes that the caller vouches for.

    Raises:
        ModelError, UntrustedModelError: if the model cannot be used, or is not compiled.
        FileAccessError: if the plan cannot be kept, or others could change it.
    """
    return _compile(ref, folder or plan_folder(), trust=trust, seconds=_PATIENT_S)


def compile_quietly(ref: str) -> str:
    """Keep the plan of a trusted model, if that works and takes ten seconds at most.

    Returns:
        Why there is none; "" where there is one.
    """
    try:
        _compile(ref, plan_folder(), trust=(), seconds=None)
    except TitanicBatchError as exc:
        return exc.message
    return ""


def _compile(
    ref: str, folder: Path, *, trust: Sequence[str], seconds: float | None
) -> CompiledModel:
    try:
        require_place(folder)
        from titanic_batch.engine.serial import SerialEngine  # imports scikit-learn

        model = open_model(ref, trust=trust)
        engine = SerialEngine(model)
        name = plan_name(model.sha256, model.schema)
        made = engine.make_plan(name, seconds)
        if isinstance(made, str):
            raise ModelError(
                f"it is not compiled: {made}",
                where=model.ref,
                hint="Nothing is lost: it is scored through scikit-learn.",
            )
        path = write_plan(folder, name, made)
    except OSError as exc:
        raise FileAccessError(
            f"the plan cannot be kept: {exc.strerror}", where=str(folder)
        ) from exc
    except PlanRefusedError as exc:
        raise FileAccessError(
            str(exc),
            where=str(folder),
            hint="Choose a folder that is yours alone: --output DIR, or TITANIC_BATCH_CACHE=DIR.",
        ) from exc
    return CompiledModel(ref=model.tag, sha256=model.sha256, path=path)
