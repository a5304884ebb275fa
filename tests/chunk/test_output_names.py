"""Names that are advised for what is added to an output: the output has none of them yet."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest

from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.chunk.output import OutputPlan, plan_output
from titanic_batch.errors import UsageError
from titanic_batch.predict.base import ModelInfo


def planned(
    kept: list[str], classes: tuple[str, ...], prediction: str, probability: str
) -> OutputPlan:
    return plan_output(
        pa.schema([(name, pa.string()) for name in kept]),
        AlignmentPlan(column_mappings=(), dropped=(), named=True),
        ModelInfo(classes=classes, has_probability=True, label_type=pa.string()),
        keep="all",
        output_format="csv",
        prediction_column=prediction,
        probability_column=probability,
    )


@pytest.mark.parametrize("classes", [("a", "b"), ("a", "b", "c")])
@pytest.mark.parametrize(
    "kept", [[], ["model_probability"], ["prediction", "model_prediction"], ["probability_b"]]
)
@pytest.mark.parametrize(
    "chosen",
    [
        ("prediction", "probability"),
        ("probability", "probability"),
        ("probability_a", "probability"),
        ("prediction", "prediction"),
        ("model_probability_c", "model_probability"),
    ],
)
def test_the_names_that_are_advised_are_free(
    classes: tuple[str, ...], kept: list[str], chosen: tuple[str, str]
) -> None:
    try:
        planned(kept, classes, *chosen)
    except UsageError as exc:
        advised = dict(re.findall(r"--(\w+)-column (\S+)", exc.hint))
        assert advised
        other = advised.get("prediction", chosen[0]), advised.get("probability", chosen[1])
        planned(kept, classes, *other)
