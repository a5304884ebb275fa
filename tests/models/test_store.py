"""A tag means what bentoml says; and no file of the store is believed on the way."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path

import pytest

from tests.models import hostile_archives as hostile
from titanic_batch.errors import ModelError
from titanic_batch.models import (
    delete_model,
    import_model,
    list_models,
    open_model,
    show_model,
    trust_model,
)
from titanic_batch.models.store.folder import get_stored, model_folders, models_folder
from titanic_batch.schema import ColumnSchema, TrainingSchema, schema_to_json

#: Names and versions, with the day each was made on, and what `latest` says of a name.
STORE = {
    "a": (["v1", "v2", "v10", "w"], "v1"),
    "b": (["one", "two"], None),
    "c": (["one", "two"], "gone"),
    "d": (["two", "one"], "one"),
    "e.x_1-z": (["v.0"], "v.0"),
    "empty": ([], None),
}
REFS = [
    *("a", "a:latest", "a:v1", "a:v", "a:v10", "a:w", "a:x", "A", "a:V2", "a:", ":a", "a:b:c"),
    *("b", "b:latest", "b:o", "b:one", "c", "c:latest", "d", "e.x_1-z", "e.x_1-z:v.0", "empty"),
    *("empty:latest", "none", "none:v1", "..", "a:..", "a/v1", "a:v1/", "x" * 64, "a:latest2"),
]


def put(root: Path, tag: str, yaml: bytes | None = None) -> Path:
    folder = root / tag.replace(":", "/")
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_bytes(hostile.described(tag) if yaml is None else yaml)
    (folder / "saved_model.pkl").write_bytes(hostile.PICKLE)
    return folder


@pytest.fixture
def root(home: Path) -> Path:
    return home / "bentoml" / "models"


def of_bentoml(root: Path, ref: str) -> str | None:
    """Return the tag that bentoml resolves `ref` to; None where it finds none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from bentoml._internal.models.model import ModelStore
        from bentoml.exceptions import BentoMLException

        try:
            return str(ModelStore(root).get(ref).tag)
        except (BentoMLException, ValueError):
            return None


@pytest.mark.parametrize("ref", REFS)
def test_a_tag_means_what_bentoml_says(ref: str, root: Path) -> None:
    for name, (versions, latest) in STORE.items():
        (root / name).mkdir(parents=True)
        for day, version in enumerate(versions, 1):
            yaml = hostile.described(f"{name}:{version}", created=f"2026-01-{day:02}T00:00:00")
            put(root, f"{name}:{version}", yaml)
        if latest is not None:
            (root / name / "latest").write_text(latest)
    try:
        found: str | None = get_stored(ref).tag
    except ModelError:
        found = None
    assert of_bentoml(root, ref) == found  # asked last: it may write the file `latest`


@pytest.mark.parametrize(
    "says", ["", "../../outside", "/etc", "v1/../v1", "latest", "x" * 5000, "\xff"]
)
def test_the_file_latest_leads_nowhere_else(says: str, root: Path) -> None:
    put(root, "m:v1")
    put(root.parent, "outside:v1")
    (root / "m" / "latest").write_text(says)
    assert get_stored("m").tag == "m:v1"


@pytest.mark.parametrize("kind", ["fifo", "folder"])
def test_a_latest_that_is_no_file_is_not_waited_for(kind: str, root: Path) -> None:
    put(root, "m:v1")
    if kind == "fifo":
        os.mkfifo(root / "m" / "latest")
    else:
        put(root, "m:latest")
    assert get_stored("m").tag == "m:v1"
    assert [tag for tag, _ in model_folders()] == ["m:v1"]


def test_a_schema_of_many_categories_is_read(root: Path) -> None:
    """The bounds of model.yaml are far above what our own schemas take."""
    names = [f"Category {number}" for number in range(20_000)]
    column = ColumnSchema(
        name="a", kind="category", categories=tuple(names), frequencies=(0.25,) * len(names)
    )
    document = {"titanic_batch_schema": schema_to_json(TrainingSchema(columns=(column,)))}
    put(root, "m:v1", hostile.described(metadata=json.dumps(document)))
    assert get_stored("m:v1").metadata == document


@pytest.mark.parametrize(
    "yaml",
    [
        hostile.alias_bomb(),
        hostile.described(before=f"x: {'[' * 60_000}\n"),
        hostile.described(before="x:\n" + "- {a: {b: c}}\n" * 60_000),
        hostile.described("bomb:v1", before="a: 1" + ":59" * 200_000 + "\n"),
        hostile.described("bomb:v1", before="a: !!python/object/apply:os.getcwd []\n"),
        hostile.described("other:v1"),
        hostile.described("bomb:latest"),
        b"\xff",
        b"",
    ],
    ids=["aliases", "deep", "maps", "number", "python", "another", "latest", "bytes", "empty"],
)
def test_one_bad_model_hides_none_of_the_others(yaml: bytes, root: Path, tmp_path: Path) -> None:
    put(root, "good:v1")
    put(root, "bomb:v1", yaml)
    by_tag = {model.tag: model for model in list_models()}
    assert by_tag["good:v1"].framework == "scikit-learn 1.9.1"
    assert by_tag["bomb:v1"].framework == "unreadable"
    assert by_tag["bomb:v1"].problem
    for ask in (open_model, show_model, trust_model):
        for ref in ("bomb", "bomb:latest", "bomb:v1"):
            with pytest.raises(ModelError, match=r"model.yaml|empty"):
                ask(ref)
    # A newer version takes its place, and it can be removed.
    archive = tmp_path / "m.tar"
    archive.write_bytes(hostile.tar(hostile.model_files("bomb:v2")))
    assert import_model(archive).tag == "bomb:v2"
    assert show_model("bomb").tag == "bomb:v2"
    assert delete_model("bomb:v1").framework == "unreadable"
    assert [model.tag for model in list_models()] == ["bomb:v2", "good:v1"]


def test_a_description_that_is_no_file_is_not_waited_for(root: Path) -> None:
    folder = put(root, "m:v1")
    (folder / "model.yaml").unlink()
    os.mkfifo(folder / "model.yaml")
    assert [model.framework for model in list_models()] == ["unreadable"]


def test_an_older_model_that_is_imported_is_not_the_latest(root: Path, tmp_path: Path) -> None:
    for version, day in (("new", "2026-01-02"), ("old", "2026-01-01"), ("newest", "2026-01-03")):
        yaml = hostile.described(f"m:{version}", created=f"{day}T00:00:00+00:00")
        archive = tmp_path / f"{version}.tar"
        archive.write_bytes(hostile.tar({"model.yaml": yaml, "saved_model.pkl": hostile.PICKLE}))
        import_model(archive)
        assert get_stored("m").tag == f"m:{'newest' if version == 'newest' else 'new'}"
        assert of_bentoml(root, "m") == get_stored("m").tag
    delete_model("m:newest")
    assert get_stored("m").tag == of_bentoml(root, "m") == "m:new"


def test_a_store_follows_variables_and_is_in_no_working_folder(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLACE", "~/$NAMED")
    monkeypatch.setenv("NAMED", "bentoml")
    monkeypatch.setenv("BENTOML_HOME", "$PLACE")
    assert models_folder() == home / "bentoml" / "models"
    put(tmp_path / "~nobody_here" / "models", "planted:v1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENTOML_HOME", "~nobody_here")
    with pytest.raises(ModelError, match="no home directory") as caught:
        open_model("planted")
    assert "Set BENTOML_HOME" in caught.value.hint
