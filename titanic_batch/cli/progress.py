"""Show progress: a bar on a terminal, a line now and then off one, nothing with --quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from titanic_batch.cli.console import log, stderr, style
from titanic_batch.scoring.progress import Progress

_LINE_EVERY_S = 10.0
_LOADING = "loading the model"


class Display(Protocol):
    """Shows progress; an Observer that makes room for what else is printed."""

    def update(self, progress: Progress, /) -> None:
        """Show how far a run is."""
        ...

    def hidden(self) -> AbstractContextManager[None]:
        """Take it away for a while; what comes then is the next run's."""
        ...


@contextmanager
def shown_progress() -> Iterator[Display]:
    """Yield a display that suits where stderr goes."""
    if style().quiet:
        yield _Nothing()
    elif sys.stderr.isatty() and style().log_format == "text":
        with _bar() as bar:
            yield bar
    else:
        yield _Lines()


class _Nothing:
    """Shows nothing."""

    def update(self, progress: Progress) -> None:
        """Do nothing."""

    def hidden(self) -> AbstractContextManager[None]:
        """Do nothing."""
        return nullcontext()


class _Lines(_Nothing):
    """Prints a plain line every ten seconds or so."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def update(self, progress: Progress) -> None:
        """Print a line if the last one is old enough."""
        now = time.monotonic()
        if now - self._last < _LINE_EVERY_S:
            return
        self._last = now
        share = ""
        if progress.bytes_total:
            share = f" ({min(progress.bytes_done / progress.bytes_total, 1):.0%})"
        log(
            "progress",
            f"{progress.rows:,} rows{share}, {progress.rows_per_second:,.0f} rows/s, "
            f"{progress.rejected:,} rejected",
            input=progress.input,
            rows=progress.rows,
            rejected=progress.rejected,
            bytes_done=progress.bytes_done,
            bytes_total=progress.bytes_total,
            seconds=round(progress.seconds, 1),
        )


@contextmanager
def _bar() -> Iterator[Display]:
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
        task = bar.add_task(_LOADING, total=None)

        class Shown:
            def update(self, progress: Progress) -> None:
                bar.update(
                    task,
                    completed=progress.bytes_done,
                    total=progress.bytes_total,
                    description=f"{progress.rows:,} rows  {progress.rows_per_second:,.0f} rows/s  "
                    f"{progress.rejected:,} rejected",
                )

            @contextmanager
            def hidden(self) -> Iterator[None]:
                bar.stop()
                yield
                bar.reset(task, total=None, description=_LOADING)
                bar.start()

        yield Shown()
