from __future__ import annotations

import pytest

from titanic_batch.errors import UsageError
from titanic_batch.schema import ColumnSchema, TrainingSchema
from titanic_batch.training.schema_edits import SchemaEdits, edit_schema


def test_edits_change_their_columns_and_no_others(schema: TrainingSchema) -> None:
    edited = edit_schema(
        schema,
        SchemaEdits(
            sources={"Sex": "gender"},
            fills={"Age": "28", "Pclass": "3"},
            nulls=["Sex"],
            mappings={"Sex": {"m": "male", "f": "female"}, "Pclass": {"first": "1"}},
            labels={"1": "survived"},
        ),
    )
    sex, age, pclass = edited.columns
    assert (sex.source, sex.accepts_null) == ("gender", True)
    assert sex.mapping == (("m", "male"), ("f", "female"))
    assert (age.fill, type(age.fill)) == (28.0, float)
    assert (pclass.fill, pclass.mapping) == (3, (("first", 1),))
    assert not age.accepts_null
    assert edited.labels == {"1": "survived"}
    assert edit_schema(schema, SchemaEdits()) == schema


def test_values_of_a_category_take_its_own_type() -> None:
    column = ColumnSchema(name="Pclass", kind="category", categories=(1, 2, 3))
    schema = TrainingSchema(columns=(column,))
    assert edit_schema(schema, SchemaEdits(fills={"Pclass": "3"})).columns[0].fill == 3


def test_booleans_are_read() -> None:
    schema = TrainingSchema(columns=(ColumnSchema(name="Alone", kind="boolean"),))
    assert edit_schema(schema, SchemaEdits(fills={"Alone": "True"})).columns[0].fill is True


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        (SchemaEdits(fills={"age": "28"}), "--fill: the model has no column age"),
        (SchemaEdits(sources={"X": "Y"}), "--rename: the model has no column X"),
        (SchemaEdits(nulls=["X"]), "--allow-null: the model has no column X"),
        (SchemaEdits(mappings={"X": {"a": "1"}}), "--map: the model has no column X"),
        (SchemaEdits(fills={"Age": "old"}), "--fill Age: 'old' is no number"),
        (SchemaEdits(fills={"Age": "nan"}), "--fill Age: 'nan' is no number"),
        (SchemaEdits(fills={"Pclass": "2.5"}), "--fill Pclass: '2.5' is no integer"),
        (SchemaEdits(fills={"Sex": "x"}), "'x' is none of its categories (female, male)"),
        (SchemaEdits(mappings={"Sex": {"m": "x"}}), "--map Sex: 'x' is none"),
        (SchemaEdits(labels={"2": "x"}), "--label: the model has no label 2"),
    ],
)
def test_what_does_not_fit_is_wrong_usage(
    edits: SchemaEdits, says: str, schema: TrainingSchema
) -> None:
    with pytest.raises(UsageError) as caught:
        edit_schema(schema, edits)
    assert says in str(caught.value)
