"""Load a verified model: exactly the bytes that were hashed, versions checked, one thread."""

from __future__ import annotations

import contextlib
import re
import sys
import warnings
from typing import Any

from titanic_batch.errors import ModelError, TitanicBatchError, is_out_of_memory
from titanic_batch.models.artifact import LoadedModel, VerifiedModel
from titanic_batch.models.calling import ModelEscapeError, model_code
from titanic_batch.models.loaders.base import get_loader
from titanic_batch.models.model_file import read_model_bytes, sha256_of
from titanic_batch.models.packages import missing_module, other_version
from titanic_batch.models.threads import set_single_job
from titanic_batch.models.versions import SKLEARN, check_sklearn_version

# How Python says that a module lacks a class or a function.
_LACKS = re.compile(r"module '([^']+)' has no attribute '([^']+)'")


def load_estimator(model: VerifiedModel) -> LoadedModel:
    """Load a model that passed the gate.

    Its file is read again, once, and the bytes that are loaded are those whose hash was compared.
    Every nested `n_jobs` is set to 1. Warnings are returned, never shown, and what loading prints
    goes to stderr.

    Raises:
        ModelError: if the file has changed, was made by another scikit-learn minor version (unless
            `model.allow_version_mismatch`), cannot be loaded, or holds no fitted estimator.
    """
    data = verified_bytes(model)
    notes = list(model.warnings)
    recorded = model.libraries.get(SKLEARN)
    if recorded is not None:
        notes.append(_check_version(recorded, model))
    estimator, caught = _load(data, model)
    notes.extend(_read_warnings(caught, model))
    _require_estimator(estimator, model)
    set_single_job(estimator)
    return LoadedModel(estimator=estimator, warnings=tuple(dict.fromkeys(filter(None, notes))))


def verified_bytes(model: VerifiedModel) -> bytes:
    """Return the very bytes of a model that passed the gate.

    Raises:
        ModelError: if its file has changed since.
    """
    data = read_model_bytes(model.path, model.ref) if model.data is None else model.data
    found = sha256_of(data)
    if found != model.sha256:
        raise ModelError(
            f"the model file changed after it was checked (SHA-256 {found} instead of "
            f"{model.sha256})",
            where=str(model.path),
            hint="Run again once nobody writes to it.",
        )
    return data


def _load(data: bytes, model: VerifiedModel) -> tuple[Any, list[warnings.WarningMessage]]:
    loader = get_loader(model.loader)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with contextlib.redirect_stdout(sys.stderr), model_code():
                return loader.load(data), caught
        except TitanicBatchError as exc:
            exc.where = exc.where or model.ref
            raise
        except Exception as exc:
            if is_out_of_memory(exc):
                raise MemoryError from exc
            # A wrong version shows first as a warning and then as some obscure error.
            _read_warnings(caught, model)
            raise _cannot_load(exc, model) from exc


def _cannot_load(exc: BaseException, model: VerifiedModel) -> ModelError:
    lacks = _LACKS.search(str(exc)) if isinstance(exc, AttributeError) else None
    if isinstance(exc, ModuleNotFoundError) and exc.name:
        if exc.name.partition(".")[0] in sys.modules:
            what, hint = other_version(exc.name, f"the module {exc.name}")
        else:
            what, hint = missing_module(exc.name)
    elif isinstance(exc, AttributeError) and "__main__" in str(exc):
        what = f"it uses something defined in a notebook or script ({exc})"
        hint = "Move that into a module that can be imported here, and save the model again."
    elif lacks is not None:
        what, hint = other_version(lacks[1], f"{lacks[1]}.{lacks[2]}")
    elif isinstance(exc, ImportError) and exc.name:
        text = " ".join(str(exc).split())[:300]
        what, hint = other_version(exc.name, f"something of {exc.name} ({text})")
    else:
        kind = "" if isinstance(exc, ModelEscapeError) else f"{type(exc).__name__}: "
        text = " ".join(str(exc).split())[:300]
        what = f"the file is damaged, or no model ({kind}{text})"
        hint = "Save or copy it again, with the versions that are installed here."
    return ModelError(what, where=model.ref, hint=hint)


def _read_warnings(caught: list[warnings.WarningMessage], model: VerifiedModel) -> list[str]:
    notes = []
    for warning in caught:
        original = getattr(warning.message, "original_sklearn_version", None)
        if isinstance(original, str):
            notes.append(_check_version(original, model))
        else:
            text = " ".join(str(warning.message).split())
            notes.append(f"{warning.category.__name__}: {text}")
    return notes


def _check_version(recorded: str, model: VerifiedModel) -> str:
    return check_sklearn_version(
        recorded, ref=model.ref, allow_mismatch=model.allow_version_mismatch
    )


def _require_estimator(estimator: Any, model: VerifiedModel) -> None:
    kind = type(estimator)
    what = ""
    if isinstance(estimator, type):
        what = f"it holds the class {estimator.__name__}, not a fitted model"
    elif not callable(getattr(estimator, "predict", None)):
        what = f"it holds a {kind.__module__}.{kind.__qualname__}, which has no predict method"
    elif not _is_fitted(estimator):
        what = f"it holds a {kind.__qualname__} that was never fitted"
    if what:
        raise ModelError(
            what,
            where=model.ref,
            hint="Save the fitted estimator or pipeline itself: joblib.dump(model, FILE).",
        )


def _is_fitted(estimator: Any) -> bool:
    """Return whether scikit-learn's own estimators are fitted; others are taken at their word."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    last = estimator
    while getattr(last, "steps", None):
        last = last.steps[-1][1]
    if not type(last).__module__.startswith("sklearn."):
        return True
    try:
        check_is_fitted(last)
    except NotFittedError:
        return False
    except TypeError:  # no estimator in scikit-learn's sense
        return True
    return True
