"""The model in a bento: where this code runs from an unpacked one, it is beside it.

    BENTO/bento.yaml                     `envs` names the packed model and its hash
    BENTO/src/titanic_batch/             this code
    BENTO/models/NAME/VERSION/           the model store

The hash was trusted where the bento was built. To trust it here is to trust whoever built the
bento no more than one does by running its code.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parents[2]


def bento_folder() -> Path | None:
    """Return the unpacked bento that this code is part of; None where it is part of none."""
    source = _PACKAGE.parent
    folder = source.parent
    return folder if source.name == "src" and (folder / "bento.yaml").is_file() else None


def packed_models_folder() -> Path | None:
    """Return the model store within the bento; None where there is none."""
    folder = bento_folder()
    if folder is None or not (folder / "models").is_dir():
        return None
    return folder / "models"


@cache
def packed_environment() -> dict[str, str]:
    """Return the variables that the bento was built with, by name."""
    folder = bento_folder()
    if folder is None:
        return {}
    import yaml

    document: Any = yaml.safe_load((folder / "bento.yaml").read_text(encoding="utf-8"))
    return {str(env["name"]): str(env.get("value", "")) for env in document.get("envs") or ()}
