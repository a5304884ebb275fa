"""The home and the model that the tests of models have, too."""

from __future__ import annotations

from tests.models.conftest import fitted, home, passengers, schema

__all__ = ["fitted", "home", "passengers", "schema"]
