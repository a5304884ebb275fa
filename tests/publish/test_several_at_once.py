"""Several outputs published at once: each in its own order, each old or new, whatever comes."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.publish.disk import Died, die_before, fail, recorded
from tests.publish.publishing import (
    NEW,
    OLD,
    REJECTS,
    files_in,
    look_again,
    manifest_for,
    publish,
    stage,
)
from titanic_batch.errors import FileAccessError
from titanic_batch.publish.ownership import published
from titanic_batch.publish.paths import output_paths
from titanic_batch.publish.publication import Publication
from titanic_batch.publish.rejects import Reject
from titanic_batch.publish.together import Steps, take_steps
from titanic_batch.publish.verify import verify


@pytest.fixture
def outputs(folder: Path) -> list[Path]:
    return [folder / name for name in ("a.csv", "b.csv", "c.csv")]


def publish_all(outputs: Sequence[Path]) -> list[FileAccessError]:
    """Publish new data at once, the second with rejects; return what those that fail raise."""
    errors: list[FileAccessError] = []

    def steps(publication: Publication, rejects: Sequence[Reject]) -> Steps:
        try:
            yield from publication.seal()
            yield from publication.commit(manifest_for(publication, NEW, rejects))
        except FileAccessError as exc:
            errors.append(exc)

    with contextlib.ExitStack() as held:
        several = []
        for number, output in enumerate(outputs):
            rejects = REJECTS if number == 1 else ()
            publication = held.enter_context(contextlib.closing(stage(output, NEW, rejects)))
            several.append(steps(publication, rejects))
        take_steps(several)
    return errors


def prepare(outputs: Sequence[Path]) -> None:
    folder = outputs[0].parent
    shutil.rmtree(folder)
    folder.mkdir()
    for output in outputs[:2]:  # the third is new
        publish(output, OLD)


def steps_of(outputs: Sequence[Path]) -> int:
    prepare(outputs)
    with pytest.MonkeyPatch.context() as patch:
        calls = recorded(patch)
        publish_all(outputs)
    return len(calls)


def is_old_or_new(output: Path) -> bool:
    """Open the output as the next run does, and look what stands there."""
    look_again(output)
    if not output.exists():
        return output.name == "c.csv"
    assert published(output_paths(output)) is not None
    return Path(verify(output).path).read_bytes() in (OLD, NEW)


def test_each_output_keeps_its_order_and_the_folder_is_synced_twice(
    outputs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(outputs)
    calls = recorded(monkeypatch)
    assert publish_all(outputs) == []
    folder = outputs[0].parent
    syncs = [at for at, call in enumerate(calls) if Path(call.paths[0]) == folder]
    assert len(syncs) == 2
    when = {(call.name, public(call.paths[0])): at for at, call in enumerate(calls)}
    for name in (output.name for output in outputs):
        record = f"{name}.manifest.json"
        assert when["fsync", name] < when["fsync", record] < when["replace", name] < syncs[0]
        assert syncs[0] < when["replace", record] < syncs[1]


def public(path: str) -> str:
    """Return the name that a private file is to get."""
    name = Path(path).name
    return name[1:-37] if name.endswith(".tmp") else name


def test_dead_before_any_step_each_is_old_or_new_and_the_next_run_succeeds(
    outputs: list[Path],
) -> None:
    for number in range(1, steps_of(outputs) + 1):
        prepare(outputs)
        with pytest.MonkeyPatch.context() as patch:
            die_before(patch, number)
            with contextlib.suppress(Died):
                publish_all(outputs)
        assert all(is_old_or_new(output) for output in outputs), number
        assert publish_all(outputs) == []
        assert [output.read_bytes() for output in outputs] == [NEW] * 3
        assert not [name for name in files_in(outputs[0].parent) if name.startswith(".")]


def test_a_step_that_the_system_refuses_fails_those_alone_that_need_it(
    outputs: list[Path],
) -> None:
    failed_alone = 0
    for number in range(1, steps_of(outputs) + 1):
        prepare(outputs)
        with pytest.MonkeyPatch.context() as patch:
            fail(patch, number, errno.EIO)
            errors = publish_all(outputs)
        failed_alone += len(errors) == 1
        assert all(is_old_or_new(output) for output in outputs), number
        new = sum(output.exists() and output.read_bytes() == NEW for output in outputs)
        assert new >= 3 - len(errors)
        assert publish_all(outputs) == []
    assert failed_alone >= 6  # at least each one's two files
