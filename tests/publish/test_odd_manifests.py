"""A manifest that was edited, cut or planted is told apart, and never ends a reader in a crash."""

from __future__ import annotations

import contextlib
import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.publish.json_schema import errors
from tests.publish.publishing import NEW, OLD, REJECTS, files_in, look_again, manifest_of, publish
from titanic_batch.errors import DataError, UsageError
from titanic_batch.publish.manifest import UnreadableManifest, find_manifest, read_manifest
from titanic_batch.publish.manifest_schema import SHIPPED
from titanic_batch.publish.ownership import is_published
from titanic_batch.publish.paths import output_paths
from titanic_batch.publish.rejects import HEADER
from titanic_batch.publish.verify import verify

SCHEMA = json.loads(SHIPPED.read_text(encoding="utf-8"))
Edit = Callable[[dict[str, Any]], object]


def edited(output: Path, edit: Edit) -> None:
    manifest = manifest_of(output)
    document = json.loads(manifest.read_bytes())
    edit(document)
    manifest.write_text(json.dumps(document), encoding="utf-8")


def fault(output: Path) -> UnreadableManifest:
    found = find_manifest(manifest_of(output))
    assert isinstance(found, UnreadableManifest)
    return found


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda d: d.pop("rows"), "it has no rows"),
        (lambda d: d["rows"].pop("read"), "it has no rows.read"),
        (lambda d: d.update(rows=None), "its rows is not an object"),
        (lambda d: d["rows"].update(read="4"), "its rows.read is not a count"),
        (lambda d: d["rows"].update(read=-5, scored=-5), "its rows.read is not a count"),
        (lambda d: d["rows"].update(read=True), "its rows.read is not a count"),
        (lambda d: d["rows"].update(read=float("inf")), "its rows.read is not a count"),
        (lambda d: d["rows"].update(read=1 << 64), "its rows.read is not a count"),
        (lambda d: d["rows"].update(read=9), "its rows read are not rows scored plus"),
        (lambda d: d["output"].update(bytes=True), "its output.bytes is not a count"),
        (lambda d: d["output"].update(path=["x"]), "its output.path is not a path"),
        (lambda d: d["output"].update(path="\0"), "its output.path is not a path"),
        (lambda d: d["output"].update(sha256="x"), "its output.sha256 is not a SHA-256"),
        (lambda d: d.update(rejects=5), "its rejects is not an object"),
        (lambda d: d["rejects"].update(path="\0"), "its rejects.path is not a path or null"),
        (lambda d: d["rejects"].update(by_reason={"x": -1}), "its rejects.by_reason is not an obj"),
        (lambda d: d.update(options=None), "its options is not an object"),
        (lambda d: d.update(model=None), "its model is not an object"),
        (lambda d: d.update(input=None), "its input is not an object"),
        (lambda d: d.update(warnings=5), "its warnings is not a list of texts"),
        (lambda d: d.update(alignment=[5]), "its alignment is not a list of objects"),
        (lambda d: d.update(nulls={"a": "1"}), "its nulls is not an object of counts"),
        (lambda d: d.update(unknown_categories={"a": 1}), "its unknown_categories is not counts"),
        (lambda d: d.update(run_id="../x"), "its run_id is not a run's id"),
        (lambda d: d.update(finished_at="today"), "its finished_at is not a time"),
        (lambda d: d.update(job="x"), "its job is not an object or null"),
        (lambda d: d.update(job={"name": "n", "date": "zzz"}), "its job.date is not a date"),
        (
            lambda d: d.update(job={"name": "n", "date": "2026-11-20", "profile": {"Age": 3}}),
            "its job.profile is not counts by bin",
        ),
        (
            lambda d: d.update(
                job={
                    "name": "n",
                    "date": "2026-11-20",
                    "profile": {"Age": {"bins": {}, "counts": [-5]}},
                }
            ),
            "its job.profile is not counts by bin",
        ),
        (
            lambda d: d.update(job={"name": "n", "date": "2026-11-20", "guards": [{}]}),
            "its job.guards is not a list of findings",
        ),
        (lambda d: d.update(manifest_version="1"), "its manifest_version is not a version"),
        (lambda d: d.update(manifest_version=0), "its manifest_version is not a version"),
        (lambda d: d["tool"].update(name="another"), "titanic-batch did not write it"),
        (lambda d: d["options"].update(x="\ud800"), "it holds text that is not Unicode"),
    ],
)
def test_says_what_is_wrong(output: Path, edit: Edit, reason: str) -> None:
    publish(output, NEW, REJECTS)
    edited(output, edit)
    assert fault(output).reason.startswith(reason)
    assert read_manifest(manifest_of(output)) is None
    with pytest.raises(DataError, match="its manifest cannot be used: "):
        verify(output)
    with pytest.raises(UsageError, match=r"--overwrite"):
        publish(output, OLD)
    publish(output, OLD, overwrite=True)
    assert verify(output).rows == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"\0" * 100,
        b"[[[[",
        b"[" * 200_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"1" * 5_000,
        b'{"tool": {"name": "titanic-batch"}, "tool": {"name": "titanic-batch"}}',
        b'{"tool": {"name": "titanic-batch", "name": "titanic-batch"}}',
    ],
)
def test_is_no_manifest(output: Path, data: bytes) -> None:
    publish(output)
    manifest_of(output).write_bytes(data)
    assert not fault(output).is_ours
    assert not is_published(output)


def test_deep_nesting_and_giants_are_refused_though_they_are_json(output: Path) -> None:
    publish(output)
    manifest = manifest_of(output)
    good = manifest.read_bytes()

    def nest(document: dict[str, Any]) -> None:
        for _ in range(40):
            document["options"] = {"o": document["options"]}

    edited(output, nest)
    assert fault(output).reason == "it is nested too deeply"
    manifest.write_bytes(good)
    os.truncate(manifest, (64 << 20) + 1)  # a hole, which takes no space
    assert fault(output).reason == "it is larger than 64 MB"


def test_a_newer_version_is_ours_and_its_cure_is_to_upgrade(output: Path) -> None:
    publish(output, OLD)
    edited(output, lambda d: d.update(manifest_version=2, rows="in another form"))
    found = fault(output)
    assert (found.is_ours, found.hint) == (True, "Upgrade titanic-batch.")
    assert is_published(output)  # so that no folder of inputs takes it for one
    with pytest.raises(UsageError, match="version 2, newer than this titanic-batch knows"):
        publish(output)


def test_a_clock_that_was_set_back_is_no_fault(output: Path) -> None:
    publish(output)
    edited(output, lambda d: d.update(seconds=-3_600.0, finished_at="2026-11-22T02:00:00.000Z"))
    assert verify(output).rows == 3


def test_keys_that_a_later_tool_adds_or_an_earlier_one_lacked_are_no_fault(output: Path) -> None:
    manifest = publish(output)

    def change(document: dict[str, Any]) -> None:
        document["new"] = {"key": 1}
        document["output"]["also"] = "new"
        del document["job"], document["rows_recalled"], document["rejects"]["other_faults"]

    edited(output, change)
    assert read_manifest(manifest_of(output)) == manifest
    publish(output, OLD)


@pytest.mark.parametrize("named", ["folder", "/dev/zero", "/" + "a" * 5_000, "a" * 300, "fifo"])
def test_whatever_it_names_as_its_rejects_is_left_alone(output: Path, named: str) -> None:
    place = output.with_name(named) if named in {"folder", "fifo"} else Path(named)
    if named == "folder":
        place.mkdir()
    if named == "fifo":
        os.mkfifo(place)
    publish(output, OLD)
    edited(output, lambda d: d["rejects"].update(path=str(place)))
    publish(output, NEW)
    assert output.read_bytes() == NEW
    if named in {"folder", "fifo"}:
        assert place.exists()


@pytest.mark.parametrize("how", ["other reasons", "a link"])
def test_the_rejects_of_another_output_are_not_removed(
    output: Path, tmp_path: Path, how: str
) -> None:
    other = tmp_path / "other.csv"
    publish(output_paths(other, tmp_path / "bad.csv"), NEW, REJECTS)
    publish(output, OLD)
    named = tmp_path / "bad.csv"
    if how == "a link":
        named = tmp_path / "link.csv"
        named.symlink_to(tmp_path / "bad.csv")
    reasons = {"x": 1} if how == "other reasons" else {"not-a-number": 1, "wrong-width": 1}
    edited(output, lambda d: d["rejects"].update(path=str(named), by_reason=reasons))
    publish(output, NEW)
    assert (tmp_path / "bad.csv").read_bytes().startswith(HEADER)
    assert os.path.lexists(named)


def test_a_private_manifest_that_names_rejects_that_are_nowhere_blocks_no_run(
    output: Path,
) -> None:
    manifest = publish(output, OLD)
    stray = output.with_name(f".scored.csv.manifest.json.{manifest.run_id}.tmp")
    document = manifest.to_json()
    document["rejects"]["path"] = str(output.parent / "gone" / "bad.csv")
    stray.write_text(json.dumps(document), encoding="utf-8")
    publish(output, NEW)
    assert set(files_in(output.parent)) == {"scored.csv", "scored.csv.manifest.json"}


# ---------------------------------------------------------------------------------------------
# Whatever stands in it: no reader crashes, and what is believed is sound.

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["\0", "\ud800", "/dev/zero", "2026-11-20", "9" * 400, "..", ""]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    found = [path] if path else []
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(data=st.data())
def test_no_mutation_of_a_manifest_crashes_a_reader(data: st.DataObject, output: Path) -> None:
    for path in output.parent.iterdir():
        path.unlink()
    document = publish(output, NEW, REJECTS).to_json()
    document["job"] = {
        "name": "nightly",
        "date": "2026-11-20",
        "guards": [{"guard": "g", "column": None, "verdict": "passed", "value": 1.0, "said": ""}],
        "profile": {"Age": {"bins": {"edges": [1.0]}, "counts": [1, 2]}},
    }
    mutated = copy.deepcopy(document)
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(places(mutated)))
        parent = mutated
        for key in way:
            parent = parent[key]
        if data.draw(st.booleans()):
            parent[last] = data.draw(ODD)
        elif isinstance(parent, dict):
            del parent[last]
    manifest = manifest_of(output)
    manifest.write_text(json.dumps(mutated), encoding="utf-8")

    found = find_manifest(manifest)
    assert found is not None
    if not isinstance(found, UnreadableManifest):
        assert found.rows.read == found.rows.scored + found.rows.rejected >= 0
        assert found.to_json()
        assert list(errors(mutated, SCHEMA)) == []
    elif found.reason.startswith(("it has no ", "its ")) and "rows read are" not in found.reason:
        assert list(errors(mutated, SCHEMA)) != []
    is_published(output)
    with contextlib.suppress(DataError):
        assert verify(output).rows == 3
    with contextlib.suppress(UsageError):
        publish(output, OLD)
    stray = output.with_name(f".scored.csv.manifest.json.{'a' * 32}.tmp")
    stray.write_text(json.dumps(mutated), encoding="utf-8")
    look_again(output, overwrite=True)
    assert not stray.exists()
