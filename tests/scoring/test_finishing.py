"""Finishing: what has begun ends before the run goes on, whatever happens."""

from __future__ import annotations

import functools
import signal
import threading
import time

import pytest

from titanic_batch.scoring.finishing import open_finisher


@pytest.mark.parametrize("file_count", [1, 2])
def test_all_is_over_at_the_end(file_count: int) -> None:
    ended: list[int] = []
    with open_finisher(file_count) as finish:
        for number in range(30):
            finish(functools.partial(ended.append, number))
    assert sorted(ended) == list(range(30))


def test_an_error_lets_what_has_begun_end() -> None:
    ended: list[int] = []

    def slow(number: int) -> None:
        time.sleep(0.3)
        ended.append(number)

    def run() -> None:
        with open_finisher(2) as finish:
            for number in range(8):
                finish(functools.partial(slow, number))
            raise KeyError

    with pytest.raises(KeyError):
        run()
    assert sorted(ended) == list(range(8))


def test_an_interruption_of_the_wait_lets_what_has_begun_end() -> None:
    begun, ended = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        time.sleep(0.5)
        ended.set()

    def interrupt() -> None:
        assert begun.wait(10)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def run() -> None:
        with open_finisher(2) as finish:
            finish(slow)
            threading.Thread(target=interrupt).start()

    # Whoever runs the tests in the background may have it ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run()
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.is_set()
