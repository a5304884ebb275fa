"""File systems without some operation: what they have not is done without; what fails is said."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.publish.publishing import NEW, OLD, REJECTS, fail_for_rejects, files_in, publish
from titanic_batch.errors import FileAccessError
from titanic_batch.publish.verify import verify

NO_SUCH = [errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS]
Test = Callable[[int], bool]


def is_folder(descriptor: int) -> bool:
    return stat.S_ISDIR(os.fstat(descriptor).st_mode)


def refuse(patch: pytest.MonkeyPatch, name: str, code: int, test: Test = lambda _: True) -> None:
    """Let a function of `os` fail for the descriptors that a test picks."""
    function = getattr(os, name)

    def call(descriptor: int, *arguments: Any) -> Any:
        if test(descriptor):
            raise OSError(code, os.strerror(code))
        return function(descriptor, *arguments)

    patch.setattr(os, name, call)


@pytest.mark.parametrize("code", NO_SUCH)
@pytest.mark.parametrize("what", ["folders", "anything"])
def test_what_cannot_be_synced_is_published_all_the_same(
    output: Path, monkeypatch: pytest.MonkeyPatch, code: int, what: str
) -> None:
    refuse(monkeypatch, "fsync", code, is_folder if what == "folders" else lambda _: True)
    publish(output, OLD)
    publish(output, NEW, REJECTS)
    fail_for_rejects(output)
    publish(output, NEW)
    assert verify(output).rows == 3
    assert set(files_in(output.parent)) == {"scored.csv", "scored.csv.manifest.json"}


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_a_folder_that_fails_to_sync_is_an_error_that_the_next_run_completes(
    output: Path, code: int
) -> None:
    """Both times that it is synced: after the data's rename, and after the manifest's."""
    for failing in (1, 2):
        publish(output, OLD)
        count = 0

        def test(descriptor: int) -> bool:
            nonlocal count
            count += is_folder(descriptor)
            return is_folder(descriptor) and count == failing  # noqa: B023

        with pytest.MonkeyPatch.context() as patch:
            refuse(patch, "fsync", code, test)
            with pytest.raises(FileAccessError, match="syncing the folder failed") as caught:
                publish(output, NEW)
        assert caught.value.exit_code == 74
        assert output.read_bytes() in {OLD, NEW}
        publish(output, NEW, REJECTS)
        assert verify(output).rows == 3
        shutil.rmtree(output.parent)
        output.parent.mkdir()


@pytest.mark.parametrize("code", [errno.EPERM, *NO_SUCH])
def test_where_modes_cannot_be_set_the_mounts_hold(
    output: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    refuse(monkeypatch, "fchmod", code)
    publish(output, NEW, REJECTS)
    assert verify(output).rows == 3


def test_a_mode_that_fails_to_be_set_is_an_error(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "fchmod", errno.EIO)
    with pytest.raises(FileAccessError):
        publish(output)
    assert files_in(output.parent) == {}
