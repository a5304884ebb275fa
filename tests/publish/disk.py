"""Stand between the code and the disk: record what is done to it, fail it, or die there.

Everything that publishing changes on a disk goes through these functions of `os`, which pathlib
calls by name too.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

CALLS = ("fsync", "replace", "unlink")


@dataclass(frozen=True)
class Call:
    """One change: the function's name and the paths that it was given."""

    name: str
    paths: tuple[str, ...]


class Died(BaseException):
    """The run ended here, as by SIGKILL."""


def wrap(
    monkeypatch: pytest.MonkeyPatch, before: Callable[[Call], None], names: tuple[str, ...] = CALLS
) -> None:
    """Call `before` ahead of every change of the disk; what it raises is raised there."""
    opened: dict[int, str] = {}
    open_ = os.open

    def opening(path: Any, *arguments: Any, **keywords: Any) -> int:
        descriptor = open_(path, *arguments, **keywords)
        opened[descriptor] = os.fspath(path)
        return descriptor

    def wrapped(name: str) -> Callable[..., Any]:
        function = getattr(os, name)

        def call(*arguments: Any, **keywords: Any) -> Any:
            paths = tuple(
                opened.get(argument, "?") if isinstance(argument, int) else os.fspath(argument)
                for argument in arguments
            )
            before(Call(name, paths))
            return function(*arguments, **keywords)

        return call

    monkeypatch.setattr(os, "open", opening)
    for name in names:
        monkeypatch.setattr(os, name, wrapped(name))


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """Return a list that every change of the disk is added to."""
    calls: list[Call] = []
    wrap(monkeypatch, calls.append)
    return calls


def die_before(monkeypatch: pytest.MonkeyPatch, number: int) -> list[Call]:
    """Let the run die before its change `number` (from 1): nothing that comes later has effect."""
    calls: list[Call] = []

    def die(call: Call) -> None:
        calls.append(call)
        if len(calls) == number and not call.paths[0].endswith(".lock"):
            raise Died
        if len(calls) >= number:
            # Nothing that cleans up may reach the disk of a run that is dead.
            raise OSError(errno.EIO, "the run is dead")

    wrap(monkeypatch, die)
    return calls


def fail(monkeypatch: pytest.MonkeyPatch, number: int, code: int) -> list[Call]:
    """Let the change `number` (from 1) fail with an errno; those before and after it work."""
    calls: list[Call] = []

    def refuse(call: Call) -> None:
        calls.append(call)
        if len(calls) == number:
            raise OSError(code, os.strerror(code))

    wrap(monkeypatch, refuse)
    return calls
