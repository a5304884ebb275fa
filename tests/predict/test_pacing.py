from __future__ import annotations

import pytest

from titanic_batch.predict.pacing import FEWEST_ROWS, Pace


@pytest.mark.parametrize(
    ("adapts", "seconds", "rows"),
    [(True, 0.05, 40_960), (True, 5.0, FEWEST_ROWS), (False, 0.05, FEWEST_ROWS)],
    ids=["quick", "slow", "fixed"],
)
def test_a_quick_model_gets_more_rows_at_a_time_where_that_changes_nothing(
    adapts: bool, seconds: float, rows: int
) -> None:
    pace = Pace(rows=FEWEST_ROWS, adapts=adapts)
    pace.note(4_096, seconds)
    assert pace.rows == rows
