"""systemd units: what systemd itself says of them, and that they hold what a job needs."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.jobs.conftest import ROOT, Store, command, write_job
from titanic_batch.errors import FileAccessError, UsageError
from titanic_batch.jobs.job_file import Job, read_job
from titanic_batch.jobs.units import Unit, UnitOptions, make_units, writable_folders, write_units

JobOf = Callable[..., Job]
NIGHTLY = "*-*-* 04:15:00"
OPTIONS = UnitOptions(on_calendar=NIGHTLY, user="root")
MOST_EXPOSED = 2.0

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def settings(unit: Unit) -> dict[str, list[str]]:
    """Return a unit's settings; one may stand there several times."""
    found: dict[str, list[str]] = {}
    for line in unit.text.splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


@needs_systemd
class TestSystemd:
    @pytest.fixture(
        params=["", "[notify]\nurl = 'http://localhost'", "[job]\nname = 'a%b \"c\" $d'"]
    )
    def paths(self, request: pytest.FixtureRequest, job_of: JobOf, tmp_path: Path) -> list[Path]:
        folder = tmp_path / "units"
        folder.mkdir()
        return write_units(make_units(job_of(request.param), OPTIONS), folder)

    def test_finds_nothing_wrong(self, paths: list[Path]) -> None:
        done = subprocess.run(
            ["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    def test_counts_little_exposure(self, paths: list[Path]) -> None:
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--no-pager", paths[0]],
            capture_output=True,
            text=True,
            check=True,
        )
        level = re.search(r"Overall exposure level for .*: ([\d.]+)", done.stdout)
        assert level is not None
        assert float(level[1]) <= MOST_EXPOSED

    @pytest.mark.parametrize(
        ("more", "flag"),
        [
            ({"on_calendar": "whenever"}, "--on-calendar"),
            ({"randomized_delay": "soon"}, "--randomized-delay"),
            ({"timeout": "1 fortnight"}, "--timeout"),
        ],
    )
    def test_says_which_time_it_does_not_read(
        self, job_of: JobOf, more: dict[str, str], flag: str
    ) -> None:
        options = UnitOptions(**{"on_calendar": NIGHTLY, "user": "root", **more})
        with pytest.raises(UsageError, match=flag) as caught:
            make_units(job_of(), options)
        assert "systemd.time(7)" in str(caught.value)


class TestService:
    def test_tries_nothing_again_but_75(self, job_of: JobOf) -> None:
        service = settings(make_units(job_of(), OPTIONS)[0])
        assert service["Type"] == ["oneshot"]
        assert service["Restart"] == ["on-failure"]
        prevented = {word for line in service["RestartPreventExitStatus"] for word in line.split()}
        codes = {int(word) for word in prevented if word.isdecimal()}
        assert set(range(1, 256)) - codes == {75}
        assert {"SIGKILL", "SIGSEGV", "SIGABRT"} <= prevented

    def test_runs_the_job_by_its_whole_path(self, tmp_path: Path) -> None:
        folder = tmp_path / 'a "b" %h $c'
        folder.mkdir()
        job = read_job(write_job(folder))
        (line,) = settings(make_units(job, OPTIONS)[0])["ExecStart"]
        program, *arguments, path = shlex.split(line)
        assert Path(program).is_file()
        assert arguments == ["run", "--log-format", "json"]
        assert path.replace("%%", "%").replace("$$", "$") == str(job.path)

    def test_may_write_where_the_job_does_and_nowhere_else(
        self, job_of: JobOf, tmp_path: Path
    ) -> None:
        job = job_of(
            "[score]\nrejects = '/bad/{date:%Y}/{date}.csv'\n[metrics]\ntextfile = '/m/job.prom'"
            "\n[report]\npath = '/r/a.html'",
            target="out/{date:%Y/%m}/{date:%d}.csv",
        )
        assert writable_folders(job) == ["/bad", "/m", "/r", str(tmp_path / "out")]
        service = settings(make_units(job, OPTIONS)[0])
        assert service["ReadWritePaths"] == writable_folders(job)
        assert service["ProtectSystem"] == ["strict"]

    @pytest.mark.parametrize(
        ("target", "folder"),
        [("{date}.csv", "."), ("a/x-{date}.csv", "a"), ("/{date}/", ""), ("a/b/{date}/", "a/b")],
    )
    def test_writes_above_what_a_date_changes(
        self, job_of: JobOf, tmp_path: Path, target: str, folder: str
    ) -> None:
        expected = str(tmp_path / folder) if folder else "/"
        assert writable_folders(job_of(target=target)) == [expected]

    def test_has_a_network_only_for_a_health_check(self, job_of: JobOf) -> None:
        offline = settings(make_units(job_of(), OPTIONS)[0])
        assert offline["PrivateNetwork"] == ["yes"]
        online = settings(make_units(job_of("[notify]\nurl = 'http://h'"), OPTIONS)[0])
        assert "PrivateNetwork" not in online
        assert "AF_INET" in online["RestrictAddressFamilies"][0]

    def test_has_of_the_environment_what_the_job_needs(self, job_of: JobOf) -> None:
        given = {"BENTOML_HOME": "/srv/a b", "TITANIC_BATCH_WORKERS": "2", "SECRET": "x"}
        service, *_ = make_units(job_of(), OPTIONS, environment=given)
        assert settings(service)["Environment"] == [
            '"BENTOML_HOME=/srv/a b"',
            "TITANIC_BATCH_WORKERS=2",
            "BENTOML_DO_NOT_TRACK=true",
            "PYTHONSAFEPATH=1",
        ]


class TestTimerAndFailure:
    def test_the_timer_makes_up_for_what_was_missed(self, job_of: JobOf) -> None:
        timer = settings(make_units(job_of(), OPTIONS)[1])
        assert timer["OnCalendar"] == [NIGHTLY]
        assert timer["Persistent"] == ["yes"]
        assert timer["RandomizedDelaySec"] == ["5min"]

    def test_a_failure_starts_a_unit_of_its_own_or_the_named_one(self, job_of: JobOf) -> None:
        service, _, failed = make_units(job_of(), OPTIONS)
        assert (
            settings(service)["OnFailure"] == [failed.name] == ["titanic-batch-job-failed.service"]
        )
        named = UnitOptions(on_calendar=NIGHTLY, user="root", on_failure="page@%n.service")
        units = make_units(job_of(), named)
        assert [unit.name for unit in units] == [
            "titanic-batch-job.service",
            "titanic-batch-job.timer",
        ]
        assert settings(units[0])["OnFailure"] == ["page@%n.service"]

    @pytest.mark.parametrize("text", ["", "a\n[Service]\nUser=root"])
    def test_nothing_gets_in_that_makes_lines_of_its_own(self, job_of: JobOf, text: str) -> None:
        for field in ("on_calendar", "user", "timeout", "on_failure"):
            if text or field != "on_failure":
                options = UnitOptions(**{"on_calendar": NIGHTLY, "user": "root", field: text})
                with pytest.raises(UsageError, match="nothing that systemd reads"):
                    make_units(job_of(), options)

    def test_a_folder_that_is_not_there_is_74(self, job_of: JobOf, tmp_path: Path) -> None:
        with pytest.raises(FileAccessError):
            write_units(make_units(job_of(), OPTIONS), tmp_path / "no")


def test_the_command_prints_or_writes_them(project: Path, store: Store) -> None:
    arguments = ("jobs", "units", "jobs/nightly.toml", "--on-calendar", NIGHTLY)
    shown = command(*arguments, home=store.home, cwd=project)
    needed = f"warning: the service needs this folder: mkdir -p {project}/scored\n"
    assert (shown.code, shown.err) == (0, needed)
    (project / "units").mkdir()
    (project / "scored").mkdir()
    written = command(*arguments, "--write", "units", home=store.home, cwd=project)
    assert (written.code, written.err) == (0, "")
    for line in written.out.splitlines():
        path = project / line.removeprefix("wrote ")
        assert f"# {path.name}\n{path.read_text(encoding='utf-8')}" in shown.out


def test_the_sample_jobs_write_below_the_checkout() -> None:
    for path in (ROOT / "jobs").glob("*.toml"):
        (folder,) = writable_folders(read_job(path))
        assert folder.startswith(f"{ROOT}/scored")
