"""Whatever a model does besides answering: results stay results, and only a whole output is 0."""

from __future__ import annotations

import hashlib
import json
import resource
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import joblib
import pytest

from tests.cli.command import Command
from tests.cli.test_signals import SLOW

LIMITED = ("bash", "-c", 'ulimit -v "$LIMIT" && exec "$0" "$@"')
ROWS = 200
CSV = "a\n" + "".join(f"{row}\n" for row in range(ROWS))
SCORED = "a,prediction\n" + "".join(f"{row},{row}\n" for row in range(ROWS))


@pytest.fixture
def wild(
    installed: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[str, ...]]:
    monkeypatch.syspath_prepend(SLOW)

    def save(deed: str) -> tuple[str, ...]:
        model = import_module("wild_models").WildRegressor(deed).fit(None)
        joblib.dump(model, tmp_path / "wild.pkl")
        (tmp_path / "in.csv").write_text(CSV)
        trust = hashlib.sha256((tmp_path / "wild.pkl").read_bytes()).hexdigest()
        return ("-m", "wild.pkl", "--trust", trust, "--chunk-size", "100B")

    return save


@pytest.mark.parametrize(
    ("deed", "workers"),
    [
        ("print", 1),
        ("print", 2),
        ("fork", 1),
        ("close its streams", 1),
        ("close the descriptors", 1),
    ],
)
def test_results_are_results_alone(
    deed: str,
    workers: int,
    wild: Callable[[str], tuple[str, ...]],
    installed: Command,
    command: Command,
) -> None:
    options = (*wild(deed), "--workers", workers)
    if deed == "fork":  # each call leaves a process that ends at once
        options = (*options, "--chunk-size", "1KB")
    first = installed if workers == 1 else command
    done = first("score", "in.csv", "-", *options, PYTHONPATH=str(SLOW))
    assert done.out == SCORED
    if deed == "print":
        assert {"9,9", "8,8", "7,7"} <= set(done.err.splitlines())
    done = command("score", "in.csv", "out.csv", "--json", *options, PYTHONPATH=str(SLOW))
    assert json.loads(done.out)["rows"]["scored"] == ROWS
    assert sorted(path.name for path in installed.folder.glob("*out*")) == [
        "out.csv",
        "out.csv.manifest.json",
    ]


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("exit", "model-error: SystemExit: 0"),
        ("raise what ends a process", "model-error: BaseException: the end"),
        ("raise GeneratorExit", "model-error: GeneratorExit"),
        ("raise what cannot be read", "model-error: MuteError"),
    ],
)
def test_what_would_end_the_process_is_a_model_error(
    deed: str, said: str, wild: Callable[[str], tuple[str, ...]], command: Command
) -> None:
    options = wild(deed)
    commands: list[tuple[str, ...]] = [("score", "in.csv", "out.csv", "--workers", "1")]
    if deed == "exit":
        commands += [("score", "in.csv", "out.csv", "--workers", "2"), ("check", "in.csv")]
    for arguments in commands:
        done = command(*arguments, *options, code=65, PYTHONPATH=str(SLOW))
        assert said in done.out + done.err
        assert "Traceback" not in done.err
        assert not (command.folder / "out.csv").exists()


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_AS)[1] != resource.RLIM_INFINITY, reason="limited already"
)
@pytest.mark.parametrize("workers", [1, 2])
def test_little_address_space_is_71_and_no_wait(
    workers: int, wild: Callable[[str], tuple[str, ...]], installed: Command
) -> None:
    options = (*wild("print"), "--workers", workers)
    done = installed(
        *("score", "in.csv", "out.csv", *options),
        code=71, before=LIMITED, PYTHONPATH=str(SLOW), LIMIT="600000",
    )  # fmt: skip
    assert "memory ran out" in done.error
