from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from tests.alignment.planning import aligned, category, column, reasons

SEX = {"Sex": {"male": 0, "female": 1}}
PORTS = {"Embarked": {"S": "0", "C": "1", "Q": "2"}}


def test_texts_are_looked_up_and_the_rest_is_unknown() -> None:
    result = aligned([column("Sex")], {"Sex": ["male", "female", "x", " male"]}, mapping=SEX)
    assert result.features[0].tolist()[:2] == [0.0, 1.0]
    assert reasons(result) == [(2, "Sex", "unknown-category"), (3, "Sex", "unknown-category")]
    assert result.counts.unknown == {"Sex": Counter({"x": 1, " male": 1})}


def test_what_is_mapped_has_the_type_that_the_model_was_trained_on() -> None:
    for kind, dtype in (("number", np.float64), ("integer", np.int64)):
        result = aligned(
            [column("Embarked", kind)],  # type: ignore[arg-type]
            {"Embarked": ["Q", "S"]},
            mapping=PORTS,
        )
        assert result.features[0].tolist() == [2, 0]
        assert result.features[0].dtype == dtype
    result = aligned([category("Embarked", 0, 1, 2)], {"Embarked": ["Q", "S"]}, mapping=PORTS)
    assert result.features[0].tolist() == [2, 0]


def test_a_null_is_missing_filled_or_let_through_but_is_never_an_unknown_text() -> None:
    cells = {"Sex": ["male", None]}
    assert reasons(aligned([column("Sex")], cells, mapping=SEX)) == [(1, "Sex", "missing-value")]
    filled = aligned([column("Sex")], cells, mapping=SEX, fill={"Sex": 1})
    assert filled.features[0].tolist() == [0.0, 1.0]
    allowed = aligned([column("Sex")], cells, mapping=SEX, allow_null=frozenset({"Sex"}))
    assert np.isnan(allowed.features[0][1])


def test_a_mapped_text_may_be_one_that_means_null_elsewhere() -> None:
    result = aligned([column("c")], {"c": ["NA", "null"]}, mapping={"c": {"NA": 7}})
    assert result.features[0].tolist()[0] == 7.0
    assert reasons(result) == [(1, "c", "missing-value")]


@pytest.mark.parametrize(
    "cells",
    [
        pa.array([1, 3, None]),
        pa.array([1.0, 3.0, float("nan")]),
        pa.array(["1", "3", None]).dictionary_encode(),
    ],
)
def test_parquet_numbers_are_looked_up_by_their_digits(cells: pa.Array) -> None:
    result = aligned([column("Pclass")], {"Pclass": cells}, mapping={"Pclass": {"1": 10, "3": 30}})
    assert result.features[0].tolist()[:2] == [10.0, 30.0]
    assert reasons(result) == [(2, "Pclass", "missing-value")]


def test_parquet_booleans_are_looked_up_in_either_case() -> None:
    for texts in ({"true": 1, "false": 0}, {"True": 1, "False": 0}):
        result = aligned([column("c")], {"c": pa.array([True, False])}, mapping={"c": texts})
        assert result.features[0].tolist() == [1.0, 0.0]


def test_unknown_allow_invents_no_value_for_a_text_that_the_map_lacks() -> None:
    result = aligned(
        [category("Sex", 0, 1)],
        {"Sex": ["male", "female", "x"]},
        mapping=SEX,
        unknown={"*": "allow"},
    )
    assert reasons(result) == [(2, "Sex", "unknown-category")]
    assert result.counts.unknown == {"Sex": Counter({"x": 1})}


def test_a_mapped_column_is_kept_as_it_was() -> None:
    assert aligned([column("Sex")], {"Sex": ["male"]}, mapping=SEX).typed == {}
