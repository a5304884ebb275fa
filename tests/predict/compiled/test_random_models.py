"""Plans of random models say what scikit-learn says; `make faults` tries many more."""

from __future__ import annotations

import random

from tests.predict.compiled.random_trial import try_model


def test_plans_of_random_models_predict_as_scikit_learn() -> None:
    seed = random.SystemRandom().randrange(10**9)
    trials = [try_model(seed + at, 1_000) for at in range(12)]
    assert [trial for trial in trials if not trial.is_right] == []
    assert sum(not trial.refused for trial in trials) >= 8
