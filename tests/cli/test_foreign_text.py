"""Headers, cells, paths and names that try to drive the terminal, or to look like our own lines."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import unicodedata
from pathlib import Path

import pytest

from tests.cli.command import PASSENGERS, Command, Done


@pytest.fixture
def command(in_process: Command) -> Command:
    return in_process


NASTY = "x\x1b[2J\x9b31m\u202e\u200b\u2028\r\x08\nerror: fake"
JOB = """\
[job]
name = {name}
timezone = "UTC"
[model]
ref = {name}
[input]
path = {name}
[output]
path = "out.csv"
"""


def assert_tame(done: Done) -> None:
    for text in (done.out, done.err):
        lines = text.split("\n")
        assert not [line for line in lines if line.startswith(("error: fake", "fake"))]
        left = {unicodedata.category(character) for line in lines for character in line}
        assert not left & {"Cc", "Cf", "Cs", "Zl", "Zp"}, text
    assert "Traceback" not in done.err


@pytest.fixture
def nasty(tmp_path: Path) -> Path:
    """Return a folder with files that are named, headed and filled so."""
    header, first, *rest = PASSENGERS.read_text("utf-8").splitlines(keepends=True)
    quoted = f'"{NASTY}"'
    cell = first[: first.rindex(",")] + f",{quoted}\n"  # the port where somebody embarked
    (tmp_path / "cell.csv").write_text(header + cell + "".join(rest), "utf-8", newline="")
    (tmp_path / "unused.csv").write_text(
        header.rstrip("\n") + f",{quoted}\n" + first.rstrip("\n") + ",1\n", "utf-8", newline=""
    )
    (tmp_path / "missing.csv").write_text(f"{quoted}\n1\n", "utf-8", newline="")
    (tmp_path / f"{NASTY}.csv").write_text(header + first, "utf-8", newline="")
    name = json.dumps(NASTY).replace("\\u001b", "\\u001B")
    (tmp_path / "job.toml").write_text(JOB.format(name=name), "utf-8", newline="")
    (tmp_path / "bad.toml").write_text(f'[job]\n{name} = 1\n{name[:-1]}2" = 2\n', "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ("score", "cell.csv", "out.csv"),
        ("score", "cell.csv", "out.csv", "--max-rejects", "1"),
        ("score", "cell.csv", "out.csv", "--unknown", "Embarked=allow"),
        ("score", "unused.csv", "out.csv"),
        ("score", "missing.csv", "out.csv"),
        ("score", f"{NASTY}.csv", f"{NASTY}out.csv"),
        ("score", ".", "out/", "-v", "--max-rejects", "1"),
        ("score", f"no{NASTY}.csv", "out.csv"),
        ("score", "cell.csv", "out.csv", "-m", NASTY),
        ("score", "cell.csv", "out.csv", f"--{NASTY}"),
        ("score", "cell.csv", "out.csv", "--log-format", NASTY),
        ("check", "cell.csv", "--full"),
        ("check", "unused.csv"),
        ("check", "missing.csv"),
        ("check", f"{NASTY}.csv"),
        ("verify", NASTY),
        ("run", "job.toml"),
        ("run", "bad.toml"),
        ("jobs", "list", "."),
        ("jobs", "check", "job.toml", "bad.toml", NASTY),
        ("jobs", "units", "job.toml", "--on-calendar", "daily"),
        ("models", "show", NASTY),
        ("models", "trust", f"{NASTY}.pkl"),
        ("parity", "cell.csv", "--url", f"http://127.0.0.1:9/{NASTY}"),
        (NASTY,),
    ],
    ids=lambda arguments: "-".join(arguments[:2])[:12],
)
def test_it_is_escaped(arguments: tuple[str, ...], command: Command, nasty: Path) -> None:
    done = command(*arguments, code=None)
    assert done.code != 1
    assert_tame(done)
    if arguments != ("jobs", "list", "."):
        # What was rejected stands in the rejects file alone.
        assert "x\\x1b[2J" in done.out + done.err or "--max-rejects" in arguments


def test_a_document_holds_it_exactly(command: Command, nasty: Path) -> None:
    done = command("check", "cell.csv", "--full", "--json", code=None)
    assert_tame(done)
    assert NASTY in done.json["unknown_categories"]["Embarked"]
    done = command("score", f"no{NASTY}.csv", "out.csv", "--json", "--log-format", "json", code=66)
    assert_tame(done)
    assert done.json["error"]["where"].endswith(f"no{NASTY}.csv")
    assert done.log[-1]["where"] == done.json["error"]["where"]


@pytest.mark.parametrize("name", [b"n\xff", b"n\n\x1b[31m"])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_files_of_any_name_are_scored_and_verified(
    name: bytes, ending: str, command: Command, tmp_path: Path
) -> None:
    model = tmp_path / os.fsdecode(name + b".pkl")
    store = Path(command.environment["BENTOML_HOME"], "models", "titanic_model")
    stored = store / (store / "latest").read_text() / "saved_model.pkl"
    model.write_bytes(stored.read_bytes() + name)  # bytes that nothing trusts yet
    source = tmp_path / os.fsdecode(name + b"." + ending.encode())
    source.write_bytes(PASSENGERS.with_suffix(f".{ending}").read_bytes())
    out = tmp_path / os.fsdecode(b"out" + name + b"." + ending.encode())

    done = command("score", source, out, "--model", model, code=77)
    assert_tame(done)
    [advised] = re.findall(r"run `(titanic-batch models trust [^`]*)`", done.err)
    words = ["bash", "-c", f"printf '%s\\0' {advised}"]
    spelt = subprocess.run(words, capture_output=True, check=True).stdout.split(b"\0")[:-1]
    assert spelt[-1] == os.fsencode(model)

    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    for arguments in (
        ("score", source, out, "--model", model, "--trust", sha256),
        ("verify", out),
        ("score", source, out, "--model", model, "--trust", sha256, "--skip-published"),
    ):
        assert_tame(command(*arguments))
