"""What is read without pydantic is what pydantic reads, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from titanic_batch.schema import ColumnSchema, OneHotSource, ScoreProfile, TrainingSchema
from titanic_batch.schema.plain_documents import NotPlainError, read_plain
from titanic_batch.schema.training_schema import schema_to_json

FULL = schema_to_json(
    TrainingSchema(
        columns=(
            ColumnSchema(
                name="a",
                kind="category",
                dtype="object",
                exact=True,
                null="None",
                null_tokens=("NA",),
                categories=("x", 2, 2.5, True),
                fill=3,
                mapping=(("m", 1), ("n", 0.5)),
                minimum=1,
                quantiles=(0.0, 1.5),
            ),
        ),
        classes=(0, 1),
        labels={"0": "died"},
        metrics={"auc": 1},
        score=ScoreProfile(shares=(0.5, 0.5), edges=(1.0,)),
        one_hot=(OneHotSource(name="s", categories=("u", "v")),),
    )
)
ODD: Any = [None, True, 3, -0.0, 2**60, float("nan"), "1", "x", "None", [], [1], {}]


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = node.items() if isinstance(node, dict) else enumerate(node)
    found = [path]
    for key, value in inside if isinstance(node, dict | list) else ():
        found += places(value, (*path, key)) if isinstance(value, dict | list) else [(*path, key)]
    return found


def changed(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = changed(copy[path[0]], path[1:], value)
    return copy


def test_a_schema_of_ours_is_read_without_pydantic() -> None:
    assert schema_to_json(read_plain(TrainingSchema, FULL)) == FULL


@settings(max_examples=150, deadline=None)
@given(path=st.sampled_from(places(FULL)), value=st.sampled_from(ODD))
def test_what_is_read_is_what_pydantic_reads(path: tuple[Any, ...], value: Any) -> None:
    document = changed(FULL, path, value)
    try:
        wanted: Any = TypeAdapter(TrainingSchema).validate_python(document)
    except ValidationError:
        with pytest.raises(NotPlainError):
            read_plain(TrainingSchema, document)
        return
    try:
        found = read_plain(TrainingSchema, document)
    except NotPlainError:
        return  # it is pydantic's
    assert repr(found) == repr(wanted)


@pytest.mark.parametrize("document", [None, [], {}, {**FULL, "more": 1}, {"columns": [{}]}])
def test_what_is_no_such_document_is_not_read(document: object) -> None:
    with pytest.raises(NotPlainError):
        read_plain(TrainingSchema, document)
