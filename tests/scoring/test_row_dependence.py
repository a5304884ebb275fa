"""A model whose score of a row depends on the rows beside it is refused, however it is run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.estimators.passengers import dump
from tests.scoring.row_models import DEPENDENT, ON_THEIR_OWN, ByHand, Centred, through
from titanic_batch import score, score_files
from titanic_batch.errors import RowDependenceError
from titanic_batch.scoring.api import make_options
from titanic_batch.scoring.checking import check_files

DRAW = np.random.default_rng(3)
FRAME = pd.DataFrame({"a": DRAW.normal(size=418).round(3), "b": DRAW.normal(size=418).round(3)})
FRAME.loc[300::40, "b"] = np.nan
TARGET = (FRAME["a"] > 0).astype(int)


@pytest.fixture
def home(empty_home: Path) -> Path:
    return empty_home


@pytest.fixture
def options(home: Path, tmp_path: Path) -> Callable[[Any], dict[str, Any]]:
    """Return what saves a model and gives the options that score with it."""

    def save(model: Any) -> dict[str, Any]:
        model.fit(FRAME.fillna(0), TARGET)
        given = dump(model, tmp_path / "model.pkl")
        return {**given, "trust": (given["trust"],), "allow_null": ("b",)}

    return save


@pytest.fixture
def source(tmp_path: Path) -> Path:
    FRAME.to_csv(tmp_path / "in.csv", index=False)
    return tmp_path / "in.csv"


@pytest.mark.parametrize("name", DEPENDENT)
def test_a_model_that_looks_at_other_rows_is_refused(
    name: str, source: Path, tmp_path: Path, options: Any
) -> None:
    given = options(DEPENDENT[name])
    if name in ("scaled in transform", "ranked"):
        given["fill"] = {"b": 0.5}
        del given["allow_null"]
    with pytest.raises(RowDependenceError) as caught:
        score(source, tmp_path / "out.csv", workers=1, **given)
    error = caught.value
    assert error.exit_code == 65
    assert "--allow-batch-dependence" in error.hint
    assert " row" in error.message
    assert "nan" not in error.message or name == "NullsOnly"
    assert {path.name for path in tmp_path.iterdir()} == {"home", "in.csv", "model.pkl"}


@pytest.mark.parametrize("name", ON_THEIR_OWN)
def test_a_model_that_does_not_is_scored_with(
    name: str, source: Path, tmp_path: Path, options: Any
) -> None:
    given = options(ON_THEIR_OWN[name])
    manifest = score(source, tmp_path / "out.csv", workers=1, **given, fill={"b": 0.0})
    assert (manifest.rows.scored, manifest.warnings) == (418, ())
    found = pd.read_csv(tmp_path / "out.csv")
    direct = ON_THEIR_OWN[name].predict_proba(FRAME.fillna(0))[:, 1]
    np.testing.assert_allclose(found["probability"], direct, rtol=1e-12)


def test_what_is_allowed_is_asked_about_a_chunk_at_a_time_and_said(
    source: Path, tmp_path: Path, options: Any
) -> None:
    given = options(Centred()) | {"allow_batch_dependence": True}
    large = pd.concat([FRAME] * 12, ignore_index=True)
    large.to_csv(source, index=False)
    manifest = score(source, tmp_path / "out.csv", workers=1, **given)
    found = pd.read_csv(tmp_path / "out.csv")
    direct = Centred().fit(large).predict_proba(large)[:, 1]
    np.testing.assert_allclose(found["probability"], direct, rtol=1e-12)
    (warning,) = manifest.warnings
    assert "1,048,576 bytes" in warning
    assert "--allow-batch-dependence" in warning
    assert manifest.options["allow_batch_dependence"] is True


def test_allowing_it_changes_nothing_for_a_model_that_is_known(
    source: Path, tmp_path: Path, options: Any
) -> None:
    given = options(through(None)) | {"fill": {"b": 0.0}}
    del given["allow_null"]
    plain = score(source, tmp_path / "plain.csv", workers=1, **given)
    allowed = score(
        source, tmp_path / "allowed.csv", workers=1, allow_batch_dependence=True, **given
    )
    assert allowed.warnings == plain.warnings == ()
    assert allowed.output.sha256 == plain.output.sha256


@pytest.mark.parametrize("sizes", [[1, 400], [1, 1, 1, 20], [7] * 12, [2, 1, 60]])
def test_small_files_are_no_way_round(sizes: list[int], tmp_path: Path, options: Any) -> None:
    (tmp_path / "in").mkdir()
    for number, size in enumerate(sizes):
        FRAME.head(size).to_csv(tmp_path / "in" / f"{number:02}.csv", index=False)
    given = options(Centred())
    with pytest.raises(RowDependenceError):
        score_files(tmp_path / "in", f"{tmp_path}/out/", workers=1, **given)
    first = next(number for number, size in enumerate(sizes) if size > 1)
    alone = {f"{number:02}.parquet" for number in range(first)}
    assert {path.name for path in (tmp_path / "out").glob("*.parquet")} <= alone


def test_rejected_rows_before_the_others_are_no_way_round(
    source: Path, tmp_path: Path, options: Any
) -> None:
    source.write_text("a,b\n" + "x,1\n" * 40 + FRAME.to_csv(index=False, header=False))
    given = options(Centred()) | {"max_rejects": 400, "chunk_size": 100}
    with pytest.raises(RowDependenceError, match="row"):
        score(source, tmp_path / "out.csv", workers=1, **given)


def test_check_ends_as_score_does(source: Path, options: Any) -> None:
    chosen = make_options(**options(Centred()))
    with pytest.raises(RowDependenceError):
        check_files(str(source), chosen, full=False)
    allowed = make_options(**options(Centred()), allow_batch_dependence=True)
    (checked,) = check_files(str(source), allowed, full=False)
    assert checked.report is not None
    assert checked.report.rejected == 0
    (checked,) = check_files(str(source), make_options(**options(ByHand())), full=True)
    assert checked.report is not None
    assert (checked.report.rows_checked, checked.report.rejected) == (418, 0)


def test_workers_say_the_same(tmp_path: Path, options: Any) -> None:
    given = options(Centred())
    large = pd.concat([FRAME] * 11, ignore_index=True).assign(c="x" * 2000)  # worth workers
    large.to_csv(tmp_path / "large.csv", index=False)
    said = []
    for workers in (1, 2):
        with pytest.raises(RowDependenceError) as caught:
            score(tmp_path / "large.csv", tmp_path / "out.csv", workers=workers, **given)
        said.append(str(caught.value))
    assert said[0] == said[1]
