"""Make a fitted estimator compute in one thread of joblib, however deep it is nested."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from titanic_batch.reachable import reachable

N_JOBS = "n_jobs"

# A longer list holds data, not estimators.
_LONGEST = 10_000


def set_single_job(estimator: Any) -> None:
    """Set every `n_jobs` in an estimator to 1, in place.

    Reached are the parameters (`get_params(deep=True)`), and the fitted estimators that meta
    estimators keep in attributes: `estimators_`, `best_estimator_`, `calibrated_classifiers_`,
    `transformers_` and so on, in lists, tuples, dicts and object arrays. A forest with `n_jobs=-1`
    adds up its trees in another order each time, and differs in the last bit from run to run.
    """
    if hasattr(estimator, "get_params") and hasattr(estimator, "set_params"):
        try:
            names = [
                name
                for name in estimator.get_params(deep=True)
                if name == N_JOBS or name.endswith(f"__{N_JOBS}")
            ]
        except Exception:  # noqa: BLE001  # no scikit-learn parameters after all
            names = []
        _set_one(estimator, names)
    for value in reachable(estimator, _inside):
        if _is_part_of_model(value) and vars(value).get(N_JOBS, 1) != 1:
            _set_one(value, [N_JOBS])


def _set_one(estimator: Any, names: list[str]) -> None:
    """Set parameters to 1, as far as a fitted estimator lets that be done.

    CatBoost refuses all changes, also of nothing. What cannot be set costs time and no scores,
    but for estimators that add up in another order: those are scikit-learn's, which can be set.
    """
    if not names:
        return
    try:
        estimator.set_params(**dict.fromkeys(names, 1))
    except Exception:  # noqa: BLE001  # foreign code may raise anything
        if N_JOBS in names and N_JOBS in getattr(estimator, "__dict__", {}):
            with suppress(Exception):
                estimator.n_jobs = 1


def _inside(value: Any) -> Iterator[Any]:
    """Yield what may hold an estimator within `value`."""
    import numpy as np

    if isinstance(value, dict):
        yield from value.values() if len(value) <= _LONGEST else ()
    elif isinstance(value, list | tuple | set):
        yield from value if len(value) <= _LONGEST else ()
    elif isinstance(value, np.ndarray):
        if value.dtype == object and value.size <= _LONGEST:
            yield from value.ravel()
    elif _is_part_of_model(value):
        yield from vars(value).values()


def _is_part_of_model(value: Any) -> bool:
    if isinstance(value, type) or not hasattr(value, "__dict__"):
        return False
    return hasattr(value, "get_params") or type(value).__module__.startswith("sklearn.")
