"""Keep the working folder off the path that modules are looked for in.

Whoever may write into a folder of inputs must not choose what runs there. Python itself looks into
the working folder where it is started with `-m` or `-c`, and where PYTHONPATH has an empty entry or
one that is no full path. This module imports only what Python has loaded at its start.
"""

import os
import sys

#: The folder that this package lies in: an installation, whatever else it is.
PACKAGE_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

_PATH = "PYTHONPATH"
_SAFE = "PYTHONSAFEPATH"


def leave_working_folder_out() -> None:
    """Take it off this process's path, and that of all that this process starts."""
    sys.path[:] = full_path()
    safe = safe_environment()
    os.environ[_SAFE] = safe[_SAFE]
    if _PATH in os.environ:
        os.environ[_PATH] = safe.get(_PATH, "")


def full_path() -> list[str]:
    """Return sys.path without what means the working folder, or a folder within it.

    What PYTHONPATH names by its full path stays, also where it is the working folder.
    """
    named, relative = _python_path()
    malformed = {os.path.abspath(entry) for entry in relative} - set(named)
    return [entry for entry in sys.path if os.path.isabs(entry) and entry not in malformed]


def safe_environment() -> dict[str, str]:
    """Return this process's environment as a Python that is started from here may have it."""
    named, _ = _python_path()
    others = {name: text for name, text in os.environ.items() if name != _PATH}
    return {**others, _SAFE: "1", **({_PATH: os.pathsep.join(named)} if named else {})}


def shut_working_folder() -> None:
    """Let nothing be imported from the working folder, although it stays on the path.

    For a process of another program, which puts the folder there and takes it away again. A folder
    that this package itself lies in, as in a bento, is its installation, and one that PYTHONPATH
    names by its full path was asked for.
    """
    folder = os.path.realpath(os.getcwd())
    named, _ = _python_path()
    if folder in map(os.path.realpath, (PACKAGE_FOLDER, *named)):
        return

    def hook(entry: str) -> _Nothing:
        if os.path.realpath(entry) != folder:
            raise ImportError(entry)
        return _Nothing()

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()
    os.environ[_SAFE] = "1"


class _Nothing:
    """Finds no module."""

    def find_spec(self, _name: str, _target: object = None) -> None:
        return None


def _python_path() -> tuple[list[str], list[str]]:
    """Return PYTHONPATH's full entries, and the others: an empty one means the working folder."""
    text = os.environ.get(_PATH, "")
    full: list[str] = []
    relative: list[str] = []
    for entry in text.split(os.pathsep) if text else ():
        (full if os.path.isabs(entry) else relative).append(entry)
    return full, relative
