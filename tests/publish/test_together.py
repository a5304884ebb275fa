"""Group commit: side by side, each in its own order, and no step before the disk has the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from titanic_batch.errors import FileAccessError
from titanic_batch.publish.together import Steps, take_steps


@dataclass(frozen=True)
class Thing:
    """Notes that it was synced, or refuses."""

    name: str
    log: list[str] = field(compare=False)
    refuses: bool = field(default=False, compare=False)

    def sync(self) -> None:
        self.log.append(f"sync {self.name}")
        if self.refuses:
            raise FileAccessError("the disk is full", where=self.name)


def way(name: str, things: Sequence[Thing], log: list[str]) -> Steps:
    for number, thing in enumerate(things, 1):
        log.append(f"{name} {number}")
        yield [thing]
    log.append(f"{name} ends")


def test_each_step_follows_the_sync_of_what_the_one_before_it_wrote() -> None:
    log: list[str] = []
    folder = Thing("folder", log)
    take_steps(way(name, [Thing(f"data {name}", log), folder], log) for name in "ab")
    assert log == [
        "a 1",
        "b 1",
        "sync data a",
        "sync data b",
        "a 2",
        "b 2",
        "sync folder",  # once for both
        "a ends",
        "b ends",
    ]


def test_what_cannot_be_synced_stops_those_alone_that_wait_for_it() -> None:
    log: list[str] = []
    caught: list[FileAccessError] = []

    def careful(steps: Steps) -> Steps:
        try:
            yield from steps
        except FileAccessError as exc:
            caught.append(exc)

    bad = careful(way("bad", [Thing("full", log, refuses=True)], log))
    take_steps([bad, way("good", [Thing("data", log)], log)])
    assert [error.where for error in caught] == ["full"]
    assert log == ["bad 1", "good 1", "sync full", "sync data", "good ends"]


def test_an_error_that_gets_out_ends_the_others_where_they_are() -> None:
    log: list[str] = []
    ended: list[str] = []

    def noting(steps: Steps) -> Steps:
        try:
            yield from steps
        finally:
            ended.append("other")

    bad = way("bad", [Thing("full", log, refuses=True)], log)
    with pytest.raises(FileAccessError):
        take_steps([bad, noting(way("other", [Thing("data", log)], log))])
    assert ended == ["other"]
    assert "other ends" not in log
