"""Finishing: what has begun ends before the run goes on, whatever happens."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import dataclass, field

import pytest

from titanic_batch.publish.together import Steps
from titanic_batch.scoring.finishing import open_finisher


@dataclass
class Publishing:
    """Stands in for files that are published: notes those that have ended."""

    seconds: float = 0.0
    begun: threading.Event = field(default_factory=threading.Event)
    ended: list[int] = field(default_factory=list)

    def steps(self, number: int) -> Steps:
        self.begun.set()
        yield []
        time.sleep(self.seconds)
        self.ended.append(number)


@pytest.mark.parametrize("file_count", [1, 2])
def test_all_is_over_at_the_end(file_count: int) -> None:
    files = Publishing()
    with open_finisher(file_count) as finish:
        for number in range(300):
            finish(files.steps(number))
    assert sorted(files.ended) == list(range(300))


def test_an_error_lets_what_has_begun_end_and_begins_nothing_else() -> None:
    files = Publishing(seconds=0.3)

    def run() -> None:
        with open_finisher(2) as finish:
            finish(files.steps(0))
            assert files.begun.wait(10)
            for number in range(1, 4):
                finish(files.steps(number))
            raise KeyError

    with pytest.raises(KeyError):
        run()
    assert files.ended == [0]


def test_an_error_in_one_comes_out() -> None:
    def bad() -> Steps:
        yield []
        raise KeyError("a bug")

    def run() -> None:
        with open_finisher(2) as finish:
            finish(bad())

    with pytest.raises(KeyError, match="a bug"):
        run()


def test_an_interruption_of_the_wait_lets_what_has_begun_end() -> None:
    files = Publishing(seconds=0.5)

    def interrupt() -> None:
        assert files.begun.wait(10)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def run() -> None:
        with open_finisher(2) as finish:
            finish(files.steps(0))
            threading.Thread(target=interrupt).start()

    # Whoever runs the tests in the background may have it ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run()
    finally:
        signal.signal(signal.SIGINT, before)
    assert files.ended == [0]
