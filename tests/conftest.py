"""What tests of several parts need."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# More test processes than CPUs, each with a thread of OpenMP for each CPU: those that wait are to
# let the others work, in the processes that tests start, too. Read when scikit-learn is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from tests.no_plans import WITHOUT_PLANS

os.environ.update(WITHOUT_PLANS)

from tests.publish.json_schema import errors
from titanic_batch import interrupts
from titanic_batch.publish.manifest import Manifest
from titanic_batch.publish.manifest_schema import SHIPPED

# The command is started a few hundred times: it is not to be compiled each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.fixture(autouse=True, scope="session")
def valid_manifests() -> Iterator[None]:
    """Hold every manifest that is written in this process against the published JSON Schema."""
    schema = json.loads(SHIPPED.read_text(encoding="utf-8"))
    to_bytes = Manifest.to_bytes

    def checked(manifest: Manifest) -> bytes:
        data = to_bytes(manifest)
        assert list(errors(json.loads(data), schema)) == []
        return data

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Manifest, "to_bytes", checked)
        yield


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home, with a store and a configuration of its own, and be at home there."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith(("TITANIC_BATCH_", "BENTOML_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(*next(iter(WITHOUT_PLANS.items())))
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("BENTOML_HOME", str(folder / "bentoml"))
    monkeypatch.setenv("BENTOML_DO_NOT_TRACK", "true")
    return folder


@pytest.fixture
def noted_signals(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Note signals as the command does, and forget them at the end."""
    monkeypatch.setattr(interrupts, "_state", interrupts._State())
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    before = {signum: signal.signal(signum, signal.SIG_DFL) for signum in interrupts.SIGNALS}
    interrupts.stop_on_signals()
    yield
    for signum, handler in before.items():
        signal.signal(signum, handler)
