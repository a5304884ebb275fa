"""The bench measures what it says it measures. No test here looks at how long anything took."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from bench import prepare
from bench.__main__ import main
from bench.agree import check_agreement
from bench.cases import (
    STANDARD_MODELS,
    Case,
    Contender,
    Job,
    OutputsDisagreeError,
    script_command,
    short_count,
)
from bench.generate import COLUMNS, REAL_LIST, ROWS_PER_BLOCK, write_passengers
from bench.machine import this_machine
from bench.measure import CommandFailedError, measure_memory, measure_time
from bench.models import FEATURES, train
from bench.report import as_json, memory_table, times_table
from bench.run import run_case
from tests.amount import some

ROWS = 3_000
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(scope="module")
def passengers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("input") / "passengers.csv"
    write_passengers(path, ROWS)
    return path


def read_records(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


class TestGenerate:
    def test_writes_kaggles_columns_and_exactly_the_rows_asked_for(self, passengers: Path) -> None:
        header, *records = read_records(passengers)
        kaggle = "PassengerId,Pclass,Name,Sex,Age,SibSp,Parch,Ticket,Fare,Cabin,Embarked"
        assert header == list(COLUMNS) == kaggle.split(",")
        assert len(records) == ROWS
        assert {len(record) for record in records} == {11}
        assert len({record[0] for record in records}) == ROWS

    def test_counts_rows_right_across_blocks(self, tmp_path: Path) -> None:
        path = tmp_path / "long.csv"
        write_passengers(path, ROWS_PER_BLOCK + 1)
        ids = [record[0] for record in read_records(path)[1:]]
        assert ids == [str(number) for number in range(1, ROWS_PER_BLOCK + 2)]

    def test_quotes_names_with_commas_and_doubles_quotes_inside(self, passengers: Path) -> None:
        text = passengers.read_text(encoding="utf-8")
        names = [record[2] for record in read_records(passengers)]
        assert any("," in name for name in names)
        assert any(name.count('"') == 2 for name in names)
        assert '""' in text
        assert any("O'" in name for name in names), "an apostrophe is no quote"

    def test_leaves_as_many_cells_empty_as_the_real_list(self, tmp_path: Path) -> None:
        path = tmp_path / "passengers.csv"
        write_passengers(path, 20_000)
        real = pd.concat(
            [pd.read_csv(REAL_LIST / name) for name in ("train.csv", "passengers.csv")]
        )
        generated = pd.read_csv(path)
        for column in COLUMNS:
            expected = real[column].isna().mean()
            assert generated[column].isna().mean() == pytest.approx(expected, abs=0.01), column

    def test_varies_ages_and_fares_a_little(self, passengers: Path) -> None:
        real, generated = pd.read_csv(REAL_LIST / "train.csv"), pd.read_csv(passengers)
        for column in ("Age", "Fare"):
            assert generated[column].min() >= 0
            assert generated[column].mean() == pytest.approx(real[column].mean(), rel=0.1)
        assert generated["Fare"].nunique() > 2 * real["Fare"].nunique()

    def test_same_seed_same_bytes(self, passengers: Path, tmp_path: Path) -> None:
        write_passengers(tmp_path / "again.csv", ROWS)
        write_passengers(tmp_path / "other.csv", ROWS, seed=1)
        assert (tmp_path / "again.csv").read_bytes() == passengers.read_bytes()
        assert (tmp_path / "other.csv").read_bytes() != passengers.read_bytes()

    def test_parquet_holds_the_same_passengers(self, passengers: Path, tmp_path: Path) -> None:
        write_passengers(tmp_path / "passengers.parquet", ROWS)
        pd.testing.assert_frame_equal(
            pd.read_parquet(tmp_path / "passengers.parquet"), pd.read_csv(passengers)
        )


class TestScript:
    @pytest.mark.parametrize("name", some(STANDARD_MODELS, every=2))
    def test_scores_as_scikit_learn_does(self, name: str, passengers: Path, tmp_path: Path) -> None:
        saved = train(name, tmp_path)
        output = tmp_path / "scored.parquet"
        measure_time(script_command(Job(input=passengers, output=output, model=saved)))
        model, given, scored = (
            joblib.load(saved.path),
            pd.read_csv(passengers),
            pd.read_parquet(output),
        )
        assert list(scored) == [*COLUMNS, "prediction", "probability"]
        pd.testing.assert_frame_equal(scored[list(COLUMNS)], given)
        np.testing.assert_array_equal(scored["prediction"], model.predict(given[FEATURES]))
        np.testing.assert_allclose(
            scored["probability"], model.predict_proba(given[FEATURES])[:, 1], rtol=0, atol=1e-12
        )


class TestAgreement:
    @pytest.fixture
    def scored(self, tmp_path: Path) -> Path:
        path = tmp_path / "scored.parquet"
        frame = {"PassengerId": [1, 2], "prediction": [0, 1], "probability": [0.25, 0.75]}
        pd.DataFrame(frame).to_parquet(path)
        return path

    def test_ids_may_be_numbers_or_text(self, scored: Path, tmp_path: Path) -> None:
        other = tmp_path / "other.parquet"
        pd.read_parquet(scored).astype({"PassengerId": "str"}).to_parquet(other)
        check_agreement(scored, other, rows=2)

    @pytest.mark.parametrize(
        ("column", "values"),
        [
            ("PassengerId", [2, 1]),
            ("prediction", [1, 1]),
            ("probability", [0.25, 0.75 + 1e-11]),
            ("probability", [0.25, float("nan")]),
        ],
    )
    def test_any_difference_is_an_error(
        self, column: str, values: list[float], scored: Path, tmp_path: Path
    ) -> None:
        other = tmp_path / "other.parquet"
        pd.read_parquet(scored).assign(**{column: values}).to_parquet(other)
        with pytest.raises(OutputsDisagreeError, match=column):
            check_agreement(scored, other, rows=2)

    def test_a_missing_row_is_an_error(self, scored: Path) -> None:
        with pytest.raises(OutputsDisagreeError, match="2 rows, not 3"):
            check_agreement(scored, scored, rows=3)


def grandchild(program: str) -> list[str]:
    """Return a command whose child runs `program`, waited for."""
    parent = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {program!r}], check=True)"
    )
    return [sys.executable, "-c", parent]


def orphan(program: str) -> list[str]:
    """Return a command that starts `program` and ends without waiting for it."""
    parent = f"import os, sys; os.spawnl(os.P_NOWAIT, sys.executable, 'python', '-c', {program!r})"
    return [sys.executable, "-c", parent]


BURN_CPU = "import time\nwhile time.process_time() < 0.2: pass"


class TestMeasure:
    @linux_only
    def test_memory_of_a_grandchild_counts(self) -> None:
        program = "import time; held = b'x' * 200_000_000; time.sleep(0.5)"
        memory = measure_memory(grandchild(program))
        assert memory is not None
        assert 200_000_000 <= memory.peak_bytes <= memory.peak_rss_bytes < 400_000_000
        assert memory.peak_processes == 2

    @linux_only
    def test_memory_shared_after_a_fork_counts_once(self) -> None:
        program = (
            "import os, time; held = b'x' * 200_000_000\n"
            "if os.fork() == 0: time.sleep(0.5)\n"
            "else: os.wait()"
        )
        memory = measure_memory([sys.executable, "-c", program])
        assert memory is not None
        assert memory.peak_bytes < 300_000_000
        assert memory.peak_rss_bytes > 400_000_000

    def test_cpu_of_a_grandchild_counts(self) -> None:
        assert measure_time(grandchild(BURN_CPU)).cpu_s >= 0.2

    @linux_only
    def test_cpu_of_a_process_that_outlives_the_command_counts(self) -> None:
        assert measure_time(orphan(BURN_CPU)).cpu_s >= 0.2

    @linux_only
    def test_cpu_of_fork_server_workers_counts(self, tmp_path: Path) -> None:
        program = tmp_path / "program.py"
        program.write_text(
            "import multiprocessing, time\n"
            "def burn(_):\n"
            "    while time.process_time() < 0.2: pass\n"
            "if __name__ == '__main__':\n"
            "    with multiprocessing.get_context('forkserver').Pool(2) as pool:\n"
            "        pool.map(burn, range(2), chunksize=1)\n"
        )
        assert measure_time([sys.executable, str(program)]).cpu_s >= 0.2

    def test_the_bench_itself_holds_no_library_that_the_command_would_share(self) -> None:
        program = (
            "import sys, bench.__main__\n"
            "print(*({'numpy', 'pandas', 'pyarrow', 'scipy', 'sklearn'} & set(sys.modules)))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == ""

    def test_a_failing_command_is_an_error_with_its_stderr(self) -> None:
        with pytest.raises(CommandFailedError, match=r"exit code 3(?s:.*)out of luck"):
            measure_time(
                [
                    sys.executable,
                    "-c",
                    "import sys; print('out of luck', file=sys.stderr); sys.exit(3)",
                ]
            )


def contender(name: str, *, label: int) -> Contender:
    """Return a tool that starts fast, and gives everybody the same label."""
    program = (
        "import sys, pathlib, pyarrow.compute as pc, pyarrow.csv, pyarrow.parquet\n"
        "given, output = map(pathlib.Path, sys.argv[1:])\n"
        "if given.is_dir():\n"
        "    output.mkdir()\n"
        "for path in given.glob('*') if given.is_dir() else [given]:\n"
        "    passengers = pyarrow.csv.read_csv(path).select(['PassengerId'])\n"
        "    for column in ('prediction', 'probability'):\n"
        # No array is made of a list: that would import pandas.
        f"        cells = pc.add(pc.multiply(passengers['PassengerId'], 0), {label})\n"
        "        passengers = passengers.append_column(column, cells)\n"
        "    target = output / f'{path.stem}.parquet' if given.is_dir() else output\n"
        "    pyarrow.parquet.write_table(passengers, target)\n"
    )
    return Contender(
        name=name,
        command=lambda job: [sys.executable, "-c", program, str(job.input), str(job.output)],
    )


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where inputs and models of cases are kept."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prepare a case in this process, which need not stay free of libraries as the bench must."""
    monkeypatch.setattr(prepare, "_apart", lambda function, *arguments: function(*arguments))


class TestRunCase:
    def test_measures_every_contender_and_reports_it(self, work: Path) -> None:
        twins = (contender("one", label=1), contender("two", label=1))
        small = Case(name="small", rows=500, model="logistic", contenders=twins)
        results = run_case(small, work, repeat=2, say=lambda _: None)
        assert [(r.contender.name, len(r.times)) for r in results] == [("one", 2), ("two", 2)]
        assert len(list(work.glob("passengers-500-*.csv"))) == 1, "the input is kept"

        large = replace(small, name="large", rows=1_000)
        results += [replace(result, case=large) for result in results]
        assert times_table(results).row_count == 4
        growth = memory_table(results)
        assert growth is not None
        assert growth.row_count == 2
        assert as_json(results, this_machine())["bench_version"] == 1

    def test_many_files_hold_the_rows_of_the_one(self, work: Path, at_once: None) -> None:
        many = contender("many", label=1)
        one = replace(contender("one", label=1), takes_one_file=True)
        case = Case(name="files", rows=500, model="logistic", contenders=(many, one), files=7)
        run_case(case, work, repeat=1, say=lambda _: None)
        pieces = sorted(work.glob("passengers-500-*-in-7/*.csv"))
        assert [len(read_records(piece)) - 1 for piece in pieces] == [71, 71, 72, 71, 72, 71, 72]

    def test_stops_when_outputs_disagree(self, work: Path, at_once: None) -> None:
        pair = (contender("right", label=1), contender("wrong", label=0))
        case = Case(name="case", rows=500, model="logistic", contenders=pair)
        with pytest.raises(OutputsDisagreeError):
            run_case(case, work, repeat=1, say=lambda _: None)

    def test_an_unknown_case_names_the_known_ones(self) -> None:
        with pytest.raises(SystemExit, match="logistic-1M, logistic-3M, boosting-1M, boosting-3M"):
            main(["--only", "glacier"])


@pytest.mark.parametrize(
    ("rows", "text"), [(3_000_000, "3M"), (250_000, "250k"), (1_500_000, "1500k"), (7, "7")]
)
def test_short_counts(rows: int, text: str) -> None:
    assert short_count(rows) == text


def test_row_groups_do_not_grow_with_the_file(tmp_path: Path) -> None:
    write_passengers(tmp_path / "long.parquet", ROWS_PER_BLOCK + 1)
    assert pq.ParquetFile(tmp_path / "long.parquet").num_row_groups == 2
