"""What people do in their notebooks: save with plain bentoml, by a call of its own."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def save_as_a_notebook_does(name: str, estimator: Any, **options: Any) -> str:
    """Save by nothing but `bentoml.sklearn.save_model`; return the tag."""
    with as_a_notebook_does() as bentoml:
        return str(bentoml.sklearn.save_model(name, estimator, **options).tag)


def load_as_a_notebook_does(tag: str) -> Any:
    """Load by nothing but `bentoml.sklearn.load_model`."""
    with as_a_notebook_does() as bentoml:
        return bentoml.sklearn.load_model(tag)


@contextmanager
def as_a_notebook_does() -> Iterator[Any]:
    """Give bentoml with the store of this test: it remembers the first home of a process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # bentoml's own imports use what is deprecated elsewhere
        import bentoml
        from bentoml._internal.configuration.containers import BentoMLContainer
        from bentoml._internal.models.model import ModelStore

        folder = Path(os.environ["BENTOML_HOME"]) / "models"
        folder.mkdir(parents=True, exist_ok=True)
        BentoMLContainer.model_store.set(ModelStore(folder))
        try:
            yield bentoml
        finally:
            BentoMLContainer.model_store.reset()


def save_other_framework(name: str) -> None:
    """Put a model into the store as bentoml.pytorch describes one."""
    folder = Path(os.environ["BENTOML_HOME"]) / "models" / name / "v1"
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_text(
        f"name: {name}\nversion: v1\nmodule: bentoml.pytorch\nlabels: {{}}\noptions: {{}}\n"
        "metadata: {}\ncontext:\n  framework_name: torch\n  framework_versions:\n"
        "    torch: 2.9.0\n  bentoml_version: 1.4.39\n  python_version: 3.11.7\n"
        "signatures: {}\napi_version: v1\ncreation_time: '2026-01-02T03:04:05+00:00'\n"
    )
