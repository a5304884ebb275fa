"""Kill a run at random, change something that its predictions depend on, and run it again."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

PROGRAM = Path(sys.executable).parent / "titanic-batch"
PATIENCE_S = 120.0
ROWS = 24_000

#: The user's own module: it is slow, so that what it predicts is kept.
_MODULE = """
import time
from sklearn.linear_model import LogisticRegression
from {weights} import WEIGHT
SHIFT = 0.0

class Slow(LogisticRegression):
    def predict_proba(self, inputs):
        time.sleep(len(inputs) / 25_000)
        return super().predict_proba(inputs * WEIGHT + SHIFT)

    def predict(self, inputs):
        return self.classes_[self.predict_proba(inputs).argmax(axis=1)]
"""


@dataclass
class Scene:
    """A slow model, an input, and the options of a run; changes are made to it.

    Args:
        folder: An empty folder.
        rng: What draws.
        piped: Whether the input comes by standard input.
    """

    folder: Path
    rng: random.Random
    piped: bool
    options: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.source = self.folder / "in.csv"
        self.model = self.folder / "model.joblib"
        self.modules = self.folder / "modules"
        self.modules.mkdir()
        # Names of their own: a process may make many scenes, and imports each module once.
        number = f"{self.rng.randrange(2**40):010x}"
        self.module = self.modules / f"slow_{number}.py"
        self.weights = self.modules / f"weights_{number}.py"
        self.weights.write_text("WEIGHT = 1.0\n")
        self.module.write_text(_MODULE.format(weights=self.weights.stem))
        self.fit()
        self._write_input()

    def fit(self) -> None:
        """Fit the model on data of its own, and save it."""
        generator = np.random.default_rng(self.rng.randrange(2**32))
        frame = pd.DataFrame(generator.normal(size=(300, 3)), columns=["a", "b", "c"])
        weights = generator.normal(size=3)
        with _importable(self.modules):
            slow: Any = _load(self.module).Slow()
            model = make_pipeline(SimpleImputer(), slow).fit(frame, frame @ weights > 0)
            joblib.dump(model, self.model)

    def _write_input(self) -> None:
        generator = np.random.default_rng(self.rng.randrange(2**32))
        frame = pd.DataFrame(generator.normal(size=(ROWS, 3)), columns=["a", "b", "c"])
        frame.insert(0, "row", np.arange(1, ROWS + 1))
        frame.to_csv(self.source, index=False, float_format="%+.4f")

    @contextlib.contextmanager
    def same_time(self) -> Iterator[None]:
        """Leave the input as old as it was: a tool that copies files may, or a clock."""
        found = self.source.stat()
        yield
        assert self.source.stat().st_size == found.st_size
        os.utime(self.source, ns=(found.st_atime_ns, found.st_mtime_ns))

    def start(self, output: Path) -> subprocess.Popen[bytes]:
        trust = hashlib.sha256(self.model.read_bytes()).hexdigest()
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.modules),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
        }
        source = "-" if self.piped else str(self.source)
        model = ["--model", str(self.model), "--trust", trust]
        command = [str(PROGRAM), "score", source, str(output), *model, "-q", *self.options]
        with self.source.open("rb") as stdin:
            return subprocess.Popen(
                command,
                env=environment,
                stdin=stdin if self.piped else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )

    def kill(self, output: Path, *, after: int) -> int:
        """Start a run, and kill it once it has kept so many parts; return how many are kept."""
        process = self.start(output)
        end = time.monotonic() + PATIENCE_S
        while process.poll() is None and _kept(output) < after:
            assert time.monotonic() < end
            time.sleep(0.005)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=PATIENCE_S)
        return _kept(output)

    def run(self, output: Path) -> bytes:
        """Run to the end and return the output."""
        process = self.start(output)
        _, said = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, f"exit {process.returncode}: {said.decode()}"
        return output.read_bytes()


def _kept(output: Path) -> int:
    return sum(
        1
        for folder in output.parent.iterdir()
        if folder.name.endswith(".work")
        for _ in folder.iterdir()
    )


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let modules of a folder be imported; they are forgotten afterwards, to be read anew."""
    known = set(sys.modules)
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = before
        for name in set(sys.modules) - known:
            if getattr(sys.modules[name], "__file__", "").startswith(str(folder)):
                del sys.modules[name]


def _load(path: Path) -> Any:
    found = importlib.util.spec_from_file_location(path.stem, path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[path.stem] = module
    found.loader.exec_module(module)
    return module


# ---------------------------------------------------------------------------------------------
# What may change between a run that was killed and the next


def nothing(scene: Scene) -> None:
    """Nothing changes."""


def header(scene: Scene) -> None:
    """Two columns change places in the header, at the same size and time."""
    first, _, rest = scene.source.read_bytes().partition(b"\n")
    names = first.split(b",")
    one, other = scene.rng.sample([1, 2, 3], 2)
    names[one], names[other] = names[other], names[one]
    with scene.same_time():
        scene.source.write_bytes(b",".join(names) + b"\n" + rest)


def cells(scene: Scene) -> None:
    """Some cells change, at the same size and time."""
    head, _, rest = scene.source.read_bytes().partition(b"\n")
    old, new = scene.rng.choice(((b",+0.", b",-0."), (b",+1.", b",+2."), (b",-", b",+")))
    with scene.same_time():
        scene.source.write_bytes(head + b"\n" + rest.replace(old, new, 2_000))


def rows(scene: Scene) -> None:
    """The rows change their order, at the same size and time."""
    head, *lines = scene.source.read_bytes().splitlines(keepends=True)
    with scene.same_time():
        scene.source.write_bytes(head + b"".join(lines[::-1]))


def code(scene: Scene) -> None:
    """The code of the model's own class changes."""
    shift = scene.rng.choice(("1.5", "0.7"))
    scene.module.write_text(scene.module.read_text().replace("SHIFT = 0.0", f"SHIFT = {shift}"))


def code_beside(scene: Scene) -> None:
    """The code of a module that the model's own module imports changes."""
    scene.weights.write_text(f"WEIGHT = {scene.rng.choice(('-1.0', '+2.0'))}\n")


def model(scene: Scene) -> None:
    """Another model takes the model's place."""
    scene.fit()


def threshold(scene: Scene) -> None:
    """The threshold changes."""
    scene.options += ["--threshold", str(scene.rng.choice((0.1, 0.9)))]


def renamed(scene: Scene) -> None:
    """Two columns change places by options."""
    scene.options += ["--rename", "a=b", "--rename", "b=a"]


def null(scene: Scene) -> None:
    """A number comes to mean null."""
    cell = scene.source.read_text().splitlines()[1].split(",")[1]
    scene.options += ["--null", cell, "--fill", "a=3"]


def chunk_size(scene: Scene) -> None:
    """The input is cut otherwise."""
    scene.options += ["--chunk-size", scene.rng.choice(("200KB", "90KB"))]


Change = Callable[[Scene], None]
CHANGES: tuple[Change, ...] = (
    *(nothing, header, cells, rows, code, code_beside, model, threshold, renamed, null, chunk_size),
)


def killed_and_changed(folder: Path, seed: int, *, changes: tuple[Change, ...] = ()) -> str:
    """Kill, change, perhaps kill and change again, run to the end; compare with a run undisturbed.

    Args:
        folder: An empty folder.
        seed: Everything is drawn from it, but for the moments of the kills.
        changes: What changes; drawn if empty.

    Returns:
        What was done.

    Raises:
        AssertionError: where the output is another than that of a run that nothing disturbed.
    """
    rng = random.Random(seed)
    drawn = changes or tuple(rng.sample(CHANGES, rng.choice((1, 1, 2))))
    scene = Scene(folder, rng, piped=rng.random() < 0.4)
    for name in ("disturbed", "undisturbed"):
        (folder / name).mkdir()
    output = folder / "disturbed" / "scored.csv"
    done = ["piped" if scene.piped else "from a file"]
    for change in drawn:
        kept = scene.kill(output, after=rng.randint(1, 4))
        change(scene)
        done.append(f"killed with {kept} parts kept, {change.__name__} changed")
    seen = scene.run(output).splitlines()
    expected = scene.run(folder / "undisturbed" / "scored.csv").splitlines()
    wrong = sum(one != other for one, other in zip(seen, expected, strict=True))
    told = "; ".join(done)
    assert wrong == 0, f"seed {seed}: {wrong} rows of {ROWS} differ: {told}"
    return told
