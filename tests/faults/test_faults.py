"""The short form of the fault suite; `make faults` runs the long one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.lab import Lab
from tests.faults.promises import PROMISES, Promise


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.close()


SHORT = [promise for promise in PROMISES if promise.in_short]


@pytest.mark.parametrize("promise", SHORT, ids=lambda promise: promise.name)
def test_the_promise_holds_whatever_goes_wrong(promise: Promise, lab: Lab) -> None:
    failures = []
    for case in promise.cases(lab, full=False):
        try:
            case.check()
        except AssertionError as error:
            failures.append(f"{case.name}: {error}")
    assert not failures, f"{promise.text}:\n" + "\n".join(failures)
