"""Group commit: what several outputs have written is brought to the disk at once.

To publish is a sequence of steps; between two of them, what was written must be on the disk. A
file system with a journal writes it once for everything that is synced at the same moment, so many
small outputs take their steps side by side. Each takes its own in order, whatever the others do.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence

from titanic_batch.stores.base import Unsynced

#: What is yielded must be on the disk before the next step; if it can't be, that is raised there.
Steps = Generator[Sequence[Unsynced], None, None]


def take_steps(several: Iterable[Steps]) -> None:
    """Take the steps of several publications side by side.

    Raises:
        BaseException: what one of them lets out; the others are ended there.
    """
    pending: list[tuple[Steps, Sequence[Unsynced]]] = [(steps, ()) for steps in several]
    errors: dict[Unsynced, BaseException] = {}
    try:
        while pending:
            at_rest = []
            for steps, synced in pending:
                unsynced = _next(steps, next((errors[it] for it in synced if it in errors), None))
                if unsynced is not None:
                    at_rest.append((steps, unsynced))
            pending = at_rest
            errors = _sync(dict.fromkeys(it for _, unsynced in pending for it in unsynced))
    finally:
        for steps, _ in pending:
            steps.close()


def _next(steps: Steps, error: BaseException | None) -> Sequence[Unsynced] | None:
    """Take one publication's next step; None where there is none."""
    try:
        return next(steps) if error is None else steps.throw(error)
    except StopIteration:
        return None


def _sync(items: Iterable[Unsynced]) -> dict[Unsynced, BaseException]:
    errors: dict[Unsynced, BaseException] = {}
    for item in items:
        try:
            item.sync()
        except BaseException as exc:  # noqa: BLE001  # whose step it was decides what comes of it
            errors[item] = exc
    return errors
