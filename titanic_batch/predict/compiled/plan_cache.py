"""Plans kept in a folder, so that the next run neither compiles nor needs scikit-learn.

A plan decides scores, so it is read only from where nobody else can write: a file of the user's, or
root's, in folders of theirs alone. It never stands for trust: every run has the model's own bytes
hashed and trusted first.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from titanic_batch.models.trust.write_access import exposure_of, exposure_of_place
from titanic_batch.predict.compiled.plan import ScoringPlan
from titanic_batch.predict.compiled.plan_file import (
    FORMAT_VERSION,
    PlanFileError,
    plan_about,
    plan_from_bytes,
)
from titanic_batch.schema import TrainingSchema, schema_sha256

VARIABLE = "TITANIC_BATCH_CACHE"
_MAKERS = ("titanic-batch", "scikit-learn", "numpy")


class PlanRefusedError(Exception):
    """A plan lies there, and is not used; the text says why."""


@dataclass(frozen=True, kw_only=True)
class ProvenPlan:
    """A plan that was proven equal to its model.

    Attributes:
        plan: The plan.
        sha256: Of its file's bytes, in hex.
        about: What its file says of the model.
    """

    plan: ScoringPlan
    sha256: str
    about: object


def plan_folder() -> Path:
    """Return the folder that plans are kept in: $TITANIC_BATCH_CACHE, or the user's own."""
    import platformdirs

    chosen = os.environ.get(VARIABLE)
    return Path(chosen) if chosen else platformdirs.user_cache_path("titanic-batch")


def plan_name(model_sha256: str, schema: TrainingSchema | None) -> str:
    """Return the name of a plan's file: it says of what, and by what, the plan was made.

    Args:
        model_sha256: Of the model's file.
        schema: What came with the model; None where it is derived from the estimator.
    """
    schema_hash = "derived" if schema is None else schema_sha256(schema)
    parts = [schema_hash, str(FORMAT_VERSION), *map(version, _MAKERS)]
    made_by = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return f"{model_sha256}-{made_by[:16]}.plan"


def find_plan(folder: Path, name: str) -> ProvenPlan | None:
    """Return the plan that is kept under a name; None where there is none.

    Raises:
        PlanRefusedError: if there is one that others can write, that cannot be read, or is damaged.
    """
    path = folder / name
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise PlanRefusedError(f"its plan {path} cannot be read: {exc.strerror}") from exc
    try:
        with open(descriptor, "rb") as file:  # noqa: PTH123  # a descriptor
            exposed = exposure_of(path, os.fstat(file.fileno()), sticky_counts=True)
            if exposed is not None:
                raise PlanRefusedError(f"its plan {path} is not used: {exposed.why}")
            data = file.read()
        return plan_of(data, path.name)
    except OSError as exc:
        raise PlanRefusedError(f"its plan {path} cannot be read: {exc.strerror}") from exc
    except PlanFileError as exc:
        raise PlanRefusedError(f"its plan {path} is not used: {exc}") from exc


def plan_of(data: bytes, name: str) -> ProvenPlan:
    """Return the plan that a file's bytes are.

    Raises:
        PlanFileError: if they are none.
    """
    plan = plan_from_bytes(data, name)
    return ProvenPlan(plan=plan, sha256=hashlib.sha256(data).hexdigest(), about=plan_about(data))


def write_plan(folder: Path, name: str, data: bytes, *, is_private: bool = True) -> Path:
    """Write a plan's bytes into a folder, in one step; return the file.

    Args:
        folder: It is made where there is none.
        name: Of the file.
        data: Its content.
        is_private: Whether nobody else may read it; else the umask says who may.

    Raises:
        OSError: if it cannot be written.
    """
    path = folder / name
    folder.mkdir(mode=0o700 if is_private else 0o777, parents=True, exist_ok=True)
    descriptor, unfinished = tempfile.mkstemp(prefix=".", suffix=".plan", dir=folder)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123  # a descriptor
            file.write(data)
        Path(unfinished).chmod(0o600 if is_private else 0o644 & ~_umask())
        Path(unfinished).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(unfinished).unlink()
        raise
    return path


def require_place(folder: Path) -> None:
    """Make the folder that plans are kept in, where there is none.

    Raises:
        OSError: if it cannot be made.
        PlanRefusedError: if others can write there, so that no run would read a plan.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if why := exposure_of_folder(folder):
        raise PlanRefusedError(f"no plan is kept in {folder}: {why}")


def exposure_of_folder(folder: Path) -> str:
    """Return how somebody else can change what is in a folder; "" where nobody can."""
    exposed = exposure_of_place(folder / "plan", sticky_counts=True)
    return exposed.why if exposed is not None else ""


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def forget_plans(folder: Path, model_sha256: str) -> None:
    """Delete all plans that are kept of a model, as far as the system lets us."""
    with contextlib.suppress(OSError):
        for path in folder.glob(f"{model_sha256}-*.plan"):
            path.unlink()
