"""Python imports this at its start where PYTHONPATH names this folder."""

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location(
    "_faults_hook", Path(__file__).parents[1] / "hook.py"
)
assert _spec is not None
assert _spec.loader is not None
_hook = importlib.util.module_from_spec(_spec)
__import__("sys").modules[_spec.name] = _hook  # dataclasses look their module up
_spec.loader.exec_module(_hook)
_hook.install_from_environment()
