"""An estimator that is loaded when somebody needs it: a plan decides nearly all rows alone."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from titanic_batch.predict.base import ModelInfo, Predictions, Predictor

if TYPE_CHECKING:
    from titanic_batch.alignment.apply import Column


@dataclass(frozen=True)
class LazyEstimator:
    """Loads an estimator once, whichever thread is the first to ask for it.

    Attributes:
        load: Loads it.
        lock: Is held while it is loaded, and while it predicts.
    """

    load: Callable[[], Any]
    lock: threading.RLock = field(default_factory=threading.RLock)
    _loaded: list[Any] = field(default_factory=list)

    def get(self) -> Any:
        """Return the estimator; raises what `load` raises."""
        with self.lock:
            if not self._loaded:
                self._loaded.append(self.load())
            return self._loaded[0]


@dataclass(frozen=True)
class InTurn:
    """Predicts for one thread at a time, as what scikit-learn sets holds for a whole process.

    Attributes:
        predictor: Predicts.
        lock: Is held meanwhile.
    """

    predictor: Predictor
    lock: threading.RLock

    @property
    def info(self) -> ModelInfo:
        """See `Predictor`."""
        return self.predictor.info

    def predict(self, columns: Sequence[Column]) -> Predictions:
        """See `Predictor`."""
        from threadpoolctl import threadpool_limits

        with self.lock, threadpool_limits(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.predictor.predict(columns)
