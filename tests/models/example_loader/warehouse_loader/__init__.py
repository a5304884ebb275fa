"""A loader of another package: models in a folder that $WAREHOUSE names, as pickles."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

from titanic_batch.errors import ModelError
from titanic_batch.models import Artifact


class WarehouseLoader:
    """Loads `warehouse:NAME`. It needs trust, always."""

    name = "warehouse"

    def resolve(self, ref: str) -> Artifact:
        """Find $WAREHOUSE/NAME.bin."""
        path = Path(os.environ["WAREHOUSE"]) / f"{ref}.bin"
        if not path.exists():
            raise ModelError(
                "the warehouse has no such model", where=ref, hint="Ask for another one."
            )
        return Artifact(tag=f"warehouse/{ref}", path=path, libraries={"warehouse": "7"})

    def trust_reason(self, data: bytes) -> str:
        """Say that it is a pickle."""
        return "the warehouse keeps pickles"

    def load(self, data: bytes) -> Any:
        """Unpickle it."""
        return pickle.loads(data)


class Hollow:
    """Lacks what a loader must have."""

    name = "hollow"


class FailingLoader(WarehouseLoader):
    """Fails in a way of its own."""

    name = "failing"

    def resolve(self, ref: str) -> Artifact:
        """Fail."""
        raise ZeroDivisionError(ref)
