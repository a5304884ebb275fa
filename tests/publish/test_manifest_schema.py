"""The published JSON Schema is the manifest's own, and comes with the wheel.

`tests/conftest.py` holds every manifest that a test's run writes against it.
"""

from __future__ import annotations

import copy
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.publish.json_schema import errors
from tests.publish.publishing import NEW, REJECTS, manifest_of, publish
from titanic_batch.publish.manifest import Manifest, find_manifest
from titanic_batch.publish.manifest_form import keys_of
from titanic_batch.publish.manifest_schema import SHIPPED, make_schema

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads(SHIPPED.read_text(encoding="utf-8"))


def test_the_shipped_one_is_current() -> None:
    assert SHIPPED.read_text(encoding="utf-8") == make_schema(), (
        "run `python -m titanic_batch.publish.manifest_schema`"
    )


def test_says_what_each_key_is() -> None:
    assert set(SCHEMA["properties"]) == {key.name for key in keys_of(Manifest)}
    assert all("description" in schema for schema in SCHEMA["properties"].values())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("rows", "read"), -1),
        (("rows", "read"), 1.5),
        (("rows", "read"), True),
        (("output", "sha256"), "0" * 63),
        (("output", "path"), "\0"),
        (("finished_at",), "today"),
        (("finished_at",), "2026-11-22T02:00:00"),
        (("manifest_version",), 0),
        (("job",), {"name": "nightly"}),
        (("job",), {"name": "nightly", "date": "2026-02-30"}),
        (("job",), {"name": "nightly", "date": "2026-11-20", "guards": [{}]}),
        (("job",), {"name": "nightly", "date": "2026-11-20", "profile": {"Age": {"bins": {}}}}),
        (("nulls",), {"Age": "1"}),
        (("alignment",), [1]),
        (("model",), {}),
    ],
)
def test_refuses_what_the_reader_refuses(output: Path, path: tuple[str, ...], value: Any) -> None:
    document = publish(output, NEW, REJECTS).to_json()
    assert list(errors(document, SCHEMA)) == []
    edited = copy.deepcopy(document)
    *way, last = path
    table = edited
    for key in way:
        table = table[key]
    table[last] = value
    assert list(errors(edited, SCHEMA)) != []
    manifest = manifest_of(output)
    manifest.write_text(json.dumps(edited), encoding="utf-8")
    assert not isinstance(find_manifest(manifest), Manifest)


@pytest.mark.parametrize("key", SCHEMA["required"])
def test_requires_what_the_reader_requires(output: Path, key: str) -> None:
    document = publish(output).to_json()
    del document[key]
    assert list(errors(document, SCHEMA)) == [f"$ has no {key}"]
    manifest = manifest_of(output)
    manifest.write_text(json.dumps(document), encoding="utf-8")
    assert not isinstance(find_manifest(manifest), Manifest)


def test_comes_with_the_wheel(tmp_path: Path) -> None:
    from hatchling.builders.wheel import WheelBuilder

    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        shipped = archive.read("titanic_batch/publish/manifest.schema.json")
    assert shipped == SHIPPED.read_bytes()
