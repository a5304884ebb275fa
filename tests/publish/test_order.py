"""Everything is on the disk before the first rename; the manifest comes last."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.publish.disk import Call, recorded
from tests.publish.publishing import (
    NEW,
    OLD,
    REJECTS,
    manifest_for,
    manifest_of,
    publish,
    seal,
    stage,
)
from titanic_batch.errors import InterruptedRunError
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.publish.paths import output_paths
from titanic_batch.publish.together import take_steps


def shown(calls: list[Call], folder: Path) -> list[str]:
    """Return the calls with the private names and folder taken out."""
    lines = []
    for call in calls:
        parts = [Path(path) for path in call.paths]
        names = []
        for path in parts:
            name = "folder" if path == folder else path.name
            if name.endswith(".tmp"):
                name = "private " + name[1:-37]
            names.append(name)
        lines.append(f"{call.name} {' -> '.join(names)}")
    return lines


def test_publishing_syncs_renames_and_syncs_the_folder_in_this_order(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(output, OLD)
    calls = recorded(monkeypatch)
    publish(output, NEW, REJECTS)
    steps = shown(calls, output.parent)
    changes = [step for step in steps if not step.startswith("unlink private")]
    assert changes == [
        "fsync private scored.csv",
        "fsync private scored.csv.rejects.csv",
        "fsync private scored.csv.manifest.json",
        "replace private scored.csv.rejects.csv -> scored.csv.rejects.csv",
        "replace private scored.csv -> scored.csv",
        "fsync folder",
        "replace private scored.csv.manifest.json -> scored.csv.manifest.json",
        "fsync folder",
        "unlink .scored.csv.lock",
    ]


def test_rejects_that_no_longer_apply_go_before_the_manifest_comes(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(output, OLD, REJECTS)
    calls = recorded(monkeypatch)
    publish(output, NEW)
    steps = shown(calls, output.parent)
    data = steps.index("replace private scored.csv -> scored.csv")
    stale = steps.index("unlink scored.csv.rejects.csv")
    manifest = steps.index("replace private scored.csv.manifest.json -> scored.csv.manifest.json")
    assert data < stale < manifest


def test_rejects_in_another_folder_have_their_folder_synced_too(
    output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "rejects"
    other.mkdir()
    calls = recorded(monkeypatch)
    publish(output_paths(output, other / "bad.csv"), NEW, REJECTS)
    synced = [call.paths[0] for call in calls if call.name == "fsync"]
    assert synced[-3:] == [str(output.parent), str(other), str(output.parent)]
    assert (other / "bad.csv").exists()


@pytest.mark.usefixtures("noted_signals")
def test_signals_wait_until_the_last_rename_and_act_then(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publication = stage(output, NEW, REJECTS)
    seal(publication)
    manifest = manifest_for(publication, NEW, REJECTS)
    replace = os.replace

    def replace_and_signal(*paths: Any) -> None:
        replace(*paths)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(os, "replace", replace_and_signal)
    try:
        take_steps([publication.commit(manifest)])
    finally:
        publication.close()
    assert manifest_of(output).exists()
    assert output.read_bytes() == NEW
    with pytest.raises(InterruptedRunError):
        stop_if_interrupted()
