"""Results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import DIRTY, PASSENGERS, Command, manifest
from titanic_batch.cli import progress

COLOUR = re.compile(r"\x1b\[[\d;]*m")


@pytest.fixture
def own_home(in_process: Command, home: Path, tmp_path: Path) -> Command:
    """Return the command with a copy of the home, which tests may change."""
    copy = tmp_path / "home"
    shutil.copytree(home, copy, symlinks=True)
    return in_process.having(
        HOME=copy, XDG_CONFIG_HOME=copy / "config", BENTOML_HOME=copy / "bentoml"
    )


def assert_one_document(text: str) -> Any:
    """Return the JSON document that `text` is, with nothing before or after it."""
    assert text[0] in "[{"
    assert text.endswith(("]\n", "}\n"))
    return json.loads(text)


def test_score_separates_its_streams(command: Command, tmp_path: Path) -> None:
    done = command("score", DIRTY, "out.csv", "--max-rejects", "10")
    assert done.said == ""
    assert done.out.splitlines()[0].startswith(f"published {tmp_path / 'out.csv'}  (")
    assert "24 read = 15 scored + 9 rejected" in done.out
    assert str(tmp_path / "out.csv.rejects.csv") in done.out
    assert "\x1b" not in done.out

    done = command("score", DIRTY, "out.csv", "--max-rejects", "10", "--json")
    assert done.said == ""
    assert assert_one_document(done.out) == manifest(tmp_path / "out.csv")

    done = command("score", DIRTY, "out.csv", "--max-rejects", "10", "-q")
    assert (done.out, done.err) == ("", "")

    done = command("score", DIRTY, "out.csv", "--max-rejects", "10", "--log-format", "json")
    assert done.out == ""
    (line,) = done.log
    assert (line["level"], line["event"]) == ("info", "published")
    assert (line["rows_read"], line["rows_scored"], line["rows_rejected"]) == (24, 15, 9)
    assert line["output"] == str(tmp_path / "out.csv")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+(\+00:00|Z)", line["time"])


def test_a_failure_is_one_document_too(command: Command, tmp_path: Path) -> None:
    done = command("score", DIRTY, "out.csv", "--json", code=65)
    document = assert_one_document(done.out)
    assert (document["status"], document["exit_code"]) == ("failed", 65)
    assert document["error"]["where"] == str(DIRTY)
    assert document["error"]["cure"].startswith("See ")
    assert done.error
    done = command("score", DIRTY, "out.csv", "--log-format", "json", code=65)
    assert done.out == ""
    (line,) = done.log
    assert (line["level"], line["exit_code"], line["where"]) == ("error", 65, str(DIRTY))
    done = command("score", DIRTY, "out.csv", "-q", code=65)
    assert done.out == ""
    assert done.error


def test_check_and_verify_separate_their_streams(command: Command, published: Path) -> None:
    old = published / "old.csv"
    for arguments in (("check", PASSENGERS), ("verify", old)):
        done = command(*arguments)
        assert done.out
        assert done.err == ""
        done = command(*arguments, "--json")
        assert isinstance(assert_one_document(done.out), dict)
        assert done.err == ""
        done = command(*arguments, "-q")
        assert (done.out, done.err) == ("", "")


def test_models_train_prints_one_document(trained_home: Path) -> None:
    document = assert_one_document((trained_home / "train.out").read_text("utf-8"))
    assert {c["name"] for c in document["candidates"]} >= {document["best"]}
    assert document["model"]["tag"].startswith("titanic_model:")
    assert (trained_home / "train.err").read_text("utf-8") == ""


def test_models_commands_separate_their_streams(own_home: Command, home: Path) -> None:
    pickled = home / "best_model.pkl"
    for arguments in (
        ("list",),
        ("show", "titanic_model"),
        ("show", pickled),
        ("untrust", pickled),
        ("trust", pickled),
        ("save", pickled, "--name", "other"),
        ("export", "titanic_model", "model.bentomodel", "--overwrite"),
        ("delete", "titanic_model", "--yes"),
        ("import", "model.bentomodel"),
    ):
        done = own_home("models", *arguments, "--json")
        assert assert_one_document(done.out)
        assert "{" not in done.err, arguments
    for arguments in (("list",), ("show", "titanic_model"), ("trust", pickled)):
        done = own_home("models", *arguments)
        assert done.out
        assert done.err == "", arguments


def test_the_store_is_listed_and_shown(command: Command, model_file: Path) -> None:
    tag = f"titanic_model:{model_file.parent.name}"
    models = {model["tag"]: model for model in command("models", "list", "--json").json}
    listed = models[tag]
    assert listed["trusted"] is True
    assert listed["size_bytes"] > 0
    assert listed["framework"].startswith("scikit-learn 1.")
    assert tag in command("models", "list").out
    shown = command("models", "show", "--json").json
    assert (shown["tag"], shown["path"]) == (tag, str(model_file))
    assert shown["sha256"] == listed["sha256"]
    assert [column["name"] for column in shown["schema"]["columns"]] == [
        *("Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked")
    ]


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_progress_is_a_line_now_and_then_off_a_terminal(
    log_format: str, in_process: Command, medium_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_LINE_EVERY_S", 0.0)
    arguments = ("score", medium_csv, "out.csv", "--chunk-size", "64KB", "--workers", 1)
    lines = in_process(*arguments, "--log-format", log_format).err.splitlines()
    assert len(lines) >= 3
    if log_format == "text":
        for line in lines:
            assert re.fullmatch(r"[\d,]+ rows \(\d+%\), [\d,]+ rows/s, 0 rejected", line)
        assert lines[-1].startswith("3,000 rows (100%)")
    else:
        documents = [json.loads(line) for line in lines]
        *before, last = documents
        assert {line["event"] for line in before} == {"progress"}
        assert (before[-1]["rows"], before[-1]["rejected"]) == (3_000, 0)
        assert last["event"] == "published"


def on_a_terminal(command: Command, *arguments: object, **environment: str) -> tuple[str, str]:
    """Run with stderr on a terminal; return what stood on stdout, a pipe, and on the terminal."""
    ours, theirs = pty.openpty()
    with command.having(**environment).start(*arguments, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 1 << 16):
                shown += part
        except OSError:  # Linux's way to say that nobody writes any more
            pass
        os.close(ours)
        assert process.stdout is not None
        printed = process.stdout.read()
    assert process.returncode == 0, shown
    return printed.decode(), shown.decode()


def test_progress_is_a_bar_on_a_terminal(installed: Command, medium_csv: Path) -> None:
    printed, shown = on_a_terminal(installed, "score", medium_csv, "out.csv")
    assert "rows/s" in shown
    assert "━" in shown
    assert "0 rejected" in shown
    assert COLOUR.search(shown)
    assert shown.endswith(("\x1b[2K", "\x1b[?25h"))  # taken away in the end, and the cursor back
    assert printed.startswith("published ")
    assert "rows/s" in printed.splitlines()[2]
    assert "\x1b" not in printed


def test_no_color_and_quiet_hold_on_a_terminal(installed: Command, medium_csv: Path) -> None:
    printed, shown = on_a_terminal(installed, "check", medium_csv, NO_COLOR="1")
    assert printed
    assert not [code for code in COLOUR.findall(shown) if re.search(r"[3-4]\d", code)]
    assert on_a_terminal(installed, "score", medium_csv, "out.csv", "-q") == ("", "")


def test_standard_output_is_whole_or_the_run_fails_however_python_buffers(
    installed: Command, command: Command, medium_csv: Path
) -> None:
    odd = installed.having(PYTHONUNBUFFERED="1", PYTHONIOENCODING="ascii")
    whole = odd("score", medium_csv, "-", "-q")
    assert whole.out.count("\n") == 3_001
    with Path("/dev/full").open("wb") as full:
        for arguments in (("score", medium_csv, "-", "-q"), ("models", "show", "--json")):
            process = installed.having(PYTHONUNBUFFERED="1").start(*arguments, stdout=full)
            _, said = process.communicate(timeout=120)
            assert process.returncode == 74
            assert said.startswith(b"error: standard output: ")


def closing(streams: str) -> tuple[str, ...]:
    """Return a program that closes streams and becomes another."""
    return "sh", "-c", f'exec "$@" {streams}', "sh"


def test_closed_streams_change_nothing_of_what_was_done(
    installed: Command, command: Command, tmp_path: Path
) -> None:
    score = ("score", PASSENGERS, "out.csv", "--workers", "2")
    installed(*score, before=closing("<&- >&- 2>&-"))
    assert command("verify", "out.csv").out.endswith("418 rows, matches its manifest\n")
    installed("score", "none.csv", "out.csv", before=closing(">&- 2>&-"), code=66)


def test_what_would_be_lost_to_a_closed_stream_is_refused(
    installed: Command, tmp_path: Path
) -> None:
    refused = (
        "standard output: it is closed, and the result would be lost. Open it, as with > FILE."
    )
    for arguments in (("score", PASSENGERS, "out.csv", "--json"), ("score", PASSENGERS, "-")):
        assert installed(*arguments, before=closing(">&-"), code=74).error == refused
    assert not list(tmp_path.glob("out*"))
    done = installed("score", "-", "out.csv", before=closing("<&-"), code=66)
    assert done.error == "-: standard input is closed. Open it, as with < FILE."


def test_a_full_stream_ends_in_a_line_and_a_full_stderr_in_none(installed: Command) -> None:
    assert installed("--help", before=closing(">/dev/full"), code=74).error
    assert installed("score", "none.csv", "o.csv", before=closing("2>/dev/full"), code=66).err == ""
