"""Keywords of the wrong type are a clear error, never a crash or something else than was meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from titanic_batch.errors import UsageError
from titanic_batch.scoring.api import make_options
from titanic_batch.scoring.options import ScoreOptions

WRONG: list[Any] = [1.5, b"x", object(), [1], {"a": object()}, True, ["Age=28"]]
FITTING: dict[str, tuple[Any, ...]] = {
    "threshold": (1.5,),
    "keep": (["Age=28"],),
    "null": (["Age=28"],),
    "allow_null": (["Age=28"],),
    "trust": (["Age=28"],),
}


@pytest.mark.parametrize("name", ScoreOptions.__dataclass_fields__)
def test_a_value_of_a_wrong_type_is_a_usage_error(name: str) -> None:
    is_switch = isinstance(getattr(ScoreOptions(), name), bool)
    for value in WRONG:
        if (is_switch and value is True) or value in FITTING.get(name, ()):
            continue
        with pytest.raises(UsageError, match=f"{name}=.* is wrong") as caught:
            make_options(**{name: value})
        assert caught.value.cure.startswith("It takes ")


def test_what_is_wrong_says_what_is_right() -> None:
    with pytest.raises(UsageError, match="a share as a text: '1%'"):
        make_options(max_rejects=0.01)
    with pytest.raises(UsageError, match=r"a dict, such as \{'Age': 28\}"):
        make_options(fill=["Age=28"])
    with pytest.raises(UsageError, match="Did you mean max_rejects"):
        make_options(max_reject=1)


def test_what_is_meant_is_taken() -> None:
    found = make_options(
        model=Path("m.pkl"),
        max_rejects=np.int64(3),
        chunk_size="64KB",
        fill={"Age": np.float64(28)},
        allow_null="Age",
        null=["NULL"],
        keep="A,B",
        map={"Sex": {"male": np.int64(0)}},
        rejects=Path("r.csv"),
        workers=2,
    )
    assert (found.model, found.max_rejects, found.chunk_bytes) == ("m.pkl", "3", 64 << 10)
    assert (found.fill, found.map) == ({"Age": 28.0}, {"Sex": {"male": 0}})
    assert type(found.fill["Age"]) is float
    assert type(found.map["Sex"]["male"]) is int
    assert (found.allow_null, found.null, found.keep) == (("Age",), ("NULL",), ("A", "B"))
    assert (found.rejects, found.workers) == ("r.csv", 2)
