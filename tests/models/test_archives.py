from __future__ import annotations

import lzma
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.models.hostile_archives import tar
from tests.models.notebook import save_as_a_notebook_does
from titanic_batch.errors import DataError, ModelError, UsageError
from titanic_batch.models import (
    delete_model,
    export_model,
    import_model,
    list_models,
    open_model,
    untrust_model,
)
from titanic_batch.models.store.archives import ARCHIVE_FORMATS
from titanic_batch.schema import TrainingSchema
from titanic_batch.training import save_model

BENTOML = Path(sys.executable).with_name("bentoml")


@pytest.mark.parametrize("ending", list(ARCHIVE_FORMATS))
def test_an_exported_model_comes_back_the_same(
    ending: str, fitted: Any, schema: TrainingSchema, tmp_path: Path
) -> None:
    saved = save_model(fitted, name="m", schema=schema)
    archive = export_model("m", tmp_path / f"out{ending}")
    delete_model(saved.tag)
    assert list_models() == []

    summary = import_model(archive)
    assert (summary.tag, summary.sha256, summary.trusted) == (saved.tag, saved.sha256, True)
    assert open_model("m").schema == saved.schema


def test_plain_bentoml_reads_the_archive_and_the_other_way_round(
    fitted: Any, schema: TrainingSchema, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = save_model(fitted, name="m", schema=schema)
    ours = export_model("m", tmp_path)
    assert ours == tmp_path / f"{saved.tag.replace(':', '-')}.bentomodel"

    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "other"))
    theirs = tmp_path / "theirs.bentomodel"
    for arguments in (["import", str(ours)], ["export", saved.tag, str(theirs)]):
        subprocess.run([str(BENTOML), "models", *arguments], capture_output=True, check=True)
    assert [model.tag for model in list_models()] == [saved.tag]

    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "third"))
    assert import_model(theirs).sha256 == saved.sha256


def test_an_imported_model_is_not_trusted_by_that(fitted: Any, tmp_path: Path) -> None:
    tag = save_as_a_notebook_does("m", fitted)
    archive = export_model(tag, tmp_path / "m.bentomodel")
    delete_model(tag)
    assert import_model(archive).trusted is False


def test_import_refuses_a_tag_that_is_there(
    fitted: Any, schema: TrainingSchema, tmp_path: Path
) -> None:
    saved = save_model(fitted, name="m", schema=schema)
    archive = export_model("m", tmp_path)
    with pytest.raises(ModelError, match="already exists"):
        import_model(archive)
    assert open_model("m").sha256 == saved.sha256


def test_export_replaces_a_file_only_if_told(
    fitted: Any, schema: TrainingSchema, tmp_path: Path
) -> None:
    save_model(fitted, name="m", schema=schema)
    target = tmp_path / "m.zip"
    target.write_text("precious")
    with pytest.raises(UsageError, match="--overwrite"):
        export_model("m", target)
    assert target.read_text() == "precious"
    export_model("m", target, overwrite=True)
    assert zipfile.is_zipfile(target)
    with pytest.raises(UsageError, match="must end in"):
        export_model("m", tmp_path / "m.rar")


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "no_model", "truncated"])
def test_what_is_no_archive_is_refused(
    kind: str, fitted: Any, schema: TrainingSchema, tmp_path: Path
) -> None:
    path = tmp_path / "m.bentomodel"
    if kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("hello")
    elif kind == "no_model":
        path.write_bytes(lzma.compress(tar({"readme": b"x"})))
    elif kind == "truncated":
        save_model(fitted, name="m", schema=schema)
        export_model("m", path)
        path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError if kind == "no_model" else ModelError) as caught:
        import_model(path)
    assert caught.value.where == str(path)


def test_delete_says_what_it_deleted_and_wants_the_full_tag(
    fitted: Any, schema: TrainingSchema
) -> None:
    first = save_model(fitted, name="m", schema=schema)
    second = save_model(fitted, name="m", schema=schema)
    for ref in ("m", "m:latest", second.tag[:-4]):
        with pytest.raises(UsageError, match=f"models delete {second.tag}"):
            delete_model(ref)
    assert len(list_models()) == 2

    assert delete_model("m:latest", yes=True).tag == second.tag
    assert open_model("m:latest").tag == first.tag
    assert delete_model(first.tag).sha256 == first.sha256
    with pytest.raises(ModelError, match="no such model"):
        delete_model(first.tag)
    untrust_model(first.tag)


def test_a_file_is_not_deleted(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_text("x")
    with pytest.raises(UsageError, match="store only"):
        delete_model(str(path))
    assert path.exists()
