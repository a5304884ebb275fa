"""cron.example: every line is one that cron takes, and its commands run as cron runs them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.jobs.conftest import ROOT, Store, environment_of
from titanic_batch.jobs.checking import check_job
from titanic_batch.publish.verify import verify

PLACE = "/srv/titanic-batch"
LINES = (ROOT / "cron.example").read_text(encoding="utf-8").splitlines()
SETTING = re.compile(r"([A-Z_]+)=(.*)")
LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))

SETTINGS = {found[1]: found[2] for line in LINES if (found := SETTING.fullmatch(line)) is not None}
ENTRIES = [line for line in LINES if line and line[0] != "#" and not SETTING.fullmatch(line)]
#: Lines that one gets by taking the comment sign away.
OFFERED = [line[1:] for line in LINES if re.match(r"#\d", line)]


def parts(entry: str) -> tuple[list[str], str]:
    *fields, rest = entry.split(None, 5)
    return fields, rest


def test_says_where_and_when_and_whom_to_mail() -> None:
    assert {"SHELL", "PATH", "MAILTO", "CRON_TZ"} <= SETTINGS.keys()
    assert SETTINGS["PATH"].split(":")[0] == f"{PLACE}/.venv/bin"
    assert len(ENTRIES) == len(list((ROOT / "jobs").glob("*.toml")))
    assert OFFERED


@pytest.mark.parametrize("entry", [*ENTRIES, *OFFERED])
def test_each_entry_has_five_fields_and_a_command(entry: str) -> None:
    fields, rest = parts(entry)
    assert len(fields) == 5
    for field, (lowest, highest) in zip(fields, LIMITS, strict=True):
        assert field == "*" or lowest <= int(field) <= highest
    assert "%" not in rest, "cron makes a newline of it"
    assert shlex.split(rest)[:2] == ["titanic-batch", "run"]


@pytest.mark.parametrize("entry", ENTRIES)
def test_each_entry_is_silent_and_names_a_job_that_is_good(entry: str) -> None:
    arguments = shlex.split(parts(entry)[1])[2:]
    assert arguments[0] == "-q"
    job = ROOT / Path(arguments[1]).relative_to(PLACE)
    assert check_job(job).job.path == job


def test_every_path_is_in_the_placeholder_folder() -> None:
    for line in LINES:
        for path in re.findall(r"(?<![\w.~])/\w[\w./*-]*", line):
            known = (PLACE, "/usr/", "/bin", "/dev/null", "/etc/logrotate.d/titanic-batch")
            assert path.startswith(known), path


@pytest.mark.parametrize("entry", [*ENTRIES, OFFERED[-1]])
def test_each_command_publishes_in_an_environment_as_empty_as_crons(
    entry: str, project: Path, store: Store
) -> None:
    (project / "log").mkdir()
    script = parts(entry)[1].replace(PLACE, str(project))
    path = SETTINGS["PATH"].replace(f"{PLACE}/.venv/bin", os.fspath(Path(sys.executable).parent))
    done = subprocess.run(
        [SETTINGS["SHELL"], "-c", script],
        env={
            "PATH": path,
            "SHELL": SETTINGS["SHELL"],
            "LOGNAME": "x",
            **environment_of(store.home),
        },
        cwd=store.home,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (manifest,) = (project / "scored").rglob("*.manifest.json")
    assert verify(str(manifest).removesuffix(".manifest.json")).rows == 418
