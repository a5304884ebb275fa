"""Options are declared once: as keywords they have types, and a wrong one is a clear error."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import titanic_batch
from titanic_batch.errors import UsageError
from titanic_batch.scoring.api import make_options
from titanic_batch.scoring.options import OPTIONS, ScoreKeywords, ScoreOptions

ROOT = Path(__file__).resolve().parents[2]

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
        assert caught.value.hint.startswith("It takes ")


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


def test_every_option_has_a_typed_keyword_and_there_is_no_other() -> None:
    assert [option.name for option in OPTIONS] == list(ScoreKeywords.__annotations__)


@pytest.mark.parametrize("function", [titanic_batch.score, titanic_batch.score_files])
def test_the_signature_shows_the_keywords_with_their_types_and_defaults(function: Any) -> None:
    shown = inspect.signature(function).parameters
    assert [*shown][:2] == ["input", "output"]
    assert {option.name for option in OPTIONS} < set(shown)
    assert not any(one.kind is one.VAR_KEYWORD for one in shown.values())
    assert str(shown["max_rejects"]) == "max_rejects: 'int | str' = '0'"
    assert str(shown["chunk_size"]) == "chunk_size: 'int | str' = '4MB'"


ACCEPTED = """\
from pathlib import Path

import titanic_batch

manifest = titanic_batch.score(
    "a.csv", Path("b.csv"), model=Path("m.pkl"), max_rejects="1%", keep=["A", "B"], workers=2
)
print(manifest.rows.scored)
titanic_batch.score("a.csv", "b.csv", max_rejects=3, keep="none", null="NULL", trust=["0", "1"])
titanic_batch.score("a.csv", "b.csv", fill={"Age": 28}, unknown={"*": "allow"}, threshold=0.5)
titanic_batch.score("a.csv", "b.csv", map={"Sex": {"male": 0}}, chunk_size=1 << 20)
titanic_batch.score_files("in/", "out/", output_format="csv", rejects=None, delimiter=None)
"""
REFUSED = """\
import titanic_batch

titanic_batch.score("a.csv", "b.csv", max_reject="1%")
titanic_batch.score("a.csv", "b.csv", keep=3)
titanic_batch.score("a.csv", "b.csv", max_rejects=0.01)
titanic_batch.score("a.csv", "b.csv", fill=["Age=28"])
titanic_batch.score("a.csv", "b.csv", unknown={"Sex": "maybe"})
titanic_batch.score("a.csv", "b.csv", overwrite="yes")
titanic_batch.score_files("in/", "out/", output_format="xml")
"""


def test_mypy_refuses_wrong_keywords_and_accepts_right_ones(tmp_path: Path) -> None:
    files = (tmp_path / "accepted_calls.py", tmp_path / "refused_calls.py")
    for file, text in zip(files, (ACCEPTED, REFUSED), strict=True):
        file.write_text(text, "utf-8")
    done = subprocess.run(  # with our own settings, strict too: then its cache is of use
        [sys.executable, "-m", "mypy", "--strict", *files],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    errors = [line.rpartition("/")[2] for line in done.stdout.splitlines() if ": error: " in line]
    assert [error.partition(": error: ")[0] for error in errors] == [
        f"refused_calls.py:{number}" for number in range(3, REFUSED.count("\n") + 1)
    ], done.stdout + done.stderr
