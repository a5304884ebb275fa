"""A classifier that is slow to predict, and says in a file what it was asked for."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from sklearn.linear_model import LogisticRegression


class SlowClassifier(LogisticRegression):  # type: ignore[misc]  # untyped
    """Takes SLOW_SECONDS for each call; a call adds a line with its rows to SLOW_LOG."""

    def predict_proba(self, inputs: Any) -> Any:
        with Path(os.environ["SLOW_LOG"]).open("a") as log:
            log.write(f"{len(inputs)}\n")
        time.sleep(float(os.environ["SLOW_SECONDS"]))
        return super().predict_proba(inputs)


class DeafClassifier(LogisticRegression):  # type: ignore[misc]  # untyped
    """Says in DEAF_LOG that it was asked, and computes for days without letting another thread."""

    def predict_proba(self, inputs: Any) -> Any:
        with Path(os.environ["DEAF_LOG"]).open("a") as log:
            log.write(f"{len(inputs)}\n")
        sum(range(10**15))
        return super().predict_proba(inputs)
