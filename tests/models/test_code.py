"""What stands for the code of a model changes with any of it, and with nothing else."""

from __future__ import annotations

import importlib
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from titanic_batch.models import code
from titanic_batch.models.code import LoadedCode

FILES = {
    "path/code_case.py": "import code_case_helper\n",
    "path/code_case_helper.py": "",
    "path/code_case_later.py": "",
    "path/code_package/__init__.py": "",
    "path/code_package/inner/__init__.py": "from code_package.inner import steps\n",
    "path/code_package/inner/steps.py": "",
    "path/code_package/inner/later.py": "",
    "path/code_package/table.json": "{}",
    "path/code_package/rules/table.json": "{}",
    "path/antigravity.py": "",
    "path/code_space/part.py": "",
    "site-packages/code_installed/__init__.py": "VERSION = 1\n",
    "site-packages/code_installed-1.0.dist-info/RECORD": "code_installed/__init__.py,sha256=a,1\n",
    "site-packages/code_copied.py": "",
    "site-packages/code_copied_package/__init__.py": "",
    "site-packages/code_copied_package/later.py": "",
}
MODULES = (
    *("code_case", "code_case_helper", "code_package.inner", "code_space.part", "code_installed"),
    *("antigravity", "code_copied", "code_copied_package", "code_zipped"),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder with modules of all kinds, which are loaded."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("code_zipped.py", "")
    places = [str(tmp_path / name) for name in ("path", "site-packages", "archive.zip")]
    monkeypatch.setattr(sys, "path", [*places, *sys.path])
    before = set(sys.modules)
    for name in MODULES:
        importlib.import_module(name)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith(("code_", "antigravity")):
            del sys.modules[name]


def loaded() -> LoadedCode:
    return LoadedCode((*MODULES, "code_package", "code_space", "json", "sys", "numpy"))


def rewritten(name: str, text: str = "# changed\n") -> Callable[[Path], Any]:
    return lambda folder: (folder / name).write_text(text)


def zipped_again(folder: Path) -> None:
    with zipfile.ZipFile(folder / "archive.zip", "w") as archive:
        archive.writestr("code_zipped.py", "# changed\n")


CHANGES: dict[str, Callable[[Path], Any]] = {
    "module": rewritten("path/code_case.py"),
    "helper": rewritten("path/code_case_helper.py"),
    "neighbour that is imported later": rewritten("path/code_case_later.py"),
    "module of a package": rewritten("path/code_package/inner/steps.py"),
    "neighbour in a package": rewritten("path/code_package/inner/later.py"),
    "data of a package": rewritten("path/code_package/table.json", "{1}"),
    "data in a folder of a package": rewritten("path/code_package/rules/table.json", "{1}"),
    "large data of a package": rewritten("path/code_package/table.json", "1" * (1 << 21)),
    "module of a name that Python has too": rewritten("path/antigravity.py"),
    "package without a file of its own": rewritten("path/code_space/part.py"),
    "new module": rewritten("path/code_new.py"),
    "archive": zipped_again,
    "file copied into site-packages": rewritten("site-packages/code_copied.py"),
    "package copied there": rewritten("site-packages/code_copied_package/later.py"),
    "distribution of another version": lambda folder: (
        folder / "site-packages/code_installed-1.0.dist-info"
    ).rename(folder / "site-packages/code_installed-1.1.dist-info"),
    "distribution built again": rewritten(
        "site-packages/code_installed-1.0.dist-info/RECORD", "code_installed/__init__.py,sha256=b,1"
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_code_is_another_digest(change: str, folder: Path) -> None:
    before = loaded().digest
    assert before is not None
    assert loaded().digest == before
    CHANGES[change](folder)
    assert loaded().digest != before


def test_times_and_places_do_not_count(folder: Path) -> None:
    before = loaded().digest
    (folder / "path/code_case.py").touch()
    (folder / "path/scored.csv").write_text("an output beside the code")
    (folder / "path/__pycache__").mkdir(exist_ok=True)
    (folder / "path/__pycache__/x.pyc").write_bytes(b"made on the way")
    assert loaded().digest == before


def test_code_that_came_later_from_elsewhere_is_noticed(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = LoadedCode(tuple(sys.modules))
    assert not found.has_grown()
    importlib.import_module("code_case_later")
    assert not found.has_grown()
    other = tmp_path_factory.mktemp("other")
    (other / "code_elsewhere.py").write_text("")
    monkeypatch.syspath_prepend(other)
    importlib.import_module("code_elsewhere")
    assert found.has_grown()
    assert found.has_grown()


def test_nothing_stands_for_more_code_than_can_be_looked_at(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(code, "_MOST_FILES", 3)
        assert loaded().digest is None
    with monkeypatch.context() as patched:
        patched.setattr(code, "_MOST_DATA_BYTES", 3)
        assert loaded().digest is None
    assert loaded().digest is not None
