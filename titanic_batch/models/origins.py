"""Find the distributions that the classes and functions of a loaded model come from."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import sys
import types
from importlib.metadata import Distribution, PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

#: Packages whose name is not that of their distribution.
_DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "imblearn": "imbalanced-learn",
    "xgboost": "xgboost-cpu",
}
_OWN = __name__.partition(".")[0]
#: A longer container holds data; a model of more objects shows its classes in these.
_LONGEST = 10_000
_MOST_OBJECTS = 20_000


def libraries_of(estimator: Any) -> dict[str, str]:
    """Return the distributions that a model's classes come from, with their versions.

    A module that belongs to none is named itself, with the hash of its file.
    """
    found: dict[str, str] = {}
    for name in sorted(_modules_of(estimator)):
        package = name.partition(".")[0]
        if package in sys.stdlib_module_names or package == _OWN:
            continue
        distribution = _distribution_of(package)
        if distribution is not None:
            found[distribution[0]] = distribution[1]
        elif digest := _hash_of(name):
            found[name] = digest
    return found


def _modules_of(estimator: Any) -> set[str]:
    modules: set[str] = set()
    kinds: set[type] = set()
    seen: set[int] = set()
    left: list[Any] = [estimator]
    while left and len(seen) < _MOST_OBJECTS:
        value = left.pop()
        kind = type(value)
        if kind in (str, int, float, bool, type(None)) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
            modules.add(str(value.__module__))
            continue
        if kind not in kinds:
            kinds.add(kind)
            modules.update(str(base.__module__) for base in kind.__mro__[:-1])
        left.extend(_inside(value))
    return modules


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.values()] if len(value) <= _LONGEST else []
    if isinstance(value, list | tuple | set | frozenset):
        return [*value] if len(value) <= _LONGEST else []
    if isinstance(value, np.ndarray):
        return [*value.ravel()] if value.dtype.hasobject and value.size <= _LONGEST else []
    if isinstance(value, types.ModuleType):
        return []
    if isinstance(value, functools.partial):
        return [value.func, *value.args, *value.keywords.values()]
    inside = getattr(value, "__dict__", None)
    return [*inside.values()] if isinstance(inside, dict) else []


@functools.cache
def _distribution_of(package: str) -> tuple[str, str] | None:
    """Return the name and version of the distribution that a package belongs to."""
    for name in (package, _DISTRIBUTIONS.get(package, package)):
        with contextlib.suppress(PackageNotFoundError):
            return name, version(name)
    file = getattr(sys.modules.get(package), "__file__", None)
    if not file:
        return None
    path = Path(file)
    site = path.parents[1] if path.stem == "__init__" else path.parent
    listed = f"{path.relative_to(site)},".encode()
    for record in site.glob("*.dist-info/RECORD"):
        if listed in record.read_bytes():
            found = Distribution.at(record.parent)
            return found.name, found.version
    return None


def _hash_of(module: str) -> str:
    file = getattr(sys.modules.get(module), "__file__", None)
    try:
        return f"sha256:{hashlib.sha256(Path(file).read_bytes()).hexdigest()}" if file else ""
    except OSError:
        return ""
