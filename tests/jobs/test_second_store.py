"""Files of a second store are scored, published and run by jobs as they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

import titanic_batch
from tests.stores.memory import ByScheme, MemoryStore
from titanic_batch import stores
from titanic_batch.errors import UsageError
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.running import run_job
from titanic_batch.publish.verify import verify

DAY = date(2026, 11, 22)
BUCKET = "mem://bucket"


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    folder = tmp_path / "staged"
    folder.mkdir()
    memory = MemoryStore(folder)
    monkeypatch.setattr(stores, "_LOCAL", ByScheme(memory))
    return memory


def put(memory: MemoryStore, key: str, file: Path) -> str:
    memory.put(f"{BUCKET}/{key}", file.read_bytes())
    return f"{BUCKET}/{key}"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file(memory: MemoryStore, passengers: Path, tmp_path: Path, kind: str) -> None:
    local = tmp_path / f"local.{kind}"
    expected = titanic_batch.score(passengers, local)
    name = f"{BUCKET}/scores/out.{kind}"
    source = put(memory, "in/today.csv", passengers)
    titanic_batch.score(source, name)
    manifest = titanic_batch.score(source, name)  # its own output is replaced
    assert (manifest.output.path, manifest.input.path) == (name, source)
    assert memory.objects[name].data == local.read_bytes()
    assert verify(name).rows == expected.rows.scored
    again = titanic_batch.score(name, f"{BUCKET}/again.csv", keep="none")
    assert again.rows == expected.rows
    assert set(memory.list(BUCKET)) == {
        source,
        *(f"{key}{end}" for key in (name, f"{BUCKET}/again.csv") for end in ("", ".manifest.json")),
    }
    assert list(memory.folder.iterdir()) == []


def test_rejects_and_what_is_foreign(memory: MemoryStore, passengers: Path) -> None:
    lines = passengers.read_text().splitlines(keepends=True)
    memory.put(f"{BUCKET}/bad.csv", "".join([*lines, "1\n"]).encode())
    titanic_batch.score(f"{BUCKET}/bad.csv", f"{BUCKET}/out.csv", max_rejects=1)
    assert b"wrong-width" in memory.objects[f"{BUCKET}/out.csv.rejects.csv"].data
    put(memory, "foreign.csv", passengers)
    with pytest.raises(UsageError, match=f"{BUCKET}/foreign.csv: this file was not written by"):
        titanic_batch.score(f"{BUCKET}/bad.csv", f"{BUCKET}/foreign.csv", max_rejects=1)
    with pytest.raises(UsageError, match="input and output are the same file"):
        titanic_batch.score(f"{BUCKET}/foreign.csv", f"{BUCKET}/foreign.csv", overwrite=True)


def test_a_prefix(memory: MemoryStore, passengers: Path) -> None:
    for key in ("in/a.csv", "in/b.csv"):
        put(memory, key, passengers)
    files = titanic_batch.score_files(f"{BUCKET}/in/*.csv", f"{BUCKET}/out/", output_format="csv")
    assert [file.error for file in files] == [None, None]
    assert memory.glob(f"{BUCKET}/out/*.csv") == [f"{BUCKET}/out/a.csv", f"{BUCKET}/out/b.csv"]


def test_a_job(memory: MemoryStore, passengers: Path, job_of: Callable[..., Job]) -> None:
    put(memory, "2026-11-22/in.csv", passengers)
    job = job_of(source=f"{BUCKET}/{{date}}/in.csv", target=f"{BUCKET}/out/{{date}}.csv")
    statuses = [run_job(job, DAY).status for _ in range(2)]
    assert statuses == ["published", "skipped"]
    assert verify(f"{BUCKET}/out/2026-11-22.csv").manifest.job is not None
