"""Is an estimator exactly what scikit-learn made it?

What is known of a class is known of its own code. A subclass, an instance with a `predict` of its
own in its `__dict__`, or a class that only says it is scikit-learn's may do anything. So classes
are compared as objects, not by name, and nothing of an instance may stand before its class's own.
Who replaces a method of scikit-learn's class itself, for a whole process, is not seen.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from titanic_batch.reachable import reachable

_SKLEARN = "sklearn."
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)
#: Values that hold nothing but themselves.
_PLAIN = (type(None), bool, int, float, complex, str, bytes, slice, range, np.generic, np.dtype)
#: Stands for what a foreign object holds.
_FOREIGN = object()
#: Of these a subclass overrides nothing that a fitted estimator computes with.
_HARMLESS = {
    *("__init__", "__repr__", "__doc__", "__module__", "__sklearn_tags__", "_more_tags"),
    *("fit", "fit_transform", "fit_predict", "partial_fit", "get_params", "set_params", "score"),
    *("__qualname__", "__dict__", "__weakref__", "__annotations__", "__static_attributes__"),
    *("__firstlineno__", "_parameter_constraints", "get_feature_names_out", "__init_subclass__"),
    *("set_fit_request", "set_predict_request", "set_score_request", "set_transform_request"),
    *("set_predict_proba_request", "_sklearn_auto_wrap_output_keys"),
    *("__slotnames__", "__abstractmethods__", "_abc_impl", "__parameters__", "__orig_bases__"),
}


def exact_class(value: Any) -> str:
    """Return the full name of scikit-learn's class whose own code an object runs; "" for others."""
    kind = type(value)
    if not is_sklearn_class(kind) or has_own_attributes(value):
        return ""
    return f"{kind.__module__}.{kind.__qualname__}"


def is_sklearn_class(kind: type) -> bool:
    """Return whether a class is one of scikit-learn's, not one that bears such a name."""
    return is_class_of(kind, _SKLEARN)


@functools.cache
def is_class_of(kind: type, packages: str | tuple[str, ...]) -> bool:
    """Return whether a class is found where it says it is, in a module of a package."""
    module: object = kind.__module__  # a class may say anything
    if not isinstance(module, str) or not module.startswith(packages):
        return False
    return getattr(sys.modules.get(module), kind.__qualname__, None) is kind


def has_own_attributes(value: Any) -> bool:
    """Return whether anything in an object's `__dict__` stands before a method of its class."""
    own: dict[str, Any] = getattr(value, "__dict__", {})
    return not _methods(type(value)).isdisjoint(own)  # type: ignore[arg-type]


@functools.cache
def _methods(kind: type) -> frozenset[str]:
    """Return the names of a class's functions and properties."""
    return frozenset(name for name in dir(kind) if hasattr(getattr(kind, name, None), "__get__"))


def overrides_sklearn(value: Any) -> bool:
    """Return whether an object changes what a class of scikit-learn that it descends from computes.

    A subclass that adds methods, or fits otherwise, does not.
    """
    kinds = type(value).__mro__
    bases = [kind for kind in kinds if is_sklearn_class(kind)]
    if not bases:
        return False
    if has_own_attributes(value):
        return True
    names = {name for base in bases for name in vars(base)} - _HARMLESS
    foreign = kinds[: kinds.index(bases[0])]
    return any(names & vars(kind).keys() for kind in foreign)


def consists_of(estimator: Any, is_known: Callable[[str, Any], bool]) -> bool:
    """Return whether an estimator holds only scikit-learn's own objects and plain data, throughout.

    Args:
        estimator: A fitted estimator.
        is_known: Whether an estimator within it is good, by its full class name and itself.
    """

    def inside(value: Any) -> Iterable[Any]:
        parts = _inside(value, is_known)
        if parts is None:
            return (_FOREIGN,)
        return (part for part in parts if not isinstance(part, _PLAIN))

    return all(value is not _FOREIGN for value in reachable(estimator, inside))


def _inside(value: Any, is_known: Callable[[str, Any], bool]) -> Iterable[Any] | None:
    """Return what an object holds; None where it is foreign."""
    kind = type(value)
    if kind in (list, tuple, set, frozenset):
        return value  # type: ignore[no-any-return]
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if kind is np.ndarray:
        return value.ravel() if value.dtype.hasobject else ()
    if kind is functools.partial:
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, (type, np.ufunc, *_FUNCTIONS)):
        return () if _is_harmless_callable(value) else None
    if is_class_of(kind, ("numpy.", "scipy.")):  # type: ignore[arg-type]
        return list(getattr(value, "__dict__", {}).values())
    if is_sklearn_class(kind):
        name = exact_class(value)
        if not name or (hasattr(kind, "get_params") and not is_known(name, value)):
            return None
        return list(getattr(value, "__dict__", {}).values())
    return None


def _is_harmless_callable(value: Any) -> bool:
    """Return whether a class or function is numpy's or scikit-learn's, and not only named so."""
    if isinstance(value, np.ufunc):
        return True
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
    if not isinstance(module, str):
        return False
    if module in ("builtins", "numpy"):
        return isinstance(value, type)
    return module.startswith(_SKLEARN) and getattr(sys.modules.get(module), name, None) is value
