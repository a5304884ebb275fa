"""Plans as files: the same plan is the same bytes; what is damaged or lies is refused."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from tests.predict.compiled.models import Compiled, compiled, merged_plan, passengers, targets
from tests.predict.compiled.test_coverage import NUMBER_STEPS, TEXT_STEPS, pipeline
from titanic_batch.predict.compiled.plan_file import (
    PlanFileError,
    plan_from_bytes,
    plan_to_bytes,
)
from titanic_batch.predict.compiled.predictor import run_plan

FRAME = passengers(300)
LASTS: dict[str, tuple[Any, int]] = {
    "linear": (LogisticRegression(max_iter=300), 3),
    "forest": (RandomForestClassifier(4, max_depth=5, random_state=0), 2),
    "boosting": (GradientBoostingClassifier(n_estimators=3, random_state=0), 3),
}


def one(name: str) -> Compiled:
    last, classes = LASTS[name]
    model = pipeline(NUMBER_STEPS["standard"], TEXT_STEPS["filled"], last)
    return compiled(model.fit(FRAME, targets(FRAME, classes)))


FILES = {name: plan_to_bytes(merged_plan(one(name).plan), "p") for name in LASTS}


@pytest.mark.parametrize("name", LASTS)
def test_a_plan_comes_back_and_predicts_the_same(name: str) -> None:
    model = one(name)
    columns = model.columns(passengers(200, 7))
    read = plan_from_bytes(FILES[name], "p")
    found, wanted = run_plan(read, columns), run_plan(model.plan, columns)
    assert found.labels.tolist() == wanted.labels.tolist()
    assert found.probabilities is not None
    assert wanted.probabilities is not None
    assert found.probabilities.tobytes() == wanted.probabilities.tobytes()
    assert plan_to_bytes(read, "p") == FILES[name]


def test_the_same_plan_is_the_same_bytes_at_another_time() -> None:
    before = plan_to_bytes(one("linear").plan, "p")
    time.sleep(2.1)  # what zip archives tell times by
    assert plan_to_bytes(one("linear").plan, "p") == before


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_plan_is_refused_or_unchanged(data: st.DataObject) -> None:
    file = bytearray(FILES[data.draw(st.sampled_from(sorted(FILES)))])
    if data.draw(st.booleans()):
        file = file[: data.draw(st.integers(0, len(file) - 1))]
    else:
        at = data.draw(st.integers(0, len(file) - 1))
        file[at] ^= data.draw(st.integers(1, 255))
    try:
        plan = plan_from_bytes(bytes(file), "p")
    except PlanFileError:
        return
    assert plan_to_bytes(plan, "p") in FILES.values()


def changed(name: str, change: Any) -> bytes:
    """Return a plan's file in which something is changed, and the rest is as it was."""
    with np.load(io.BytesIO(FILES[name])) as arrays:
        loaded = {key: arrays[key] for key in arrays.files}
    header = json.loads(loaded["header"].tobytes())
    change(header, loaded)
    loaded["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    file = io.BytesIO()
    np.savez(file, **loaded)
    return file.getvalue()


LIES: dict[str, tuple[str, Any]] = {
    "another format": ("linear", lambda header, _: header.update(format=2)),
    "another model's": ("linear", lambda header, _: header.update(name="q")),
    "an input too far": (
        "linear",
        lambda header, _: header["linear"]["terms"][0].__setitem__(0, 99),
    ),
    "an input before the first": (
        "linear",
        lambda header, _: header["linear"]["terms"][0].__setitem__(0, -1),
    ),
    "a column too far": ("linear", lambda header, _: header["inputs"][0].update(column=99)),
    "a step that is none": (
        "linear",
        lambda header, _: header["linear"]["terms"][0].__setitem__(1, [["exec", 1.0]]),
    ),
    "a step with too few numbers": (
        "linear",
        lambda header, _: header["linear"]["terms"][0].__setitem__(1, [["sub"]]),
    ),
    "a number that is none": (
        "linear",
        lambda header, _: header["linear"]["terms"][0].__setitem__(1, [["sub", "1"]]),
    ),
    "classes too few": ("linear", lambda header, _: header.update(classes=[0])),
    "classes that are objects": ("linear", lambda header, _: header.update(class_type="|V8")),
    "a link that is none": ("linear", lambda header, _: header.update(link="cosine")),
    "weights too few": (
        "linear",
        lambda header, arrays: arrays.update({header["linear"]["terms"][0][2]: np.zeros(1)}),
    ),
    "weights that are no numbers": (
        "linear",
        lambda header, arrays: arrays.update({header["linear"]["terms"][0][2]: np.full(3, np.nan)}),
    ),
    "codes too few": (
        "linear",
        lambda header, arrays: arrays.update(
            {header["linear"]["code_terms"][0][1]: np.zeros((1, 3))}
        ),
    ),
    "no tables": ("forest", lambda header, _: header["trees"].update(tables=[])),
    "masks too few": (
        "forest",
        lambda header, arrays: arrays.update(
            {
                header["trees"]["tables"][0]["masks"]: arrays[
                    header["trees"]["tables"][0]["masks"]
                ][:-1]
            }
        ),
    ),
    "masks of another type": (
        "forest",
        lambda header, arrays: arrays.update(
            {
                header["trees"]["tables"][0]["masks"]: arrays[
                    header["trees"]["tables"][0]["masks"]
                ].astype(np.int64)
            }
        ),
    ),
    "thresholds that fall": (
        "forest",
        lambda header, arrays: arrays.update(
            {
                digit[2]: arrays[digit[2]][::-1].copy()
                for table in header["trees"]["tables"]
                for digit in table["digits"]
                if digit[2] is not None and len(arrays[digit[2]]) > 1
            }
        ),
    ),
    "a digit too large": (
        "forest",
        lambda header, _: header["trees"]["tables"][0]["digits"][0].__setitem__(1, 1),
    ),
    "words too far": ("boosting", lambda header, _: header["trees"]["sums"][0].__setitem__(0, 1)),
    "a base that is none": (
        "boosting",
        lambda header, _: header["trees"]["sums"][0].__setitem__(1, None),
    ),
    "a divisor of 0": ("forest", lambda header, _: header["trees"].update(divisor=0)),
    "something for no leaf": (
        "forest",
        lambda header, arrays: arrays[header["trees"]["sums"][0][2]].__setitem__((0, -1), 1.0),
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_plan_that_lies_is_refused(lie: str) -> None:
    name, change = LIES[lie]
    with pytest.raises(PlanFileError):
        plan_from_bytes(changed(name, change), "p")


def test_nothing_in_a_plan_is_unpickled() -> None:
    file = changed("linear", lambda _, arrays: arrays.update(a0=np.array([print], dtype=object)))
    with pytest.raises(PlanFileError):
        plan_from_bytes(file, "p")
