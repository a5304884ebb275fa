"""Compare the scikit-learn that made a model with the installed one."""

from __future__ import annotations

import platform
import re
from importlib.metadata import PackageNotFoundError, version

from titanic_batch.errors import ModelError

SKLEARN = "scikit-learn"

_VERSION = re.compile(r"\d+(\.\w+)*(\+\w+)?", re.ASCII)

#: What a training schema and a manifest record, where it is installed.
_RECORDED = (SKLEARN, "numpy", "scipy", "pandas")


def installed_libraries() -> dict[str, str]:
    """Return the versions in use now, by package name, Python's own first. Nothing is imported."""
    versions = {"python": platform.python_version()}
    for name in _RECORDED:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def check_sklearn_version(recorded: str, *, ref: str, allow_mismatch: bool | None) -> str:
    """Compare the version that a model was made with to the installed one.

    Args:
        recorded: The model's scikit-learn version.
        ref: The model, for the error.
        allow_mismatch: Let another minor version through, with a warning; None where whoever asks
            has no flag that would.

    Returns:
        A warning, or "" where the versions are the same.

    Raises:
        ModelError: if the minor versions differ and that is not allowed.
    """
    installed = version(SKLEARN)
    if recorded == installed:
        return ""
    difference = f"made with scikit-learn {recorded}, loaded with {installed}"
    if recorded.split(".")[:2] == installed.split(".")[:2] or allow_mismatch:
        return difference
    hints = ["Train it again here"]
    if _VERSION.fullmatch(recorded):  # what the model says goes into a command to paste
        hints.append(f"install that one (pip install 'scikit-learn=={recorded}')")
    if allow_mismatch is not None:
        hints.append("pass --allow-version-mismatch")
    raise ModelError(
        f"the model was made with scikit-learn {recorded}, but {installed} is installed, and "
        "another minor version may score differently without a word",
        where=ref,
        hint=f"{', or '.join(hints)}.",
    )
