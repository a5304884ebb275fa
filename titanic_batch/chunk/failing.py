"""Find the rows on which a model raises, by halves."""

from __future__ import annotations

from collections.abc import Callable

from titanic_batch.errors import TitanicBatchError, is_out_of_memory

#: So many rows of a chunk are found at least, where a share of all rows may be rejected: how many
#: that is, is known only in the end.
_FEWEST_OF_SHARE = 1_000


class TogetherError(Exception):
    """A model raises on some rows together, and on none of them alone."""


def most_failing(rows: int, *, count: int, share: float) -> int:
    """Return how many rows of a chunk may fail before it is of no use to look for more.

    Args:
        rows: Rows in the chunk.
        count: How many may be rejected in all.
        share: Which share of all rows may.
    """
    return max(count, _FEWEST_OF_SHARE, int(share * rows)) if share else count


def failing_rows(
    predict: Callable[[range], object], count: int, error: Exception, most: int
) -> list[tuple[int, Exception]]:
    """Return the rows on which a model raises, and what; in order, at most one more than `most`.

    Args:
        predict: Has the model predict some of the rows.
        count: How many there are; it raises on all of them together.
        error: What it raises then.
        most: How many may fail.

    Raises:
        TogetherError: if it raises on rows together, and not on those before and after a middle.
    """
    found: list[tuple[int, Exception]] = []
    left = [(range(count), error)]
    while left and len(found) <= most:
        rows, raised = left.pop()
        if len(rows) == 1:
            found.append((rows.start, raised))
            continue
        middle = len(rows) // 2
        halves = [rows[middle:], rows[:middle]]  # the first rows come off the end
        failing = [(half, exc) for half in halves if (exc := _raised(predict, half)) is not None]
        if not failing:
            raise TogetherError from raised
        left.extend(failing)
    return found


def _raised(predict: Callable[[range], object], rows: range) -> Exception | None:
    try:
        predict(rows)
    except TitanicBatchError:
        raise
    except Exception as exc:
        if is_out_of_memory(exc):
            raise MemoryError from exc
        return exc
    return None
