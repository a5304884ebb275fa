"""Show progress: a bar on a terminal, a line now and then off one, nothing with --quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from titanic_batch.cli.console import log, stderr, style
from titanic_batch.scoring.progress import NullObserver, Observer, Progress

_LINE_EVERY_S = 10.0


@contextmanager
def shown_progress() -> Iterator[Observer]:
    """Yield an observer that suits where stderr goes."""
    if style().quiet:
        yield NullObserver()
    elif sys.stderr.isatty() and style().log_format == "text":
        with _bar() as bar:
            yield bar
    else:
        yield _Lines()


class _Lines:
    """Prints a plain line every ten seconds or so."""

    def __init__(self) -> None:
        self._started = self._last = time.monotonic()

    def update(self, progress: Progress) -> None:
        """Print a line if the last one is old enough."""
        now = time.monotonic()
        if now - self._last < _LINE_EVERY_S:
            return
        self._last = now
        seconds = now - self._started
        share = ""
        if progress.bytes_total:
            share = f" ({min(progress.bytes_read / progress.bytes_total, 1):.0%})"
        log(
            "progress",
            f"{progress.rows:,} rows{share}, {progress.rows / seconds:,.0f} rows/s, "
            f"{progress.rejected:,} rejected",
            input=progress.input,
            rows=progress.rows,
            rejected=progress.rejected,
            bytes_read=progress.bytes_read,
            bytes_total=progress.bytes_total,
            seconds=round(seconds, 1),
        )


@contextmanager
def _bar() -> Iterator[Observer]:
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    with Bar(
        SpinnerColumn(),
        BarColumn(bar_width=30),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
        console=stderr(),
        transient=True,
    ) as bar:
        task = bar.add_task("loading the model", total=None)

        first: tuple[float, int] | None = None  # the speed is of scoring, not of starting

        class Shown:
            def update(self, progress: Progress) -> None:
                nonlocal first
                now = time.monotonic()
                first = first or (now, progress.rows)
                speed = (progress.rows - first[1]) / max(now - first[0], 1e-3)
                bar.update(
                    task,
                    completed=progress.bytes_read,
                    total=progress.bytes_total,
                    description=f"{progress.rows:,} rows  {speed:,.0f} rows/s  "
                    f"{progress.rejected:,} rejected",
                )

        yield Shown()
