"""Tables of many columns: no name is looked at again for each of the model's columns."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tests.alignment.planning import column, plan
from titanic_batch.alignment import names as names_module
from titanic_batch.alignment.names import normalised
from titanic_batch.alignment.plan import MissingColumnsError

WIDTH = 300


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return every name that is looked at for what it is like."""
    found: list[str] = []

    def look(name: str) -> str:
        found.append(name)
        return normalised(name)

    monkeypatch.setattr(names_module, "normalised", look)
    return found


def test_a_wide_models_columns_are_found_in_time_that_grows_with_their_number(
    looked_at: list[str],
) -> None:
    wanted = [f"Col {i}" for i in range(WIDTH)]
    made = plan([column(name) for name in wanted], [f"col_{i}" for i in reversed(range(WIDTH))])
    assert [column_mapping.source for column_mapping in made.column_mappings] == [
        f"col_{i}" for i in range(WIDTH)
    ]
    assert len(looked_at) <= 6 * WIDTH


def test_so_are_those_that_are_made_of_raw_columns(looked_at: list[str]) -> None:
    wanted = [f"raw{i}_{value}" for i in range(WIDTH // 2) for value in "ab"]
    made = plan([column(name) for name in wanted], [f"raw{i}" for i in range(WIDTH)])
    assert {column_mapping.action for column_mapping in made.column_mappings} == {"one-hot"}
    assert len(looked_at) <= 12 * WIDTH


def test_few_of_a_wide_models_missing_columns_are_compared_with_all_that_are_there(
    looked_at: list[str],
) -> None:
    with pytest.raises(MissingColumnsError) as caught:
        plan([column(f"a{i}") for i in range(WIDTH)], [f"b{i}" for i in range(WIDTH)])
    assert len(caught.value.missing) == WIDTH
    assert "missing 300 columns of the model" in str(caught.value)
    assert "..." in str(caught.value)
    assert len(str(caught.value)) < 2_000
    assert len(looked_at) <= 6 * WIDTH


def test_a_types_schema_of_a_wide_file_is_planned_alike() -> None:
    inputs = pa.schema([(f"c{i}", pa.float64()) for i in range(WIDTH)])
    made = plan([column("c7"), column("C9")], inputs)
    assert [column_mapping.position for column_mapping in made.column_mappings] == [7, 9]
    assert len(made.dropped) == WIDTH - 2
