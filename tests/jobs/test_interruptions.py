"""A killed or stopped run of a job goes on where it was, and its health check hears of it."""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.jobs.conftest import SAMPLE_DATA, Store, command, environment_of, write_job

FILES = 200  # enough for a signal to come before the last, however busy the machine
ARGUMENTS = ("run", "job.toml", "--date", "2026-11-22")


def start(folder: Path, home: Path) -> subprocess.Popen[str]:
    program = Path(sys.executable).parent / "titanic-batch"
    return subprocess.Popen(
        [str(program), *ARGUMENTS],
        cwd=folder,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", **environment_of(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(folder: Path, pattern: str, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 60
    while not list(folder.glob(pattern)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.001)


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    text = (SAMPLE_DATA / "passengers.csv").read_text(encoding="utf-8")
    some = "".join(text.splitlines(keepends=True)[:100])
    for number in range(FILES):
        (folder / f"{number:03}.csv").write_text(some, encoding="utf-8")
    return folder


def test_a_killed_night_does_not_score_again_what_it_published(
    drop: Path, tmp_path: Path, store: Store
) -> None:
    write_job(tmp_path, source="drop/", target="out/")
    out = tmp_path / "out"
    process = start(tmp_path, store.home)
    wait_for(out, "*.manifest.json", process)
    process.kill()
    process.communicate()
    before = {path.name: path.stat().st_ino for path in out.glob("*.parquet")}
    published = {path.name.removesuffix(".manifest.json") for path in out.glob("*.manifest.json")}
    assert 0 < len(published) < FILES, "it was killed too early or too late"
    staged = {path.name.split(".")[1] for path in out.iterdir() if path.name[0] == "."}
    left = [path for path in sorted(drop.iterdir()) if f"{path.stem}.parquet" not in before]
    kept = [path for path in left if path.stem in staged] or left[:1]
    for path in set(left) - set(kept):  # a few more are enough
        path.unlink()
    done = command(*ARGUMENTS, "--json", home=store.home, cwd=tmp_path)
    assert done.code == 0, done.err
    (night,) = done.json["nights"]
    skipped = {Path(f["output"]["path"]).name for f in night["files"] if f["skipped"]}
    assert published <= skipped
    after = {path.name: path.stat().st_ino for path in out.glob("*.parquet")}
    assert len(after) == len(before) + len(kept)
    assert {name: after[name] for name in published} == {name: before[name] for name in published}
    verdicts = json.loads((out / "_run.manifest.json").read_bytes())
    assert {file["status"] for file in verdicts["files"]} == {"published", "skipped"}
    assert [path for path in out.iterdir() if path.name.endswith(".tmp")] == []


def test_a_stopped_night_tells_its_health_check_and_metrics(
    drop: Path, tmp_path: Path, store: Store
) -> None:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        more = f"[notify]\nurl = 'http://127.0.0.1:{server.server_port}'\n"
        write_job(
            tmp_path, f"{more}[metrics]\ntextfile = 'job.prom'", source="drop/", target="out/"
        )
        process = start(tmp_path, store.home)
        wait_for(tmp_path / "out", "*.manifest.json", process)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=120)
        server.shutdown()
    assert process.returncode == 143
    assert said.splitlines()[-1].startswith("error: interrupted")
    assert asked == ["/start", "/143"]
    assert 'titanic_batch_run_exit_code{job="job"} 143.0' in (tmp_path / "job.prom").read_text()


BETWEEN_NIGHTS = """
import signal, sys
from datetime import date
from titanic_batch.errors import InterruptedRunError
from titanic_batch.interrupts import stop_on_signals
from titanic_batch.jobs.job_file import read_job
from titanic_batch.jobs.running import run_nights

stop_on_signals()
days = [date(2026, 11, 21), date(2026, 11, 22)]
try:
    for number, outcome in enumerate(run_nights(read_job("job.toml"), days), start=1):
        if number == int(sys.argv[1]):
            signal.raise_signal(signal.SIGTERM)
        print(outcome.status)
except InterruptedRunError as exc:
    print(exc.exit_code, exc)
"""


@pytest.mark.usefixtures("passengers")
def test_a_signal_after_a_night_stops_the_next_and_what_is_published_is_said(
    tmp_path: Path, store: Store
) -> None:
    write_job(tmp_path)

    def stopped_after(night: int) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", BETWEEN_NIGHTS, str(night)],
            cwd=tmp_path,
            env={**os.environ, **environment_of(store.home)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    assert stopped_after(1) == ["published", "143 interrupted; 1 file published before that"]
    assert sorted(path.name for path in (tmp_path / "out").glob("*.csv")) == ["2026-11-21.csv"]
    # After the last night, scored or skipped, there is nothing to stop.
    assert stopped_after(2) == ["skipped", "published"]
    assert stopped_after(2) == ["skipped", "skipped"]
