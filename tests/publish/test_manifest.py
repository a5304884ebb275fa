"""The manifest's keys are a contract: others read them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.publish.publishing import NEW, REJECTS, manifest_of, publish, rejects_of
from titanic_batch.publish.manifest import read_manifest

KEYS = {
    "manifest_version",
    "run_id",
    "status",
    "started_at",
    "finished_at",
    "seconds",
    "rows_per_second",
    "tool",
    "libraries",
    "options",
    "model",
    "input",
    "output",
    "rows",
    "rejects",
    "alignment",
    "unknown_categories",
    "null_tokens",
    "nulls",
    "warnings",
}


def test_the_manifest_has_the_keys_of_the_contract(output: Path) -> None:
    publish(output, NEW, REJECTS)
    document = json.loads(manifest_of(output).read_bytes())
    assert set(document) >= KEYS
    assert document["status"] == "published"
    assert set(document["tool"]) == {"name", "version"}
    assert set(document["input"]) == {"path", "format", "bytes", "sha256"}
    assert set(document["output"]) == {"path", "format", "bytes", "sha256"}
    assert set(document["rows"]) == {"read", "scored", "rejected"}
    assert set(document["rejects"]) >= {"path", "by_reason"}
    assert document["rejects"]["path"] == str(rejects_of(output))


def test_the_manifest_that_is_returned_says_what_the_file_says(output: Path) -> None:
    manifest = publish(output, NEW, REJECTS)
    assert manifest == read_manifest(manifest_of(output))
    assert manifest.to_json() == json.loads(manifest_of(output).read_bytes())
    assert manifest["rows"]["read"] == manifest.rows.read == 5
