from __future__ import annotations

import pytest

from tests.alignment.planning import column, plan
from titanic_batch.alignment.names import Names, find_source, nearest, normalised, prefixes
from titanic_batch.errors import DataError


def sources(wanted: list[str], inputs: list[str]) -> dict[str, tuple[str, str]]:
    made = plan([column(name) for name in wanted], inputs)
    return {
        column_mapping.column.name: (column_mapping.source, column_mapping.action)
        for column_mapping in made.column_mappings
    }


def test_the_exact_name_wins_over_one_that_is_alike() -> None:
    assert sources(["SibSp"], ["sibsp", "sib_sp", "SibSp"]) == {"SibSp": ("SibSp", "as-is")}


@pytest.mark.parametrize("written", ["sibsp", "SIBSP", "sib_sp", "Sib Sp", " sib  sp ", "SIB_SP_"])
def test_case_spaces_and_underscores_do_not_matter_where_one_column_is_alike(written: str) -> None:
    assert sources(["SibSp"], ["Age", written]) == {"SibSp": (written, "renamed")}


def test_columns_are_fed_in_the_models_order_whatever_the_files() -> None:
    wanted = ["Pclass", "Age", "Fare"]
    assert list(sources(wanted, ["Fare", "age", "Name", "Pclass"])) == wanted


def test_two_columns_that_are_alike_are_an_error_that_names_both() -> None:
    with pytest.raises(DataError) as caught:
        sources(["SibSp"], ["sib_sp", "SIBSP", "Age"])
    assert "SibSp (nearest: sib_sp, SIBSP)" in str(caught.value)
    assert caught.value.hint == "The input has: sib_sp, SIBSP, Age."


def test_a_column_that_is_alike_to_two_of_the_models_feeds_neither() -> None:
    with pytest.raises(DataError, match=r"2 columns of the model: SibSp .*; Sib_Sp"):
        sources(["SibSp", "Sib_Sp"], ["sibsp"])


def test_one_of_two_alike_model_columns_is_found_where_the_other_is_there_exactly() -> None:
    found = sources(["SibSp", "Sib_Sp"], ["SibSp", "sib sp"])
    assert found == {"SibSp": ("SibSp", "as-is"), "Sib_Sp": ("sib sp", "renamed")}


def test_a_models_own_column_feeds_no_other_that_is_alike() -> None:
    with pytest.raises(DataError, match="missing column of the model: Sib_Sp"):
        sources(["SibSp", "Sib_Sp"], ["SibSp"])


def test_all_missing_columns_are_listed_with_the_nearest_names() -> None:
    with pytest.raises(DataError) as caught:
        sources(["Age", "Fare", "Embarked"], ["Ages", "Embarkd", "Ticket_no"])
    text = str(caught.value)
    assert text.startswith("in.csv: missing 3 columns of the model: ")
    assert "Age (nearest: Ages" in text
    assert "Embarked (nearest: Embarkd" in text
    assert "; Fare" in text


def test_a_missing_column_without_a_near_name_shows_what_the_input_has() -> None:
    with pytest.raises(DataError, match="The input has: qqq, zzz"):
        sources(["Age"], ["qqq", "zzz"])


def test_the_first_of_two_alike_names_is_the_nearest_spelling() -> None:
    assert nearest("age", ["AGE", "Age"]) == ["AGE"]
    assert normalised(" Sib_Sp ") == "sibsp"
    assert find_source("Age", Names(["AGE"]), taken=Names(["AGE"])) is None
    assert list(prefixes("Cabin_Deck_A")) == ["Cabin_Deck", "Cabin"]
    assert list(prefixes("Age")) == []


def test_a_name_in_another_unicode_form_is_said_to_be_that() -> None:
    given, wanted = "Gro\u0308\u00dfe", "Gr\u00f6\u00dfe"
    with pytest.raises(DataError) as caught:
        sources([wanted], [given])
    assert f"{wanted} (nearest: {given}" in str(caught.value)
    assert "the same in another Unicode form" in str(caught.value)
