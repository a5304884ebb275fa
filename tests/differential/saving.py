"""Save a model in each of the ways that people do."""

from __future__ import annotations

import hashlib
import os
import random
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import joblib

from tests.differential.models import Drawn
from titanic_batch.training import SchemaEdits, register_model


@dataclass(frozen=True, kw_only=True)
class Saved:
    """Where a model is, and what to trust."""

    ref: str
    trust: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A folder for one model, and the file that it was trained on."""

    folder: Path
    train: Path


def pickle(drawn: Drawn, place: Place) -> Saved:
    """A pickle, and nothing else."""
    path = place.folder / "model.joblib"
    joblib.dump(drawn.estimator, path)
    return Saved(ref=str(path), trust=(sha256_of(path),))


def skops(drawn: Drawn, place: Place) -> Saved:
    """A skops file; a pickle where skops cannot hold the model, or knows not all its types."""
    import skops.io

    path = place.folder / "model.skops"
    try:
        skops.io.dump(drawn.estimator, path)
        unknown = skops.io.get_untrusted_types(file=path)
    except Exception:  # noqa: BLE001  # whatever its types' own methods raise
        return pickle(drawn, place)
    return pickle(drawn, place) if unknown else Saved(ref=str(path), trust=())


def store_plain(drawn: Drawn, place: Place) -> Saved:
    """The store, by nothing but bentoml."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import bentoml
        from bentoml._internal.configuration.containers import BentoMLContainer
        from bentoml._internal.models.model import ModelStore

        folder = Path(os.environ["BENTOML_HOME"]) / "models"
        folder.mkdir(parents=True, exist_ok=True)
        BentoMLContainer.model_store.set(ModelStore(folder))
        try:
            tag = bentoml.sklearn.save_model(_name(place), drawn.estimator).tag
        finally:
            BentoMLContainer.model_store.reset()
    path = folder / tag.name / tag.version / "saved_model.pkl"
    return Saved(ref=str(tag), trust=(sha256_of(path),))


def store_learned(drawn: Drawn, place: Place) -> Saved:
    """The store, by `models save --data`."""
    return _register(drawn, place, learn=True)


def pickle_learned(drawn: Drawn, place: Place) -> Saved:
    """A pickle with its schema beside it, by `models save --data --pickle`."""
    path = place.folder / "saved.pkl"
    _register(drawn, place, learn=True, to=path)
    return Saved(ref=str(path), trust=())


def store_derived(drawn: Drawn, place: Place) -> Saved:
    """The store, by `models save` without the training data."""
    return _register(drawn, place, learn=False)


Way = Callable[[Drawn, Place], Saved]


def draw_way(rng: random.Random) -> Way:
    """Draw a way: with the training data, or without."""
    if rng.random() < 0.55:
        return rng.choice((store_learned, store_learned, pickle_learned))
    return rng.choice((pickle, skops, store_plain, store_derived))


def shows_data(way: Way) -> bool:
    """Tell whether a way shows the data that the model was trained on."""
    return way in {store_learned, pickle_learned}


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _name(place: Place) -> str:
    return f"m{place.folder.name}"


def _register(drawn: Drawn, place: Place, *, learn: bool, to: Path | None = None) -> Saved:
    source = pickle(drawn, place)
    saved = register_model(
        source.ref,
        name=_name(place),
        data=place.train if learn else None,
        target="target" if learn else None,
        features=drawn.features,
        edits=SchemaEdits(),
        trust=source.trust,
        pickle_path=to,
    )
    return Saved(ref=saved.tag, trust=())
