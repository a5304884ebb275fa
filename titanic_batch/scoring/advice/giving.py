"""Adviser: says what lets a refused file through; names a flag only where it was seen to help."""

from __future__ import annotations

import time

from titanic_batch.alignment.plan import MissingColumnsError
from titanic_batch.engine.base import Engine
from titanic_batch.errors import TitanicBatchError, UsageError
from titanic_batch.predict.base import ModelDescription
from titanic_batch.scoring.advice.case import Case
from titanic_batch.scoring.advice.search import search
from titanic_batch.scoring.advice.trials import Trials
from titanic_batch.scoring.advice.wording import put_into_words
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.sources.csv_source import HeaderError

#: A run over thousands of files that are all refused has enough of it at some point.
_MOST_SECONDS = 10.0


class Adviser:
    """Gives advice on the refused files of one run.

    Args:
        engine: Asks the model; None to leave it out.
        description: What is known of the model.
        options: What the run was told.
    """

    def __init__(
        self, engine: Engine | None, description: ModelDescription, options: ScoreOptions
    ) -> None:
        self._trials = Trials(engine, description.schema, description.info)
        self._options = options
        self._seconds_left = _MOST_SECONDS

    def hint(self, error: TitanicBatchError, case: Case) -> None:
        """Add to an error what lets its file through."""
        if isinstance(error, UsageError) or self._seconds_left <= 0:
            return
        began = time.monotonic()
        try:
            found = search(case, self._options, self._trials)
        except Exception:  # noqa: BLE001  # the file stays refused for what is known to be wrong
            return
        finally:
            self._seconds_left -= time.monotonic() - began
        advice = put_into_words(case, self._options, found)
        # What a header lacks need not be fixed by hand where something else helps.
        is_answered = found.changes and isinstance(error, (HeaderError, MissingColumnsError))
        before = "" if is_answered else error.hint
        error.hint = " ".join(part for part in (before, advice.text) if part)
        error.logged_hint = " ".join(part for part in (before, advice.logged) if part)
