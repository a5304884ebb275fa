"""Random models, against the models asked directly; `make faults` runs the long form."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.amount import some
from tests.differential import resume
from tests.differential.trial import run_trial


@pytest.mark.parametrize("first", some(range(1, 21, 5), every=2))
def test_random_models_score_as_they_say_themselves(
    first: int, empty_home: Path, tmp_path: Path
) -> None:
    outcomes = []
    for seed in range(first, first + 5):
        folder = tmp_path / f"{seed}"
        folder.mkdir()
        outcomes += run_trial(seed, folder)
    assert not [str(outcome) for outcome in outcomes if outcome.failed]
    rows = sum(outcome.rows for outcome in outcomes)
    assert sum(outcome.compared for outcome in outcomes) > rows / 2, "too few to show anything"


def test_a_run_that_was_killed_never_takes_up_what_another_header_was_predicted_for(
    tmp_path: Path,
) -> None:
    told = resume.killed_and_changed(tmp_path, 1, changes=(resume.header,))
    assert "with 0 parts" not in told, "nothing was kept that could be taken up"
