from __future__ import annotations

from importlib.metadata import version

import pytest

from titanic_batch.errors import ModelError
from titanic_batch.models.versions import check_sklearn_version, installed_libraries

INSTALLED = version("scikit-learn")


def test_the_same_version_is_no_news() -> None:
    assert check_sklearn_version(INSTALLED, ref="m", allow_mismatch=False) == ""


@pytest.mark.parametrize("recorded", ["0.24.2", "2.0.0", "1.10.0", "pre-0.18", "1"])
def test_another_minor_version_is_refused_unless_allowed(recorded: str) -> None:
    with pytest.raises(ModelError, match="--allow-version-mismatch"):
        check_sklearn_version(recorded, ref="m", allow_mismatch=False)
    assert recorded in check_sklearn_version(recorded, ref="m", allow_mismatch=True)


def test_the_libraries_in_use_are_told_without_importing_them() -> None:
    libraries = installed_libraries()
    assert libraries["scikit-learn"] == INSTALLED
    assert next(iter(libraries)) == "python"


@pytest.mark.parametrize(
    "recorded", ["1.8.0 --index-url x", "1.8'; true #", "", "pre-0.18", "1.8\n"]
)
def test_what_is_no_version_gets_into_no_command(recorded: str) -> None:
    with pytest.raises(ModelError) as caught:
        check_sklearn_version(recorded, ref="m", allow_mismatch=False)
    assert caught.value.hint == "Train it again here, or pass --allow-version-mismatch."


def test_a_flag_is_named_only_where_there_is_one() -> None:
    for allow, named in ((False, True), (None, False)):
        with pytest.raises(ModelError) as caught:
            check_sklearn_version("0.24.2", ref="m", allow_mismatch=allow)
        assert ("--allow-version-mismatch" in caught.value.hint) is named
        assert caught.value.hint.startswith("Train it again here, or install that one (pip")
