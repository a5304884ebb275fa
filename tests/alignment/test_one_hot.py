from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from tests.alignment.planning import aligned, category, column, plan, reasons
from titanic_batch.errors import DataError, UsageError
from titanic_batch.schema import OneHotSource

SEX = [column("Sex_female"), column("Sex_male")]
PORTS = [column("Embarked_C"), column("Embarked_Q"), column("Embarked_S")]
ALL_PORTS = OneHotSource(name="Embarked", categories=("C", "Q", "S"))


def matrix(result: Any) -> list[list[Any]]:
    """Return what the model is fed, row by row."""
    return [list(row) for row in zip(*(values.tolist() for values in result.features), strict=True)]


@pytest.mark.parametrize("ports", [PORTS, PORTS[::-1]])
def test_raw_text_is_one_hot_fed_as_get_dummies_would_in_the_models_order(ports: Any) -> None:
    raw = ["S", "C", None, "Q", "S"]
    result = aligned(ports, {"Embarked": raw})
    dummies = pd.get_dummies(pd.DataFrame({"Embarked": raw}))[[port.name for port in ports]]
    assert matrix(result) == dummies.to_numpy(float).tolist()
    assert reasons(result) == []


def test_a_null_is_all_zeros_and_counted() -> None:
    result = aligned(PORTS, {"Embarked": [None, "C"]})
    assert matrix(result)[0] == [0.0, 0.0, 0.0]
    assert result.counts.nulls == Counter(
        dict.fromkeys(("Embarked_C", "Embarked_Q", "Embarked_S"), 1)
    )


@pytest.mark.parametrize("cells", [[None, None], pa.nulls(2), pa.array([float("nan"), None])])
def test_a_column_of_nothing_but_nulls_is_all_zeros(cells: Any) -> None:
    assert matrix(aligned(PORTS, {"Embarked": cells})) == [[0.0, 0.0, 0.0]] * 2


def test_a_null_token_is_a_null() -> None:
    result = aligned(PORTS, {"Embarked": ["?", "S"]}, null_tokens=("?",))
    assert matrix(result) == [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    assert result.counts.nulls["Embarked_S"] == 1


def test_the_column_that_dummy_na_made_is_one_for_a_null() -> None:
    raw = ["S", None, "C"]
    wanted = pd.get_dummies(pd.DataFrame({"Embarked": raw}), dummy_na=True)
    assert list(wanted) == ["Embarked_C", "Embarked_S", "Embarked_nan"]
    result = aligned([column(str(name)) for name in wanted], {"Embarked": raw})
    assert matrix(result) == wanted.to_numpy(float).tolist()


def test_a_value_without_a_column_is_one_unknown_category() -> None:
    result = aligned(PORTS, {"Embarked": ["S", "X", "NA", "s", " S"]})
    assert reasons(result) == [(row, "Embarked", "unknown-category") for row in (1, 2, 3, 4)]
    assert result.counts.unknown == {"Embarked": Counter({"X": 1, "NA": 1, "s": 1, " S": 1})}


@pytest.mark.parametrize("named", ["Embarked", "*"])
def test_an_unknown_value_that_is_allowed_is_all_zeros_and_counted(named: str) -> None:
    result = aligned(PORTS, {"Embarked": ["S", "X"]}, unknown={named: "allow"})
    assert matrix(result) == [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    assert result.counts.unknown == {"Embarked": Counter({"X": 1})}


def test_the_baseline_that_drop_first_hides_is_unknown_until_it_is_learned() -> None:
    ports = PORTS[1:]
    hidden = aligned(ports, {"Embarked": ["C", "S"]})
    assert reasons(hidden) == [(0, "Embarked", "unknown-category")]
    learned = aligned(ports, {"Embarked": ["C", "S", "X"]}, one_hot=(ALL_PORTS,))
    assert matrix(learned)[:2] == [[0.0, 0.0], [0.0, 1.0]]
    assert reasons(learned) == [(2, "Embarked", "unknown-category")]


def test_a_single_column_is_one_hot_fed() -> None:
    result = aligned(SEX[1:], {"Sex": ["male", "female"]})
    assert reasons(result) == [(1, "Sex", "unknown-category")]
    assert matrix(result)[0] == [1.0]


@pytest.mark.parametrize(
    ("kind", "dtype"), [("number", "float64"), ("integer", "int64"), ("boolean", "bool")]
)
def test_each_kind_of_dummy_gets_its_own_type(kind: Any, dtype: str) -> None:
    ports = [column(f"Embarked_{port}", kind) for port in "CS"]
    result = aligned(ports, {"Embarked": ["S", None]})
    assert [str(values.dtype) for values in result.features] == [dtype, dtype]
    assert matrix(result) == [[0, 1], [0, 0]]


@pytest.mark.parametrize(
    "cells",
    [
        pa.array(["S", "C", None]).dictionary_encode(),
        pa.array(["S", "C", None], pa.large_string()),
    ],
)
def test_every_arrow_type_of_text_is_one_hot_fed(cells: pa.Array) -> None:
    assert matrix(aligned(PORTS, {"Embarked": cells})) == [[0, 0, 1], [1, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    "cells", [["1", "3"], pa.array([1, 3]), pa.array([1.0, 3.0]), pa.array([1, 3], pa.uint8())]
)
def test_dummies_of_whole_numbers_are_fed_from_numbers(cells: Any) -> None:
    classes = [column(f"Pclass_{number}") for number in (1, 2, 3)]
    assert matrix(aligned(classes, {"Pclass": cells})) == [[1, 0, 0], [0, 0, 1]]


def test_dummies_of_booleans_are_fed_from_booleans() -> None:
    alone = [column("Alone_False"), column("Alone_True")]
    for cells in (["True", "False"], pa.array([True, False])):
        assert matrix(aligned(alone, {"Alone": cells})) == [[0, 1], [1, 0]]


def test_the_raw_columns_name_matches_like_any_other() -> None:
    assert matrix(aligned(PORTS, {"EMBARKED": ["S"]})) == [[0, 0, 1]]
    assert matrix(aligned(PORTS, {"port": ["S"]}, rename={"port": "Embarked"})) == [[0, 0, 1]]


def test_the_longest_raw_name_is_taken() -> None:
    columns = [column("Cabin_A"), column("Cabin_Deck_A")]
    made = plan(columns, ["Cabin", "Cabin_Deck"])
    assert [
        (column_mapping.source, column_mapping.one_hot) for column_mapping in made.column_mappings
    ] == [
        ("Cabin", "A"),
        ("Cabin_Deck", "A"),
    ]


@pytest.mark.parametrize("raw", ["Cabin_Deck", "cabin deck"])
def test_what_is_made_from_a_longer_raw_name_is_no_value_of_the_shorter(raw: str) -> None:
    columns = [column(f"Cabin_{name}") for name in ("A", "B", "Deck_A", "Deck_B")]
    result = aligned(columns, {"Cabin": ["A", "Deck_A", "B"], raw: ["A", "B", "B"]})
    assert reasons(result) == [(1, "Cabin", "unknown-category")]
    assert matrix(result)[2] == [0, 1, 0, 1]


def test_a_value_may_hold_an_underscore() -> None:
    columns = [column("Deck_lower"), column("Deck_lower_aft")]
    result = aligned(columns, {"Deck": ["lower_aft", "lower"]})
    assert matrix(result) == [[0.0, 1.0], [1.0, 0.0]]


def test_a_column_that_the_model_takes_itself_is_behind_no_other() -> None:
    with pytest.raises(DataError, match="missing column of the model: Fare_log"):
        plan([column("Fare"), column("Fare_log")], ["Fare"])


def test_a_category_with_an_underscore_is_no_dummy() -> None:
    with pytest.raises(DataError, match="missing column of the model: Sex_code"):
        plan([category("Sex_code", "f", "m")], ["Sex"])


@pytest.mark.parametrize(
    "cells",
    [
        ["True", "False"],
        ["true", "FALSE"],
        ["1", "0"],
        ["1.0", "0.0"],
        pa.array([True, False]),
        pa.array([1, 0], pa.uint8()),
        pa.array([1.0, 0.0]),
    ],
)
@pytest.mark.parametrize("kind", ["number", "boolean"])
def test_a_file_that_has_the_columns_already_is_used_as_it_is(cells: Any, kind: Any) -> None:
    if kind == "boolean" and cells == ["1.0", "0.0"]:
        cells = ["1", "0"]  # a boolean's text is not a float's
    sex = [column("Sex_female", kind), column("Sex_male", kind)]
    result = aligned(sex, {"Sex": ["x", "x"], "Sex_female": cells, "Sex_male": cells})
    assert reasons(result) == []
    assert matrix(result) == [[1, 1], [0, 0]]


def test_true_is_no_number_outside_of_dummies() -> None:
    assert reasons(aligned([column("Age")], {"Age": ["True"]})) == [(0, "Age", "not-a-number")]


def test_text_in_a_dummy_column_is_no_number() -> None:
    result = aligned(SEX, {"Sex_female": ["True", "x"], "Sex_male": ["0", "0"]})
    assert reasons(result) == [(1, "Sex_female", "not-a-number")]


def test_a_fill_of_the_raw_column_fills_before_the_derivation() -> None:
    result = aligned(PORTS, {"Embarked": [None, "C"]}, fill={"Embarked": "S"})
    assert matrix(result) == [[0, 0, 1], [1, 0, 0]]
    assert result.counts.filled == Counter(dict.fromkeys((port.name for port in PORTS), 1))


def test_a_fill_of_the_raw_column_must_be_a_value_that_the_model_knows() -> None:
    with pytest.raises(UsageError, match=r"--fill Embarked=X: .* categories are: C, Q, S"):
        plan(PORTS, ["Embarked"], fill={"Embarked": "X"})
    learned = aligned(PORTS[1:], {"Embarked": [None]}, one_hot=(ALL_PORTS,), fill={"Embarked": "C"})
    assert matrix(learned) == [[0, 0]]


def test_a_fill_of_one_dummy_column_fills_that_column() -> None:
    result = aligned(PORTS, {"Embarked": [None, "C"]}, fill={"Embarked_S": "1"})
    assert matrix(result) == [[0, 0, 1], [1, 0, 0]]
    with pytest.raises(UsageError, match=r"--fill Embarked_S=0\.5"):
        plan(PORTS, ["Embarked"], fill={"Embarked_S": "0.5"})


DECKS = [column(f"Deck_{value}") for value in ("A", "B", "hi_n", "hi_y")]
ALL_DECKS = (
    OneHotSource(name="Deck", categories=("A", "B")),
    OneHotSource(name="Deck_hi", categories=("n", "y")),
)


@pytest.mark.parametrize("one_hot", [(), ALL_DECKS], ids=["by name", "learned"])
def test_a_missing_raw_column_is_not_found_in_a_shorter_name(one_hot: Any) -> None:
    with pytest.raises(
        DataError, match=r"missing 2 columns of the model: Deck_hi_n .*; Deck_hi_y "
    ):
        plan(DECKS, ["Deck"], one_hot=one_hot)
    both = {"Deck": ["A", "B"], "Deck_hi": ["y", "n"]}
    assert matrix(aligned(DECKS, both, one_hot=one_hot)) == [[1, 0, 0, 1], [0, 1, 1, 0]]


def test_what_training_data_did_not_show_is_one_hot_fed_from_nothing() -> None:
    columns = [*PORTS, column("Cabin_missing")]
    with pytest.raises(DataError, match="missing column of the model: Cabin_missing"):
        plan(columns, ["Embarked", "Cabin"], one_hot=(ALL_PORTS,))


def test_a_column_that_held_other_numbers_in_training_is_no_dummy() -> None:
    length = replace(column("Name_length"), quantiles=tuple(float(n) for n in range(11)))
    with pytest.raises(DataError, match="missing column of the model: Name_length"):
        plan([length], ["Name"])
    flag = replace(column("Name_long"), quantiles=(0.0,) * 5 + (1.0,) * 6)
    assert plan([flag], ["Name"]).column_mappings[0].one_hot == "long"


def test_a_null_is_no_zero_where_only_one_value_is_known() -> None:
    alone, nulls = [column("Cabin_missing")], {"Cabin": [None, "missing"]}
    assert reasons(aligned(alone, nulls)) == [(0, "Cabin", "missing-value")]
    for name in ("Cabin", "Cabin_missing"):
        assert matrix(aligned(alone, nulls, allow_null=(name,))) == [[0], [1]]
    assert matrix(aligned(alone, nulls, fill={"Cabin": "missing"})) == [[1], [1]]
    learned = OneHotSource(name="Cabin", categories=("missing", "there"))
    assert matrix(aligned(alone, nulls, one_hot=(learned,))) == [[0], [1]]
