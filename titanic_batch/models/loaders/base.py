"""The Loader protocol, and the registry of loaders: built-in ones and those of other packages.

Another package adds a loader by an entry point in the group `titanic_batch.loaders`. The entry
point's name is the scheme that references start with; its value is a class (called without
arguments) or an instance that has what `Loader` asks for:

    [project.entry-points."titanic_batch.loaders"]
    warehouse = "my_package.loaders:WarehouseLoader"

`--model warehouse:fraud/7` then calls `WarehouseLoader().resolve("fraud/7")`. Such a package is
imported only where a reference uses its scheme. The names of the built-in loaders (bentoml,
pickle, skops) are taken. A loader never falls back to another format.

How a model is opened: `resolve` finds the file; titanic-batch reads it once and hashes it;
`trust_reason` says whether these bytes could run foreign code, and if so their hash must be
trusted; then, perhaps in another process, the file is read again, compared with the hash, and
`load` builds the estimator from the very bytes that were compared.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol

from titanic_batch.errors import ModelError, TitanicBatchError
from titanic_batch.models.artifact import Artifact

GROUP = "titanic_batch.loaders"


class Loader(Protocol):
    """Finds and loads models of one kind. It keeps no state between calls."""

    #: Its scheme, the same as the entry point's name.
    name: str

    def resolve(self, ref: str) -> Artifact:
        """Find the model that `ref` (without the scheme) names.

        It may read metadata, and download the model to a file, but runs no code that came with
        the model: no unpickling, no import.

        Raises:
            ModelError: if there is no such model, naming what there is.
        """
        ...

    def trust_reason(self, data: bytes) -> str:
        """Return why these bytes must be trusted before they are loaded.

        It looks at the bytes without building anything from them. "" means that nothing that they
        can hold runs foreign code. When in doubt, return a reason.

        Returns:
            A sentence without its full stop, or "".

        Raises:
            ModelError: if they are not of this loader's format.
        """
        ...

    def load(self, data: bytes) -> Any:
        """Build the estimator from `data`, whose hash was trusted or needs no trust.

        It may raise anything: `load_estimator` turns it into a `ModelError`.
        """
        ...


@cache
def registered_schemes() -> dict[str, EntryPoint]:
    """Return the entry points of other packages' loaders, by scheme. Nothing is imported."""
    return {point.name: point for point in entry_points(group=GROUP) if point.name not in _BUILT_IN}


def get_loader(name: str) -> Loader:
    """Return the loader called `name`.

    Raises:
        ModelError: if there is none, or the package that provides it is broken.
    """
    if name in _BUILT_IN:
        return _BUILT_IN[name]()
    point = registered_schemes().get(name)
    if point is None:
        raise ModelError(
            f"no loader called {name} is installed here",
            hint=f"A package that registers it under {GROUP} must be installed here as well.",
        )
    return _from_entry_point(point)


def _from_entry_point(point: EntryPoint) -> Loader:
    origin = f"{point.dist.name} {point.dist.version}" if point.dist else "a package"
    try:
        found = point.load()
        loader: Loader = found() if isinstance(found, type) else found
    except TitanicBatchError:
        raise
    except Exception as exc:
        raise ModelError(
            f"its loader {point.value} from {origin} fails: {type(exc).__name__}: {exc}",
            where=f"{point.name}:",
            hint=f"Upgrade or remove {point.dist.name if point.dist else 'that package'}.",
        ) from exc
    missing = [
        attribute
        for attribute in ("name", "resolve", "trust_reason", "load")
        if not hasattr(loader, attribute)
    ]
    if missing:
        raise ModelError(
            f"its loader {point.value} from {origin} lacks {', '.join(missing)}",
            where=f"{point.name}:",
            hint="See titanic_batch.models.loaders.base.Loader for what a loader must have.",
        )
    return loader


def _bentoml_store() -> Loader:
    from titanic_batch.models.loaders.bentoml_store import BentoMLStoreLoader

    return BentoMLStoreLoader()


def _pickle_file() -> Loader:
    from titanic_batch.models.loaders.pickle_file import PickleFileLoader

    return PickleFileLoader()


def _skops_file() -> Loader:
    from titanic_batch.models.loaders.skops_file import SkopsFileLoader

    return SkopsFileLoader()


_BUILT_IN = {"bentoml": _bentoml_store, "pickle": _pickle_file, "skops": _skops_file}
