"""A model that does in its predict whatever it is told, besides answering."""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin


class MuteError(Exception):
    """An exception that cannot say what it is."""

    def __str__(self) -> str:
        raise OSError


def _print() -> None:
    sys.stdout.write("9,9\n")
    os.write(1, b"8,8\n")
    os.system("echo 7,7")


def _close() -> None:
    sys.stdout.close()
    sys.stderr.close()


def _close_descriptors() -> None:
    os.close(1)
    os.close(2)


def _raise(error: BaseException) -> None:
    raise error


DEEDS = {
    "print": _print,
    "exit": lambda: sys.exit(0),
    "fork": os.fork,
    "close its streams": _close,
    "close the descriptors": _close_descriptors,
    "raise what ends a process": lambda: _raise(BaseException("the end")),
    "raise GeneratorExit": lambda: _raise(GeneratorExit()),
    "raise what cannot be read": lambda: _raise(MuteError()),
}


class WildRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # untyped
    """Answers with the column a, and does what `deed` names."""

    def __init__(self, deed: str) -> None:
        self.deed = deed

    def fit(self, x: Any, y: Any = None) -> WildRegressor:
        self.feature_names_in_ = np.array(["a"], dtype=object)
        self.n_features_in_ = 1
        return self

    def predict(self, x: Any) -> Any:
        deed: Any = DEEDS[self.deed]
        deed()
        return x["a"].to_numpy(float)
