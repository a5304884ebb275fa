"""Nested and Hive-partitioned folders: what pyarrow reads there, scored by scikit-learn itself."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import titanic_batch
from titanic_batch.errors import DataError, InputMissingError, UsageError
from titanic_batch.publish.publication import Publication
from titanic_batch.scoring.checking import check_files
from titanic_batch.scoring.finding import find_inputs
from titanic_batch.scoring.outcome import FileOutcome
from titanic_batch.scoring.recomputing import recompute

FEATURES = ["cls", "sex", "age"]
#: Values that are written otherwise in a folder's name, or are easily taken for others.
BATCHES = ["a/b%", "x y", "é=1", "007", "NA", None, "1+1"]
SETTINGS = {"cls": pa.int64(), "sex": pa.string(), "batch": pa.string()}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": range(84),
            "cls": random.integers(1, 4, 84),
            "sex": random.choice(["male", "female"], 84),
            "age": random.integers(1, 80, 84).astype(float),
            "batch": BATCHES * 12,
        }
    )


@pytest.fixture(scope="module")
def model(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    words = make_column_transformer((OneHotEncoder(), ["cls", "sex"]), remainder="passthrough")
    path = tmp_path_factory.mktemp("model") / "model.pkl"
    fitted = make_pipeline(words, LogisticRegression()).fit(frame[FEATURES], frame["age"] > 40)
    joblib.dump(fitted, path)
    return path


@pytest.fixture
def score(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[FileOutcome]]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    def run(source: str | Path, output: str = "out/", **more: Any) -> list[FileOutcome]:
        return titanic_batch.score_files(source, output, **keywords(model), **more)

    return run


Score = Callable[..., list[FileOutcome]]


def keywords(model: Path) -> dict[str, Any]:
    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    return {"model": str(model), "trust": sha256, "workers": 1}


def write(path: Path, frame: pd.DataFrame) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)
    return path


def fine(outcomes: list[FileOutcome]) -> list[str]:
    """Return the outputs of files that were all published."""
    assert [outcome.error for outcome in outcomes] == [None] * len(outcomes)
    return [str(o.pair.output.data) for o in outcomes if o.pair.output is not None]


def files_in(folder: str) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in Path(folder).rglob("*")
        if path.is_file() and not path.name.endswith(".manifest.json")
    }


def asked(model: Path, table: pa.Table) -> Any:
    """Return what scikit-learn says of rows as pyarrow reads them."""
    return joblib.load(model).predict_proba(table.select(FEATURES).to_pandas())[:, 1]


class TestKeysAreColumns:
    @pytest.mark.parametrize("suffix", [".parquet", ".csv"])
    def test_they_feed_the_model_and_are_kept(
        self, score: Score, model: Path, frame: pd.DataFrame, suffix: str
    ) -> None:
        frame.to_parquet("in", partition_cols=["batch", "sex", "cls"])
        if suffix == ".csv":
            for path in list(Path("in").rglob("*.parquet")):
                write(path.with_suffix(".csv"), pd.read_parquet(path, partitioning=None))
                path.unlink()
        outputs = fine(score("in"))
        partitioning = ds.partitioning(pa.schema(SETTINGS.items()), flavor="hive")
        there = ds.dataset("in", format=suffix[1:], partitioning=partitioning)
        fragments = {
            fragment.path.removeprefix("in/").removesuffix(suffix): fragment
            for fragment in there.get_fragments()
        }
        assert len(outputs) == len(fragments) > 30  # in batches of files with other keys
        assert files_in("out") == {f"{name}.parquet" for name in fragments}
        for name, fragment in fragments.items():
            wanted = there.filter(fragment.partition_expression).to_table()
            found = pq.read_table(f"out/{name}.parquet", partitioning=None)
            for column in ("id", "age", *SETTINGS):
                assert [str(v) for v in wanted[column].to_pylist()] == [
                    str(v) for v in found[column].to_pylist()
                ], column
            assert {column: found.schema.field(column).type for column in SETTINGS} == SETTINGS
            np.testing.assert_allclose(found["probability"], asked(model, wanted), atol=1e-12)

    def test_the_manifest_and_check_say_where_they_come_from(
        self, score: Score, model: Path, frame: pd.DataFrame
    ) -> None:
        write(Path("in/cls=2/day=x%20y/a.parquet"), frame.drop(columns=["cls"]))
        (outcome,) = score("in")
        (output,) = fine([outcome])
        manifest = json.loads(Path(f"{output}.manifest.json").read_bytes())
        assert manifest["partition"] == {"cls": "2", "day": "x y"}
        told = {entry["from"]: entry for entry in manifest["alignment"]}
        assert (told["cls"]["column"], told["cls"]["partition"]) == ("cls", "2")
        assert (told["day"]["action"], told["day"]["partition"]) == ("dropped", "x y")
        assert "partition" not in told["age"]
        options = titanic_batch.scoring.api.make_options(**keywords(model))
        (checked,) = check_files("in", options, full=True)
        assert checked.report is not None
        assert list(checked.report.alignment) == manifest["alignment"]

    @pytest.mark.parametrize("keep", ["none", "day", "id,cls"])
    def test_keep_means_them_too(self, score: Score, frame: pd.DataFrame, keep: str) -> None:
        write(Path("in/day=1/cls=2/a.csv"), frame.drop(columns=["cls"]))
        (output,) = fine(score("in", keep=keep, output_format="csv"))
        kept = pd.read_csv(output, dtype=str).columns.tolist()[:-2]
        assert kept == {"none": [], "day": ["day"], "id,cls": ["id", "cls"]}[keep]

    def test_each_file_is_the_same_alone_and_among_others(
        self, score: Score, frame: pd.DataFrame
    ) -> None:
        for cls in (1, 2, 3):
            write(Path(f"in/cls={cls}/a.csv"), frame.drop(columns=["cls"]).iloc[cls:])
        fine(score("in"))
        for cls in (1, 2, 3):
            (output,) = fine(score(f"in/cls={cls}*", f"alone{cls}/"))
            name = f"cls={cls}/a.parquet"
            assert output.endswith(name)
            assert Path(output).read_bytes() == Path("out", name).read_bytes()

    def test_a_column_of_the_file_keeps_its_type_beside_files_that_have_it_as_a_key(
        self, score: Score
    ) -> None:
        table = pa.table({"sex": ["male"], "age": [1.0], "cls": ["2"]})
        for name, rows in {"cls=2": table.drop(["cls"]), "plain": table}.items():
            Path("in", name).mkdir(parents=True)
            pq.write_table(rows, Path("in", name, "a.parquet"))
        keyed, plain = (pq.read_schema(path) for path in fine(score("in")))
        assert (keyed.field("cls").type, plain.field("cls").type) == (pa.int64(), pa.string())

    @pytest.mark.parametrize(
        ("folder", "said"),
        [
            ("cls=1/cls=2", "hold column cls twice"),
            ("cls=%FF", "no UTF-8"),
            (os.fsdecode(b"cls=\xff"), "no UTF-8"),
        ],
    )
    def test_names_that_say_nothing_clear_are_refused(
        self, score: Score, frame: pd.DataFrame, folder: str, said: str
    ) -> None:
        rows = frame.drop(columns=["cls"])
        write(Path("in", folder, "a.csv"), rows)
        write(Path("in/cls=3/a.csv"), rows)
        bad, good = sorted(score("in"), key=lambda outcome: outcome.manifest is not None)
        assert good.manifest is not None
        assert isinstance(bad.error, DataError)
        assert said in str(bad.error)
        assert bad.error.where == bad.pair.input

    def test_an_unknown_value_is_a_reject_and_the_advice_is_tried(
        self, score: Score, frame: pd.DataFrame
    ) -> None:
        write(Path("in/sex=MALE/a.csv"), frame.drop(columns=["sex"]))
        (refused,) = score("in")
        assert refused.error is not None
        assert "--map sex:MALE=male" in str(refused.error)
        fine(score("in", map={"sex": {"MALE": "male"}}))

    def test_an_empty_file_has_no_columns_of_its_own(self, score: Score) -> None:
        Path("in/cls=1").mkdir(parents=True)
        Path("in/cls=1/a.csv").touch()
        (output,) = fine(score("in", allow_empty=True))
        assert pq.read_table(output, partitioning=None).num_rows == 0


class TestAColumnThatTheFileHoldsToo:
    @pytest.mark.parametrize(
        ("folder", "values"),
        [
            ("cls=2", pa.array([2, 2])),
            ("cls=02", pa.array([2, 2], pa.int8())),
            ("cls=2", pa.array([2.0, 2.0])),
            ("cls=2", pa.array(["2", "2"]).dictionary_encode()),
        ],
    )
    def test_it_counts_as_it_is_where_both_are_the_same(
        self, score: Score, folder: str, values: pa.Array
    ) -> None:
        table = pa.table({"cls": values, "sex": ["male", "male"], "age": [1.0, 2.0]})
        Path("in", folder).mkdir(parents=True)
        pq.write_table(table, Path("in", folder, "a.parquet"))
        (output,) = fine(score("in"))
        found = pq.read_table(output, partitioning=None)
        assert found["cls"].to_pylist() == values.to_pylist()
        assert found.column_names[:3] == table.column_names

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("day=2026-11-01", pa.array(pd.to_datetime(["2026-11-01"] * 2))),
            ("day=2026-11-01", pa.array(pd.to_datetime(["2026-11-01"] * 2).date)),
            ("day=__HIVE_DEFAULT_PARTITION__", pa.array([None, None], pa.string())),
            ("day=true", pa.array([True, True])),
        ],
    )
    def test_whatever_its_type(self, score: Score, name: str, values: pa.Array) -> None:
        columns = {"cls": [1, 2], "sex": ["male", "male"], "age": [1.0, 2.0], "day": values}
        Path("in", name).mkdir(parents=True)
        pq.write_table(pa.table(columns), Path("in", name, "a.parquet"))
        fine(score("in"))

    @pytest.mark.parametrize("suffix", ["csv", "parquet"])
    def test_another_value_ends_its_file_and_the_file_can_be_scored_by_itself(
        self, score: Score, frame: pd.DataFrame, suffix: str
    ) -> None:
        rows = frame.assign(cls=[2] * 3 + [1] + [2] * 80)
        for name in ("b", "c"):
            write(Path(f"in/cls=2/{name}.{suffix}"), rows.iloc[:3])
        path = write(Path(f"in/cls=2/a.{suffix}"), rows)
        bad, *good = score("in")
        fine(good)
        assert isinstance(bad.error, DataError)
        assert bad.error.where == f"{path}, row 4, column cls"
        fine(score(path, "a.parquet"))
        assert pq.read_table("a.parquet")["cls"].to_pylist() == rows["cls"].tolist()


class TestWhichFiles:
    def test_the_tree_is_walked_and_mirrored(self, score: Score, frame: pd.DataFrame) -> None:
        names = ["a", "b/a", "b/c d/a", "b/k=1/a", "new\nline/a", "_k=2/a"]
        for name in names:
            write(Path("in", f"{name}.csv"), frame)
        fine(score("in"))
        assert files_in("out") == {f"{name}.parquet" for name in names}

    def test_markers_and_what_is_hidden_are_passed_over(
        self, score: Score, frame: pd.DataFrame
    ) -> None:
        table = write(Path("in/k=1/a.parquet"), frame)
        for name in ("_metadata", "_common_metadata", "_SUCCESS", ".a.parquet.crc", ".b.parquet"):
            shutil.copy(table, table.with_name(name))
        for name in ("_temporary/0", ".snapshot", "k=1/_spark_metadata", "k=1/.ipynb_checkpoints"):
            write(Path("in", name, "x.parquet"), frame)
        fine(score("in"))
        assert files_in("out") == {"k=1/a.parquet"}

    def test_what_was_published_or_rejected_in_nested_folders_is_no_input(
        self, score: Score, frame: pd.DataFrame
    ) -> None:
        write(Path("in/k=1/a.csv"), frame)
        dirty = frame.assign(age=["old", *frame["age"][1:]])
        write(Path("in/k=2/b.csv"), dirty)
        first = score("in", "in/scored/", max_rejects="1", output_format="csv")
        assert {Path(path).parent.parent.name for path in fine(first)} == {"scored"}
        assert "k=2/b.csv.rejects.csv" in files_in("in/scored")
        again = score("in", "in/scored/", max_rejects="1", output_format="csv")
        assert [o.pair.input for o in again] == [o.pair.input for o in first]

    @pytest.mark.parametrize(
        ("pattern", "wanted"),
        [
            ("in/**", "a k=1/a k=1/j=2/a k=1/j=2/b k=2/a"),
            ("in/**/*.csv", "a k=1/a k=1/j=2/a k=1/j=2/b k=2/a"),
            ("in/*", "a k=1/a k=1/j=2/a k=1/j=2/b k=2/a"),
            ("in/*.csv", "a"),
            ("in/*/a.csv", "k=1/a k=2/a"),
            ("in/k=1*", "k=1/a k=1/j=2/a k=1/j=2/b"),
            ("in/**/b.*", "k=1/j=2/b"),
            ("in/**/j=2", "k=1/j=2/a k=1/j=2/b"),
            ("in/k=1/**/a.csv", "a j=2/a"),
            ("i[n]/k=[12]/[a]*", "in/k=1/a in/k=2/a"),
        ],
    )
    def test_globs(self, score: Score, frame: pd.DataFrame, pattern: str, wanted: str) -> None:
        for name in ("a", "k=1/a", "k=1/j=2/a", "k=1/j=2/b", "k=2/a"):
            write(Path("in", f"{name}.csv"), frame.iloc[:2])
        fine(score(pattern))
        assert files_in("out") == {f"{name}.parquet" for name in wanted.split()}

    def test_a_folder_whose_name_is_like_a_glob(self, score: Score, frame: pd.DataFrame) -> None:
        write(Path("[in]*/k=1/a.csv"), frame)
        write(Path("i/k=2/b.csv"), frame)
        fine(score("[in]*"))
        assert files_in("out") == {"k=1/a.parquet"}
        fine(score("[[]in][*]/k*/a.csv", "glob/"))
        assert files_in("glob") == {"k=1/a.parquet"}

    def test_links_lead_to_each_folder_once(self, score: Score, frame: pd.DataFrame) -> None:
        write(Path("in/k=1/a.csv"), frame)
        write(Path("elsewhere/a.csv"), frame)
        write(Path("not in it/b.csv"), frame)
        Path("in/k=1/loop").symlink_to(Path("in").absolute())
        Path("in/up").symlink_to(Path.cwd())
        Path("in/latest").symlink_to("k=1")
        Path("in/itself").symlink_to("itself")
        Path("in/k=2").symlink_to("../elsewhere")
        Path("in/k=3").symlink_to("../elsewhere")
        fine(score("in"))
        assert files_in("out") == {"k=1/a.parquet", "k=2/a.parquet"}

    def test_a_folder_that_cannot_be_listed_does_not_stop_the_others(
        self, score: Score, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("k=1", "k=2", "k=3"):
            write(Path("in", name, "a.csv"), frame)
        scandir = os.scandir

        def refusing(path: str = ".") -> Any:
            if os.fspath(path) == "in/k=2":
                raise PermissionError(13, "Permission denied", path)
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refusing)
        for given in ("in", "in/**/a.csv", "in/*/a.csv"):
            one, bad, other = score(given)
            fine([one, other])
            assert bad.error is not None
            assert (bad.error.exit_code, bad.error.where) == (74, "in/k=2")
            assert "Permission denied" in str(bad.error)
        (bad,) = score("in/k=2")
        assert bad.error is not None
        assert bad.error.exit_code == 74

    def test_a_delta_table_is_no_folder_of_files_and_does_not_stop_the_others(
        self, score: Score, frame: pd.DataFrame
    ) -> None:
        for name in ("table/k=1", "table/k=2", "table/_delta_log", "plain"):
            write(Path("in", name, "a.parquet"), frame)
        plain, table = score("in")
        fine([plain])
        assert isinstance(table.error, DataError)
        assert table.error.where == "in/table"
        command = shlex.split(str(table.error).split("`")[1])
        assert command[:2] == ["python", "-c"]
        assert command[2] == (
            'import polars; polars.read_delta("in/table").write_parquet("in/table.parquet")'
        )
        assert [file.error and file.error.where for file in find_inputs("in/table/*/*")] == [
            "in/table"
        ]

    def test_nothing_to_score(self, score: Score, frame: pd.DataFrame) -> None:
        write(Path("in/_temporary/a.csv"), frame)
        for given in ("in", "in/**", "none/*"):
            with pytest.raises(InputMissingError, match="no files to score"):
                score(given)


class TestWhereOutputsGo:
    def test_like_names_clash_in_one_folder_only(self, score: Score, frame: pd.DataFrame) -> None:
        for name in ("k=1/a.csv", "k=2/a.csv", "k=2/a.parquet"):
            write(Path("in", name), frame)
        with pytest.raises(UsageError, match=r"k=2/a\.csv and in/k=2/a\.parquet would have"):
            score("in")
        assert not Path("out").exists()

    def test_a_file_and_a_folder_of_one_name_clash(self, score: Score, frame: pd.DataFrame) -> None:
        write(Path("in/a.csv"), frame)
        write(Path("in/a.parquet/part-0.parquet"), frame)
        with pytest.raises(UsageError, match=r"in/a\.csv would be a folder of other outputs"):
            score("in")
        fine(score("in", output_format="csv"))

    @pytest.mark.parametrize(
        ("given", "output"),
        [
            ("in", "in/"),
            ("in", "in/k=1/"),
            ("in/**/a.csv", "in/k=2"),
            ("in/k=1", "in/k=1/j=2/"),
            ("in", "link/"),
            ("in/k=1", "in/"),
        ],
    )
    def test_not_among_inputs(
        self, score: Score, frame: pd.DataFrame, given: str, output: str
    ) -> None:
        for name in ("k=1/a", "k=1/j=2/a", "k=2/a", "k=1/k=1/a"):
            write(Path("in", f"{name}.parquet"), frame)
        write(Path("in/k=2/a.csv"), frame)
        Path("in/k=2/a.parquet").unlink()
        Path("link").symlink_to("in/k=1")
        before = files_in("in")
        if (given, output) == ("in/k=1", "in/"):  # what goes to in/ and in/j=2/ is in nobody's way
            fine(score("in/k=1/j=2", output))
            with pytest.raises(UsageError, match="inputs in the output folder"):
                score(given, output)
            return
        with pytest.raises(UsageError, match="output folder"):
            score(given, output)
        assert files_in("in") == before

    def test_a_bad_file_leaves_the_others_and_their_folders(
        self, score: Score, frame: pd.DataFrame
    ) -> None:
        write(Path("in/k=1/a.csv"), frame)
        write(Path("in/k=2/a.csv"), frame[["id"]])
        write(Path("in/k=3/a.csv"), frame.assign(age=["old", *frame["age"][1:]]))
        write(Path("in/k=4/a.csv"), frame)
        Path("out").mkdir()
        Path("out/k=4").touch()
        one, two, three, four = score("in")
        assert files_in("out") == {"k=1/a.parquet", "k=4", "k=3/a.parquet.failed.rejects.csv"}
        fine([one])
        errors = [outcome.error for outcome in (two, three, four)]
        assert [error and error.exit_code for error in errors] == [65, 65, 74]
        assert "row 1, line 2, column age" in str(errors[1])


class TestAgain:
    def test_each_file_is_skipped_verified_and_recomputed_by_its_keys(
        self, score: Score, model: Path, frame: pd.DataFrame
    ) -> None:
        rows = frame.drop(columns=["cls"])
        for cls in (1, 2):
            write(Path(f"in/cls={cls}/a.csv"), rows)
        fine(score("in"))
        write(Path("in/cls=2/a.csv"), rows.iloc[1:])
        one, two = score("in", skip_published=True)
        assert (one.skipped, two.skipped) == (True, False)
        for outcome in (one, two):
            assert outcome.manifest is not None
            path = outcome.manifest.output.path
            found = recompute(path, outcome.manifest, trust=[keywords(model)["trust"]])
            assert found.rows == outcome.manifest.rows.scored

    def test_the_same_file_with_other_keys_is_not_published_yet(
        self, score: Score, frame: pd.DataFrame
    ) -> None:
        write(Path("in/k=1/a.csv"), frame)
        fine(score("in/k=1", "out/k=1/"))
        (again,) = score("in", skip_published=True)
        assert not again.skipped
        assert "k" in pq.read_table("out/k=1/a.parquet", partitioning=None).column_names


def test_a_single_file_is_only_what_is_in_it_and_the_error_names_the_folder_above(
    score: Score, frame: pd.DataFrame
) -> None:
    path = write(Path("in put/sex=male/cls=2/a.csv"), frame.drop(columns=["cls"]))
    (refused,) = score(path, "a.parquet")
    assert isinstance(refused.error, DataError)
    assert "cls stands in the name of its folder, cls=2" in str(refused.error)
    assert "`titanic-batch score 'in put/sex=male' OUTPUT/`" in str(refused.error)
    fine(score("in put/sex=male"))
    assert [file.partition for file in find_inputs("in put/sex=male")] == [(("cls", "2"),)]


def test_what_a_killed_run_leaves_is_of_the_same_keys(
    score: Score, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    fingerprints = []
    open_work = Publication.open_work

    def told(publication: Publication, fingerprint: str) -> str | None:
        fingerprints.append(fingerprint)
        return open_work(publication, fingerprint)

    monkeypatch.setattr(Publication, "open_work", told)
    for name in ("a", "k=1/a", "k=1/b", "k=2/a", "j=1/a"):
        write(Path("in", f"{name}.csv"), frame)
    fine(score("in"))
    assert len(fingerprints) == 5
    assert len(set(fingerprints)) == 4
