"""Try whether a model predicts each row on its own, where that is not known.

Some rows of a chunk are asked about again: beside others, fewer, in another order, alone, and
twice, for a model may also remember. A score that moves by more than what scikit-learn itself
differs by between one row and many says that the rows beside it count.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from titanic_batch.alignment.apply import Features
from titanic_batch.predict.base import Predictions

#: Rows that are asked about beside each other, and alone.
MOST_ROWS = 256
_SINGLE_ROWS = 16
#: Rows with a null among them: code that fills nulls from its neighbours shows there only.
_NULL_ROWS = 64
#: Rows among which distinct ones are looked for.
_CANDIDATES = 4_096
_BUDGET_S = 2.0
#: Calls with all rows that a trial makes: two, and two halves.
_PASSES = 3
#: scikit-learn's own KernelRidge differs by 1e-9 of the range.
_OF_RANGE = 1e-4
_OF_VALUE = 1e-9

Rows = npt.NDArray[np.intp]
Ask = Callable[[Rows], Predictions]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The result of trying a model on some rows of a chunk.

    Attributes:
        rows: How many were asked about.
        moved: Those whose score was another, by their position; empty where there are none.
        shown: The first of them in words.
    """

    rows: int
    moved: tuple[int, ...] = ()
    shown: str = ""


def try_rows(
    ask: Ask, features: Sequence[Features], scored: Predictions, *, has_threshold: bool
) -> Trial:
    """Ask a model again about some of the rows that it has scored, for about 2 s at most.

    Args:
        ask: Asks it about the rows at some positions.
        features: All rows, one array of shape (n_rows,) per column.
        scored: What it said of them.
        has_threshold: Whether labels are made of probabilities, and not the model's own.
    """
    rows, singles = _chosen(features)
    measure = _Measure(scored.take(rows), rows, has_threshold=has_threshold)
    deadline = time.perf_counter() + _BUDGET_S
    answered = 0
    for asked, how in _calls(rows, singles, deadline):
        try:
            found = ask(asked)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001  # some models want more rows than one, or than a few
            if len(asked) == 1:
                break
            continue
        answered += 1
        moved = measure.moved(asked, found)
        if moved:
            shown = measure.shown(moved[0], found, asked, how)
            return Trial(rows=len(rows), moved=tuple(moved), shown=shown)
    if not answered and len(rows) >= _SINGLE_ROWS:
        return Trial(rows=len(rows), moved=(int(rows[0]),), shown="it fails on fewer rows at once")
    return Trial(rows=len(rows))


def _calls(rows: Rows, singles: Rows, deadline: float) -> Iterator[tuple[Rows, str]]:
    """Yield what is asked about, and how that is told."""
    began = time.perf_counter()
    few = rows[:: max(len(rows) // _SINGLE_ROWS, 1)][:_SINGLE_ROWS]
    yield few, "beside fewer rows"
    per_row = (time.perf_counter() - began) / len(few)
    most = int((deadline - time.perf_counter()) / per_row / _PASSES)
    if len(few) < len(rows) > most:  # a slow model
        rows = few if most <= len(few) else rows[np.linspace(0, len(rows) - 1, most).astype(int)]
    shuffled = np.random.default_rng(0).permutation(rows)
    middle = len(rows) // 2
    for part in (shuffled[:middle], shuffled[middle:]):
        if len(part) > 1:
            yield part, "beside others, in another order"
    for _ in range(2):
        yield rows, "when asked again"
    for single in singles:
        if time.perf_counter() > deadline:
            return
        yield np.array([single]), "alone"


def _chosen(features: Sequence[Features]) -> tuple[Rows, Rows]:
    """Return the positions of the rows to ask about, in order, and of those to ask about alone."""
    count = len(features[0])
    null = np.zeros(count, dtype=bool)
    for column in features:
        null |= np.asarray(pd.isna(column))
    spread = np.linspace(0, count - 1, min(count, _CANDIDATES)).astype(np.intp)
    nulls = np.flatnonzero(null)
    places = np.unique(np.concatenate([spread, nulls[:_NULL_ROWS]]))
    repeated = pd.DataFrame({at: column[places] for at, column in enumerate(features)}).duplicated()
    distinct, others = places[~repeated.to_numpy()], places[repeated.to_numpy()]
    with_null = distinct[null[distinct]][:_NULL_ROWS]
    without = _evenly(distinct[~null[distinct]], MOST_ROWS - len(with_null))
    more = _evenly(others, MOST_ROWS - len(with_null) - len(without))
    singles = np.concatenate(
        [
            _evenly(with_null, _SINGLE_ROWS // 2),
            _evenly(without, _SINGLE_ROWS - min(len(with_null), _SINGLE_ROWS // 2)),
        ]
    )
    return np.sort(np.concatenate([with_null, without, more])), np.sort(singles)


def _evenly(places: Rows, most: int) -> Rows:
    if len(places) <= most:
        return places
    return places[np.linspace(0, len(places) - 1, most).astype(np.intp)]


class _Measure:
    """Holds answers against those that were given first.

    Args:
        expected: Those.
        rows: Their positions, in order.
        has_threshold: Whether labels are made of probabilities.
    """

    def __init__(self, expected: Predictions, rows: Rows, *, has_threshold: bool) -> None:
        self._expected, self._rows = expected, rows
        self._compares_labels = not has_threshold
        scores = _scores(expected)
        self._range = np.zeros(0)
        if scores is not None:
            finite = np.where(np.isfinite(scores), scores, np.nan)
            known = np.isfinite(finite).any(axis=0)
            self._range = np.zeros(scores.shape[1])
            some = finite[:, known]
            self._range[known] = np.nanmax(some, axis=0) - np.nanmin(some, axis=0)

    def moved(self, asked: Rows, found: Predictions) -> list[int]:
        """Return the positions of the rows whose score or label is another."""
        if len(found.labels) != len(asked):
            return [int(row) for row in asked]
        expected = self._of(asked)
        wrong = np.zeros(len(asked), dtype=bool)
        same = np.ones(len(asked), dtype=bool)
        before, now = _scores(expected), _scores(found)
        if before is not None and now is not None:
            tolerance = _OF_VALUE * np.maximum(1, np.abs(before)) + _OF_RANGE * self._range
            gaps = np.abs(now - before)
            alike = (before == now) | (np.isnan(before) & np.isnan(now))
            wrong |= ~(alike | (gaps <= tolerance)).all(axis=1)
            same = alike.all(axis=1)
        if self._compares_labels and (before is None or found.probabilities is not None):
            other = np.asarray(found.labels != expected.labels, dtype=bool)
            # A tie may fall either way where its scores differ in the last bit.
            wrong |= other & (same | ~_is_tied(expected))
        return sorted(int(row) for row in asked[wrong])

    def shown(self, row: int, found: Predictions, asked: Rows, how: str) -> str:
        """Return a row's first score and its second, in words."""
        if len(found.labels) != len(asked):
            return f"asked about {len(asked)} rows, it answers with {len(found.labels)}"
        first = self._of(np.array([row]))
        then = found.take(np.flatnonzero(asked == row)[:1])
        return f"{_words(first, then)} {how}"

    def _of(self, asked: Rows) -> Predictions:
        return self._expected.take(np.searchsorted(self._rows, asked))


def _scores(predictions: Predictions) -> npt.NDArray[np.float64] | None:
    """Return what is compared by size, shape (n_rows, n_scores); None for labels alone."""
    if predictions.probabilities is not None:
        return predictions.probabilities
    if predictions.labels.dtype.kind == "f":
        return predictions.labels.astype(np.float64).reshape(-1, 1)
    return None


def _is_tied(predictions: Predictions) -> npt.NDArray[np.bool_]:
    """Tell of each row whether its two most probable classes are as good as equal."""
    probabilities = predictions.probabilities
    if probabilities is None or probabilities.shape[1] < 2:
        return np.zeros(len(predictions.labels), dtype=bool)
    two = np.sort(probabilities, axis=1)[:, -2:]
    result: npt.NDArray[np.bool_] = two[:, 1] - two[:, 0] <= _OF_VALUE
    return result


def _words(first: Predictions, then: Predictions) -> str:
    scores = list(itertools.chain(*(_all_of(one) for one in (first, then))))
    half = len(scores) // 2
    pairs = list(zip(scores[:half], scores[half:], strict=True))
    one, other = next((pair for pair in pairs if pair[0] != pair[1]), pairs[0])
    return f"{one!r} in its chunk, {other!r}"


def _all_of(predictions: Predictions) -> list[object]:
    probabilities = predictions.probabilities
    some = [] if probabilities is None else probabilities[0].tolist()[::-1]
    return [*some, predictions.labels.tolist()[0]]
