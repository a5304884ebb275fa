from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from tests.alignment.planning import category, column, plan
from titanic_batch.errors import DataError, UsageError

AGE, FARE = column("Age"), column("Fare")
SEX = category("Sex", "female", "male")
DUMMIES = [column("Sex_female"), column("Sex_male")]


def only_mapping(*args: Any, **options: Any) -> Any:
    (column_mapping,) = plan(*args, **options).column_mappings
    return column_mapping


def test_columns_that_feed_nothing_are_dropped_and_said_so() -> None:
    assert plan([AGE], ["Name", "age", "Ticket"]).dropped == ("Name", "Ticket")


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (pa.float64(), "as-is"),
        (pa.int64(), "cast"),
        (pa.float32(), "cast"),
        (pa.decimal128(9, 2), "cast"),
        (pa.bool_(), "cast"),
        (pa.string(), "cast"),
        (pa.dictionary(pa.int8(), pa.string()), "cast"),
    ],
)
def test_a_parquet_column_of_another_type_is_reported_as_cast(
    kind: pa.DataType, action: str
) -> None:
    assert only_mapping([AGE], pa.schema([("Age", kind)])).action == action


@pytest.mark.parametrize(
    "kind",
    [
        pa.timestamp("us"),
        pa.date32(),
        pa.time64("us"),
        pa.duration("s"),
        pa.binary(),
        pa.binary(4),
        pa.large_binary(),
        pa.list_(pa.int64()),
        pa.struct([("x", pa.int64())]),
        pa.map_(pa.string(), pa.int64()),
        pa.dictionary(pa.int8(), pa.binary()),
    ],
)
@pytest.mark.parametrize("wanted", [AGE, SEX, column("Age", "text"), column("Age", "boolean")])
def test_dates_nested_and_binary_columns_feed_nothing(kind: pa.DataType, wanted: Any) -> None:
    with pytest.raises(DataError, match=f"column {wanted.name} is .*, but the model expects"):
        plan([wanted], pa.schema([(wanted.name, kind)]))


def test_every_column_of_a_wrong_type_is_named_at_once() -> None:
    inputs = pa.schema([("Age", pa.date32()), ("Fare", pa.timestamp("s"))])
    with pytest.raises(DataError, match=r"column Age is date32.*; column Fare is timestamp"):
        plan([AGE, FARE], inputs)


def test_a_date_that_feeds_nothing_does_no_harm() -> None:
    assert plan([AGE], pa.schema([("Age", pa.float64()), ("Day", pa.date32())])).dropped == ("Day",)


def test_a_rename_wins_over_the_column_of_that_name() -> None:
    made = plan([AGE], ["Age", "years"], rename={"years": "Age"})
    assert (made.column_mappings[0].source, made.column_mappings[0].action) == ("years", "renamed")
    assert made.dropped == ("Age",)


def test_two_columns_can_change_names() -> None:
    made = plan([AGE, FARE], ["Age", "Fare"], rename={"Age": "Fare", "Fare": "Age"})
    assert [column_mapping.source for column_mapping in made.column_mappings] == ["Fare", "Age"]


def test_a_renamed_column_is_no_more_there_under_its_old_name() -> None:
    with pytest.raises(DataError, match="missing column of the model: Age"):
        plan([AGE, FARE], ["Age", "x"], rename={"Age": "Fare"})


def test_a_rename_can_name_the_raw_column_behind_one_hot_columns() -> None:
    made = plan(DUMMIES, ["gender"], rename={"gender": "Sex"})
    assert {
        (column_mapping.source, column_mapping.action) for column_mapping in made.column_mappings
    } == {("gender", "one-hot")}


def test_the_schema_knows_an_input_column_by_another_name() -> None:
    column_mapping = only_mapping([column("Age", source="years")], ["Age", "years"])
    assert (column_mapping.source, column_mapping.action) == ("years", "renamed")
    assert only_mapping([column("Age", source="years")], ["age"]).source == "age"


def test_the_schemas_own_fill_mapping_and_null_hold_and_options_go_before_them() -> None:
    kept = column("Age", fill=28.0, mapping=(("old", 70),), accepts_null=True)
    column_mapping = only_mapping([kept], ["Age"])
    assert (column_mapping.fill, column_mapping.mapping, column_mapping.accepts_null) == (
        28.0,
        {"old": 70.0},
        True,
    )
    column_mapping = only_mapping(
        [kept], ["Age"], fill={"Age": "30"}, mapping={"Age": {"young": "7"}}
    )
    assert (column_mapping.fill, column_mapping.mapping) == (30.0, {"young": 7.0})


def test_values_on_the_command_line_get_the_columns_type() -> None:
    assert only_mapping([column("P", "integer")], ["P"], fill={"P": "3"}).fill == 3
    assert only_mapping([column("P", "boolean")], ["P"], fill={"P": "True"}).fill is True
    assert only_mapping([column("P", "text")], ["P"], fill={"P": "3"}).fill == "3"
    assert only_mapping([category("P", 1, 2, 3)], ["P"], fill={"P": "3.0"}).fill == 3
    assert only_mapping([SEX], ["Sex"], mapping={"Sex": {"m": "male"}}).mapping == {"m": "male"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fill": {"Agee": 1}}, "--fill Agee: there is no such column.* Did you mean Age"),
        ({"fill": {"Age": "abc"}}, "--fill Age=abc: that is no number"),
        ({"fill": {"Age": "nan"}}, "--fill Age=nan: that is no number"),
        ({"fill": {"Age": "inf"}}, "--fill Age=inf: that is no number"),
        ({"fill": {"Age": "null"}}, "--fill Age=null: that is no number"),
        ({"fill": {"Sex": "mail"}}, "Its categories are: female, male"),
        ({"fill": {"Pclass": "2.5"}}, "--fill Pclass=2.5: that is no integer"),
        ({"fill": {"Parch": "1e19"}}, "--fill Parch=1e19: that is no integer"),
        ({"allow_null": frozenset({"Cabin"})}, "--allow-null Cabin: there is no such column"),
        ({"mapping": {"Sexx": {"m": 1}}}, "--map Sexx: there is no such column.*Did you mean Sex"),
        ({"mapping": {"Age": {"old": "x"}}}, "--map Age=x: that is no number"),
        ({"mapping": {"Sex": {"m": "man"}}}, "--map Sex=man: that is no category"),
        ({"unknown": {"Sexx": "allow"}}, "--unknown Sexx: there is no such column"),
        ({"unknown": {"Sex": "maybe"}}, "--unknown Sex=maybe: .* neither allow nor reject"),
        ({"unknown": {"*": "yes"}}, r"--unknown \*=yes: .* neither allow nor reject"),
        ({"rename": {"years": "Age"}}, "--rename years: .* must be a column of the input"),
        ({"rename": {"Age": "Years"}}, "--rename Years: .* must be a column of the model"),
        ({"rename": {"Age": "Fare", "Sex": "Fare"}}, "--rename feeds Fare from Age and Sex"),
    ],
)
def test_an_option_that_fits_nothing_is_a_usage_error_with_its_cure(
    options: dict[str, Any], message: str
) -> None:
    columns = [AGE, FARE, SEX, column("Pclass", "integer"), column("Parch", "integer")]
    inputs = ["Age", "Fare", "Sex", "Pclass", "Parch"]
    with pytest.raises(UsageError, match=message):
        plan(columns, inputs, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"fill": {"passenger": 3}},
        {"allow_null": frozenset({"passenger"})},
        {"rename": {"x": "passenger"}},
    ],
)
def test_an_option_for_the_first_half_of_a_name_is_refused_where_nothing_is_one_hot(
    options: dict[str, Any],
) -> None:
    with pytest.raises(UsageError, match="passenger: there is no such column"):
        plan([column("passenger_class")], ["passenger_class", "x"], **options)


def test_a_raw_column_behind_one_hot_columns_cannot_be_mapped() -> None:
    with pytest.raises(UsageError, match="--map Sex: there is no such column"):
        plan(DUMMIES, ["Sex"], mapping={"Sex": {"m": "male"}})


def test_fill_does_not_stand_for_an_absent_column() -> None:
    with pytest.raises(DataError, match="missing column of the model: Age"):
        plan([AGE, FARE], ["Fare"], fill={"Age": 28})


def test_unknown_for_all_columns_gives_way_to_one_for_a_single_column() -> None:
    columns = [SEX, category("Embarked", "C", "Q", "S")]
    made = plan(columns, ["Sex", "Embarked"], unknown={"*": "allow", "Sex": "reject"})
    assert [column_mapping.accepts_unknown for column_mapping in made.column_mappings] == [
        False,
        True,
    ]


def test_unknown_reject_holds_against_an_encoder_that_has_a_place_for_it() -> None:
    sex = category("Sex", "female", "male", accepts_unknown=True)
    assert only_mapping([sex], ["Sex"]).accepts_unknown
    assert not only_mapping([sex], ["Sex"], unknown={"Sex": "reject"}).accepts_unknown
