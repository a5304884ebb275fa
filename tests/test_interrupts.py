"""Signals are noted, asked for, and raised at once only where the main thread may wait."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from titanic_batch.errors import InterruptedRunError
from titanic_batch.interrupts import interruptible, stop_if_interrupted, stop_on_signals

pytestmark = pytest.mark.usefixtures("noted_signals")


def in_a_thread(work: Callable[[], Any]) -> list[Any]:
    """Return what a function returns in another thread."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results


@pytest.mark.parametrize(
    ("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_raises_nothing_until_it_is_asked_for(signum: signal.Signals, code: int) -> None:
    stop_if_interrupted()
    signal.raise_signal(signum)
    with pytest.raises(InterruptedRunError) as caught:
        stop_if_interrupted()
    assert caught.value.exit_code == code


def test_a_signal_ends_a_wait_at_once() -> None:
    reading, writing = os.pipe()

    def interrupt() -> None:
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with pytest.raises(InterruptedRunError), interruptible():
            os.read(reading, 1)
    finally:
        thread.join()
        os.close(reading)
        os.close(writing)


def test_a_signal_that_came_before_a_wait_is_not_waited_with() -> None:
    signal.raise_signal(signal.SIGTERM)
    begun = []
    with pytest.raises(InterruptedRunError), interruptible():
        begun.append(True)
    assert begun == []


def test_a_signal_is_not_lost_where_the_block_swallows_it() -> None:
    def swallow() -> None:
        with interruptible(), contextlib.suppress(BaseException):  # as compiled code does
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(InterruptedRunError):
        swallow()


def test_a_signal_is_why_whatever_error_the_block_makes_of_it() -> None:
    def wrap() -> None:
        with interruptible():
            try:
                signal.raise_signal(signal.SIGTERM)
            except BaseException as exc:
                raise ImportError("it could not be initialised") from exc

    with pytest.raises(InterruptedRunError):
        wrap()


def test_a_signal_in_a_finaliser_is_not_lost_and_nothing_is_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    class Finalised:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    def finalise() -> None:
        with interruptible():
            it = [Finalised()]
            del it[0]

    with pytest.raises(InterruptedRunError):
        finalise()
    assert capfd.readouterr().err == ""


def test_the_first_signal_counts_and_those_after_it_change_nothing() -> None:
    def clean_up() -> None:
        with interruptible():
            try:
                signal.raise_signal(signal.SIGTERM)
            finally:
                signal.raise_signal(signal.SIGINT)
                cleaned.append(True)

    cleaned: list[bool] = []
    with pytest.raises(InterruptedRunError) as caught:
        clean_up()
    assert caught.value.exit_code == 143
    assert cleaned == [True]
    signal.raise_signal(signal.SIGINT)


def test_after_a_block_signals_are_noted_again() -> None:
    with interruptible(), interruptible():
        pass
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(InterruptedRunError):
        stop_if_interrupted()


def test_a_block_within_a_block_does_not_end_it() -> None:
    def wait() -> None:
        with interruptible():
            with interruptible():
                pass
            signal.raise_signal(signal.SIGTERM)
            went_on.append(True)

    went_on: list[bool] = []
    with pytest.raises(InterruptedRunError):
        wait()
    assert went_on == []


def test_another_thread_goes_on_whatever_comes() -> None:
    def work() -> str:
        with interruptible():
            stop_if_interrupted()
        return "done"

    signal.raise_signal(signal.SIGTERM)
    assert in_a_thread(work) == ["done"]


def test_a_wait_of_another_thread_lets_nothing_be_raised_in_the_main_one() -> None:
    begun, over = threading.Event(), threading.Event()

    def wait() -> None:
        with interruptible():
            begun.set()
            over.wait(10)

    thread = threading.Thread(target=wait)
    thread.start()
    assert begun.wait(10)
    signal.raise_signal(signal.SIGTERM)
    over.set()
    thread.join()
    with pytest.raises(InterruptedRunError):
        stop_if_interrupted()


def test_what_is_to_outlive_its_terminal_does() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    stop_on_signals()
    signal.raise_signal(signal.SIGHUP)
    stop_if_interrupted()
