"""One clear message for each thing that a job file may not hold, naming the file and the key."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.jobs.conftest import write_job
from titanic_batch.errors import TitanicBatchError, UntrustedModelError, UsageError
from titanic_batch.jobs.job_file import Job, read_job

JobOf = Callable[..., Job]
HASH = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[scor]\nworkers = 1", "job.toml, scor: there is no table scor. Did you mean [score]?"),
        ("[zzz]", "They are: job, model, input, output, score, columns, "),
        ("[score]\nmax_reject = 1", "score.max_reject: there is no key max_reject here. Did you"),
        ("[score]\nzzz = 1", "They are: threshold, "),
        ("[job]\nzone = 'UTC'", "job.zone: there is no key zone here. Did you mean timezone?"),
        ("[columns.Age]\nfil = 3", "columns.Age.fil: there is no key fil here. Did you mean fill?"),
        ("[columns.'Sib Sp']\nfil = 3", 'columns."Sib Sp".fil: there is no key'),
        ("[score]\nworkers = '2'", 'score.workers: it is "2", but takes a whole number'),
        ("[score]\nworkers = 0", "score.workers: it is 0, but takes a whole number from 1 on"),
        ("[score]\nworkers = true", "score.workers: it is true, but"),
        ("[score]\nmax_rejects = true", "score.max_rejects: it is true, but takes a count"),
        ("[score]\nmax_rejects = -1", "score.max_rejects: it is -1, but"),
        ("[score]\nmax_rejects = '101%'", 'score.max_rejects: it is "101%", but'),
        ("[score]\nmax_rejects = 0.5", "score.max_rejects: it is 0.5, but"),
        ("[score]\nchunk_size = '4XB'", 'score.chunk_size: it is "4XB", but takes a size'),
        ("[score]\nmax_record = 0", "score.max_record: it is 0, but takes a size"),
        ("[score]\ndelimiter = ';;'", 'score.delimiter: it is ";;", but takes a single ASCII'),
        ("[score]\nencoding = 'utf-9'", 'score.encoding: it is "utf-9", but takes a text'),
        ("[score]\nnull = [1]", "score.null: it is [1], but takes a cell's text, or a list"),
        ("[score]\nkeep = 1", 'score.keep: it is 1, but takes "all", "none"'),
        ("[score]\nthreshold = 2", "score.threshold: it is 2, but takes a number from 0 to 1"),
        ("[score]\nthreshold = nan", "score.threshold: it is NaN, but"),
        ("[score]\nallow_empty = 'yes'", 'score.allow_empty: it is "yes", but takes true or'),
        ("[score]\noutput_format = 'csvv'", 'score.output_format: it is "csvv", but takes'),
        ("[score]\nrejects = '{day}'", "score.rejects: a template has no field {day}"),
        ("[columns.Age]\nfill = 2026-11-22", 'columns.Age.fill: it is "2026-11-22", but'),
        ("[columns.Age]\nfill = inf", "columns.Age.fill: it is Infinity, but takes"),
        ("[columns.Sex]\nunknown = 'maybe'", 'columns.Sex.unknown: it is "maybe", but takes'),
        ("[columns.Sex]\nmap = {}", "columns.Sex.map: it is a table, but takes a table of input"),
        ("[columns.Sex]\nmap = { a = [1] }", "columns.Sex.map.a: it is [1], but takes"),
        ("[columns]\nAge = 28", "columns.Age: it is 28, but takes tables: [columns.NAME]"),
        ("[columns.'*']\nfill = 3", 'columns."*": for all columns at once there is only'),
        ("[columns.A]\nrename='x'\n[columns.B]\nrename='x'", "columns.B.rename: x feeds A already"),
        ("[job]\ntimezone = 'Europe/Pariss'", "job.timezone: there is no time zone 'Europe/Par"),
        ("[job]\nname = ''", 'job.name: it is "", but takes a name'),
        ("[model]\nsha256 = '...'", 'model.sha256: it is "...", but takes the 64 hexadecimal'),
        (
            f"[model]\nsha256 = '{HASH}'",
            "model.sha256: there is no model.ref that it belongs to. Add model.ref",
        ),
        (
            "[guards]\nmin_row = 1",
            "guards.min_row: there is no key min_row here. Did you mean min_r",
        ),
        ("[guards]\nmin_rows = '9'", 'guards.min_rows: it is "9", but takes a count of rows, or {'),
        ("[guards]\nmin_rows = 0", "guards.min_rows: it is 0, but takes a count of rows"),
        ("[guards]\nmin_rows = { fial = 1 }", "guards.min_rows: it is a table, but takes a count"),
        ("[guards]\nmax_rejects = '1'\nmax_row_change = 0.3", "guards.max_row_change: it is 0.3"),
        ("[guards]\nmax_rejects = { warn = 'x' }", "guards.max_rejects: it is a table, but takes"),
        ("[guards]\nmax_null_rate = '3%'", 'guards.max_null_rate: it is "3%", but takes a table'),
        ("[guards.max_null_rate]\nAge = '3'", 'guards.max_null_rate.Age: it is "3", but takes a'),
        ("[guards]\nmax_drift_from_last = 0", "guards.max_drift_from_last: it is 0, but takes a"),
        ("[guards]\nmax_drift_from_last = inf", "guards.max_drift_from_last: it is Infinity, but"),
        ("marker = '{day}'", "input.marker: a template has no field {day}"),
        ("min_age = 5", "input.min_age: it is 5, but takes a duration, such as"),
        ("min_age = '5 m'", 'input.min_age: it is "5 m", but takes a duration'),
        ("[metrics]", "metrics.textfile: it is missing. Add it: it takes a path, such as"),
        ("[metrics]\ntextfile = '-'", "metrics.textfile: it is written to a file. Give a path."),
        ("[metrics]\ntextfil = 'x'\ntextfile = 'x'", "metrics.textfil: there is no key textfil"),
        ("[notify]\nurl = 'x'", 'notify.url: it is "x", but takes an address, such as'),
        ("[notify]\nurl = 'file:///etc/passwd'", "notify.url: it is"),
        ("[notify]\nurl = 'http://[x'", 'notify.url: it is "http://[x", but takes an address'),
        ("[notify]\nurl = 'http://h'\nstart = 1", "notify.start: it is 1, but takes what follows"),
        ("[notify]\nurl = 'http://h'\nfailure = '/{code}'", "notify.failure: it is"),
        ("[notify]\nurl = 'http://h'\ntimeout = '0s'", 'notify.timeout: it is "0s", but takes'),
        ("x =", "job.toml: it is not TOML: Invalid value (at line 5, column 4)"),
        ("[input]", "job.toml: it is not TOML: Cannot declare ('input',) twice (at line 5"),
    ],
)
def test_refuses_with_one_message_that_names_file_and_key(
    job_of: JobOf, more: str, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        job_of(more)
    message = str(caught.value)
    assert said in message
    assert "\n" not in message
    assert len(message) < 500
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "2 errors:\n  input: it is missing. Add it: it takes a table: [input].\n  output:"),
        ("[input]\npath='a.csv'", "output: it is missing. Add it: it takes a table: [output]."),
        ("[input]\n[output]\npath='a.csv'", "input.path: it is missing. Add it"),
        ("input = 'a'\noutput.path = 'b'", 'input: it is "a", but takes a table: [input]'),
        ("columns = 3\ninput.path='a'\noutput.path='b'", "columns: it is 3, but takes tables"),
        ("[input]\npath='-'\n[output]\npath='b.csv'", "input.path: a job reads and writes files"),
        ("[input]\npath='a'\n[output]\npath='{date:%H}'", "output.path: {date:%H} is not a date"),
        ("[input]\npath='a'\n[output]\npath=3", "output.path: it is 3, but takes a path, as text"),
    ],
)
def test_refuses_a_file_without_input_and_output(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "job.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_job(path)
    assert said in str(caught.value)


def test_lists_all_faults_at_once(job_of: JobOf) -> None:
    with pytest.raises(UsageError) as caught:
        job_of("[score]\nworkers = 0\nkee = 'all'\n[job]\ntimezone = 'Mars'")
    lines = str(caught.value).splitlines()
    assert lines[0].endswith("job.toml: 3 errors:")
    assert [line.partition(":")[0] for line in lines[1:]] == [
        "  job.timezone",
        "  score.workers",
        "  score.kee",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a = '\xff'", "line 1: it is not UTF-8"),
        (b"x = " + b"[" * 9999, "nested too deeply"),
        (b"x = " + b"1" * 5001, "it is not TOML: Exceeds the limit"),
        (b"x = 0000-00-00", "it is not TOML"),
        (b"#" * (17 << 20), "larger than 16 MB"),
    ],
    ids=["bytes", "deep", "number", "date", "long"],
)
def test_refuses_what_is_no_text(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "job.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=said):
        read_job(path)


def test_says_that_there_is_no_file_or_only_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such job file"):
        read_job(tmp_path / "nope.toml")
    with pytest.raises(UsageError, match="a folder, not a job file"):
        read_job(tmp_path)


def test_a_pipe_is_no_job_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "job.toml")
    with pytest.raises(UsageError, match="not a regular file"):
        read_job(tmp_path / "job.toml")


class TestWritableByOthers:
    PINNED = f"[model]\nref = 'titanic_model'\nsha256 = '{HASH}'"

    def refused(self, path: Path) -> str:
        with pytest.raises(UntrustedModelError) as caught:
            read_job(path)
        assert caught.value.exit_code == 77
        return str(caught.value)

    @pytest.mark.parametrize("mode", [0o660, 0o606])
    def test_is_refused_if_it_names_a_hash(self, tmp_path: Path, mode: int) -> None:
        path = write_job(tmp_path, self.PINNED)
        path.chmod(mode)
        assert f"chmod go-w {path}" in self.refused(path)

    def test_so_is_one_in_a_folder_of_others(self, tmp_path: Path) -> None:
        path = write_job(tmp_path, self.PINNED)
        tmp_path.chmod(0o770)
        assert f"chmod go-w {tmp_path}" in self.refused(path)
        tmp_path.chmod(0o1777)  # sticky: others cannot replace the file
        assert read_job(path).model.sha256 == HASH

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
    def test_nor_does_one_of_another_user_count(self, tmp_path: Path) -> None:
        path = write_job(tmp_path, self.PINNED)
        os.chown(path, 4321, -1)
        assert f"run `chown root {path}`" in self.refused(path)

    def test_a_link_does_not_get_around_it(self, tmp_path: Path) -> None:
        path = write_job(tmp_path, self.PINNED)
        path.chmod(0o666)
        (tmp_path / "link").mkdir()
        link = tmp_path / "link" / "job.toml"
        link.symlink_to(path)
        assert "chmod go-w" in self.refused(link)

    def test_is_read_if_it_names_none(self, tmp_path: Path) -> None:
        path = write_job(tmp_path)
        path.chmod(0o666)
        assert read_job(path).model.sha256 is None

    def test_is_told_after_its_faults(self, tmp_path: Path) -> None:
        path = write_job(tmp_path, f"{self.PINNED}\n[scor]")
        path.chmod(0o666)
        with pytest.raises(TitanicBatchError) as caught:
            read_job(path)
        assert caught.value.exit_code == 2
