from __future__ import annotations

import pytest

from titanic_batch.errors import ModelError, UsageError
from titanic_batch.models.reference import parse_reference


@pytest.mark.parametrize(
    ("text", "loader"),
    [
        ("titanic_model", "bentoml"),
        ("titanic_model:latest", "bentoml"),
        ("titanic_model:abc123", "bentoml"),
        ("best_model.pkl", "pickle"),
        ("./best_model.pickle", "pickle"),
        ("/models/Best Model.JOBLIB", "pickle"),
        ("warehouse:best.pkl", "pickle"),
        ("best.skops", "skops"),
    ],
)
def test_a_reference_is_told_by_its_ending(text: str, loader: str) -> None:
    reference = parse_reference(text)
    assert (reference.loader, reference.rest) == (loader, text)


def test_a_registered_scheme_wins_over_a_store_version_and_a_file_ending() -> None:
    for rest in ("abc123", "best.pkl", "//host/x"):
        reference = parse_reference(f"warehouse:{rest}", {"warehouse"})
        assert (reference.loader, reference.rest) == ("warehouse", rest)


def test_the_store_and_files_stay_reachable_beside_a_scheme() -> None:
    assert parse_reference("warehouse", {"warehouse"}).loader == "bentoml"
    assert parse_reference("./warehouse:best.pkl", {"warehouse"}).loader == "pickle"


def test_an_unknown_scheme_names_the_installed_ones() -> None:
    with pytest.raises(ModelError, match="installed schemes: warehouse"):
        parse_reference("s3://bucket/best.pkl", {"warehouse"})


def test_a_path_that_does_not_end_like_a_model_is_refused() -> None:
    with pytest.raises(ModelError, match=r"Model files end in \.pkl"):
        parse_reference("models/best")


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_reference_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError):
        parse_reference(text)
