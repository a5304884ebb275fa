"""A schema that somebody wrote by hand is refused in one sentence, wherever it is kept."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from titanic_batch.errors import ModelError
from titanic_batch.models.sidecar import read_sidecar, sidecar_path
from titanic_batch.schema import ColumnSchema, TrainingSchema, schema_from_json, schema_to_json

HASH = "ab" * 32


def document(**changed: Any) -> dict[str, Any]:
    column = ColumnSchema(name="a", kind="category", categories=("x", "y"))
    whole = schema_to_json(TrainingSchema(columns=(column,)))
    return {**whole, "columns": [{**whole["columns"][0], **changed}]}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"name": "\udcff"}, "not Unicode text"),
        ({"categories": ["\ud800"]}, "not Unicode text"),
        ({"fill": 10**250}, "beyond 64 bits"),
        ({"fill": -(1 << 64)}, "beyond 64 bits"),
        ({"minimum": 10**400}, "beyond 64 bits"),
    ],
)
def test_what_no_column_can_hold_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelError, match=says):
        schema_from_json(document(**changed), where="m")
    assert (
        schema_from_json(document(fill=(1 << 64) - 1), where="m").columns[0].fill == (1 << 64) - 1
    )


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"a":' * 200_000,
        '{"schema_version": 1' + "0" * 5000 + "}",
        json.dumps({"schema_version": 1, "sha256": HASH, "schema": document(name="\udcff")}),
    ],
    ids=["lists", "objects", "number", "surrogate"],
)
def test_a_sidecar_of_it_is_damaged(text: str, tmp_path: Path) -> None:
    model = tmp_path / "model.pkl"
    sidecar_path(model).write_text(text)
    with pytest.raises(ModelError):
        read_sidecar(model, HASH)


def test_a_pipe_is_no_sidecar(tmp_path: Path) -> None:
    os.mkfifo(sidecar_path(tmp_path / "model.pkl"))
    with pytest.raises(ModelError, match="not a regular file"):
        read_sidecar(tmp_path / "model.pkl", HASH)
