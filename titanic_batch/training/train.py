"""Train the reference model: compare three candidates on the passenger list, keep the best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import StratifiedKFold, cross_val_predict, cross_validate
from threadpoolctl import threadpool_limits

from titanic_batch.errors import DataError, InputMissingError
from titanic_batch.interrupts import interruptible
from titanic_batch.stores import entry_at
from titanic_batch.training.candidates import FEATURES, candidates
from titanic_batch.training.learn_schema import learn_schema_from_frame
from titanic_batch.training.read_training import read_training_file
from titanic_batch.training.score_profile import profile_of_scores

if TYPE_CHECKING:
    import pandas as pd

    from titanic_batch.models.artifact import VerifiedModel
    from titanic_batch.schema import TrainingSchema

TARGET = "Survived"
LABELS = {"0": "사망", "1": "생존"}
DEFAULT_NAME = "titanic_model"

FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class CandidateFigures:
    """A pipeline's cross-validated figures, each the mean over the held-out folds.

    Attributes:
        name: What it is called in the comparison.
        accuracy: Share of right labels, 0 to 1.
        accuracy_std: Its standard deviation over the folds.
        roc_auc: Area under the ROC curve, 0.5 for chance, 1 at best.
        log_loss: Mean negative log-likelihood of the true label, 0 at best.
        seconds: Wall time of the cross-validation.
    """

    name: str
    accuracy: float
    accuracy_std: float
    roc_auc: float
    log_loss: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class TrainedReference:
    """The best candidate, fitted on every row, and how it was chosen.

    Attributes:
        candidates: All that were compared, in a fixed order.
        best: Name of the one that was kept.
        rows: Number of training rows.
        estimator: The fitted pipeline.
        schema: Its training schema.
    """

    candidates: tuple[CandidateFigures, ...]
    best: str
    rows: int
    estimator: Any
    schema: TrainingSchema


@dataclass(frozen=True, kw_only=True)
class TrainingReport:
    """The result of a training run.

    Attributes:
        candidates: All that were compared, in a fixed order.
        best: Name of the one that was saved.
        rows: Number of training rows.
        seed: The seed that makes the run repeatable.
        model: The saved model.
    """

    candidates: tuple[CandidateFigures, ...]
    best: str
    rows: int
    seed: int
    model: VerifiedModel


def train_reference_model(
    *,
    seed: int = 0,
    name: str = DEFAULT_NAME,
    pickle_path: Path | None = None,
    data: Path | None = None,
) -> TrainingReport:
    """Train the reference model, save it under `name`, and return how it was chosen.

    Args:
        seed: Decides the folds and the forests; the same seed gives the same model.
        name: Name in the BentoML store.
        pickle_path: Where to write the model as a pickle, too.
        data: The training list; by default `sample_data/train.csv` of the checkout.

    Raises:
        InputMissingError: if there is no training list.
        DataError: if it is not a passenger list with the column Survived.
        UsageError: if `pickle_path` does not end like a pickle, or holds another's file.
    """
    from titanic_batch.training.saving import check_pickle_path, save_model

    if pickle_path is not None:
        check_pickle_path(pickle_path)
    with interruptible():
        trained = fit_reference_model(data or default_training_data(), seed=seed)
    model = save_model(trained.estimator, name=name, schema=trained.schema, pickle_path=pickle_path)
    return TrainingReport(
        candidates=trained.candidates,
        best=trained.best,
        rows=trained.rows,
        seed=seed,
        model=model,
    )


def fit_reference_model(data: Path, *, seed: int = 0) -> TrainedReference:
    """Compare the candidates on the passenger list in `data` and fit the best on all of it.

    The best is the one with the smallest log loss: a score file is read for its probabilities, and
    log loss is the figure that asks whether these are true, where accuracy looks at one threshold
    and ROC AUC at the order alone. Of equals, the first.

    Raises:
        InputMissingError: if the file is not there or has no rows.
        DataError: if it is not a passenger list with the column Survived.
    """
    passengers = read_training_file(data).frame
    _check_passengers(passengers, data)
    features, target = passengers[list(FEATURES)], passengers[TARGET]
    pipelines = candidates(seed=seed)
    # One thread: on a list this short, threads that wait for each other take longer than the work.
    with threadpool_limits(limits=1):
        compared = tuple(
            cross_validated(name, pipeline, features, target, seed=seed)
            for name, pipeline in pipelines.items()
        )
        best = min(compared, key=lambda candidate: candidate.log_loss)
        estimator = pipelines[best.name].fit(features, target)
        # A fitted model is surer of its own training rows than of any others.
        held_out = cross_val_predict(
            pipelines[best.name], features, target, cv=_folds(seed), method="predict_proba"
        )
    schema = learn_schema_from_frame(
        estimator,
        passengers,
        target=TARGET,
        where=str(data),
        score=profile_of_scores(held_out[:, 1], (0, 1)),
    )
    metrics = {
        "accuracy": best.accuracy,
        "accuracy_std": best.accuracy_std,
        "roc_auc": best.roc_auc,
        "log_loss": best.log_loss,
    }
    return TrainedReference(
        candidates=compared,
        best=best.name,
        rows=len(passengers),
        estimator=estimator,
        schema=replace(schema, labels=dict(LABELS), metrics=metrics),
    )


def cross_validated(
    name: str, pipeline: Any, features: pd.DataFrame, target: pd.Series[Any], *, seed: int
) -> CandidateFigures:
    """Return a pipeline's figures over stratified folds, shuffled by `seed`."""
    begin = perf_counter()
    scores = cross_validate(
        pipeline,
        features,
        target,
        cv=_folds(seed),
        scoring=("accuracy", "roc_auc", "neg_log_loss"),
        error_score="raise",
    )
    return CandidateFigures(
        name=name,
        accuracy=float(np.mean(scores["test_accuracy"])),
        accuracy_std=float(np.std(scores["test_accuracy"])),
        roc_auc=float(np.mean(scores["test_roc_auc"])),
        log_loss=-float(np.mean(scores["test_neg_log_loss"])),
        seconds=perf_counter() - begin,
    )


def _folds(seed: int) -> StratifiedKFold:
    return StratifiedKFold(n_splits=FOLDS, shuffle=True, random_state=seed)


def default_training_data() -> Path:
    """Return the training list of the checkout that is worked in, or that this package is part of.

    Raises:
        InputMissingError: if there is none, as where the package was installed from a wheel.
    """
    roots = (Path.cwd(), Path(__file__).resolve().parents[2])
    for root in roots:
        path = root / "sample_data" / "train.csv"
        if (found := entry_at(path)) is not None and found.kind == "file":
            return path
    raise InputMissingError(
        "there is no sample_data/train.csv here to train on",
        hint="Name the training list: `titanic-batch models train --data train.csv`, "
        "or run it in a checkout of titanic-batch.",
    )


def _check_passengers(passengers: pd.DataFrame, data: Path) -> None:
    missing = [name for name in (*FEATURES, TARGET) if name not in passengers.columns]
    if missing:
        raise DataError(
            f"the training list lacks {', '.join(missing)}",
            where=str(data),
            hint="Give a passenger list in Kaggle's columns, Survived among them.",
        )
    target = passengers[TARGET]
    if not target.isin([0, 1]).all() or int(target.value_counts().min()) < FOLDS:
        raise DataError(
            f"Survived must be 0 or 1 in every row, and each at least {FOLDS} times",
            where=str(data),
            hint="Correct the training list.",
        )
