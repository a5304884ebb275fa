"""What an archive from anywhere must not do, however it is packed. Each ends in 65."""

from __future__ import annotations

import gzip
import lzma
import random
import tarfile
from pathlib import Path

import pytest

from tests.models import hostile_archives as hostile
from titanic_batch.errors import DataError, ModelError
from titanic_batch.models import delete_model, import_model, list_models
from titanic_batch.models.store import unpacking
from titanic_batch.models.store.unpacking import UNPACKED_RATIO


def refused(tmp_path: Path, home: Path, name: str, data: bytes) -> str:
    """Import an archive that must be refused and leave nothing; return what is said."""
    path = tmp_path / name
    path.write_bytes(data)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError) as caught:
        import_model(path)
    assert caught.value.exit_code == 65
    assert caught.value.where == str(path)
    assert list_models() == []
    left = [p for p in (home / "bentoml").rglob("*") if p != home / "bentoml" / "models"]
    assert left == []
    assert [p for p in sorted(tmp_path.rglob("*")) if home not in p.parents and p != home] == [
        p for p in before if home not in p.parents and p != home
    ]
    return caught.value.message


@pytest.mark.parametrize("ending", [".tar", ".zip"])
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("../outside", "outside its folder"),
        ("/outside", "outside its folder"),
        ("a/../../outside", "outside its folder"),
        ("a/..", "outside its folder"),
        ("..\\outside", "outside its folder"),
        ("C:\\outside", "outside its folder"),
        ("a\nb", "not a plain file name"),
        ("a\x1b[31m", "not a plain file name"),
        ("\u202etxt", "not a plain file name"),
        ("x" * 256, "not a plain file name"),
        ("/".join(["x" * 100] * 11), "not a plain file name"),
        ("x/" * 40 + "x", "not a plain file name"),
        ("Saved_Model.pkl", "twice"),
        ("./saved_model.pkl", "twice"),
        ("saved_model.pkl/below", "below a file"),
        ("v2/model.yaml", "not hold one model"),
    ],
    ids=ascii,
)
def test_a_name_that_leads_elsewhere_is_refused(
    name: str, says: str, ending: str, tmp_path: Path, home: Path
) -> None:
    files = {**hostile.model_files(), name: b"x"}
    data = hostile.tar(files) if ending == ".tar" else hostile.zipped(files)
    assert says in refused(tmp_path, home, f"m{ending}", data)


def test_a_zip_name_is_read_to_its_end(tmp_path: Path, home: Path) -> None:
    files = {**hostile.model_files(), "a\0b": b"x"}
    assert "not a plain file name" in refused(tmp_path, home, "m.zip", hostile.zipped(files))


@pytest.mark.parametrize(
    ("kind", "link"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.SYMTYPE, "saved_model.pkl"),
        (tarfile.LNKTYPE, "saved_model.pkl"),
        (tarfile.LNKTYPE, "/etc/passwd"),
        (tarfile.FIFOTYPE, ""),
        (tarfile.CHRTYPE, ""),
        (tarfile.BLKTYPE, ""),
    ],
)
def test_a_link_or_device_is_refused(kind: bytes, link: str, tmp_path: Path, home: Path) -> None:
    data = hostile.tar(hostile.model_files(), hostile.member("extra", kind, link))
    assert "link" in refused(tmp_path, home, "m.tar", data)


def test_a_link_in_a_zip_is_refused(tmp_path: Path, home: Path) -> None:
    data = hostile.zipped({"model.yaml": b"/etc/passwd"}, mode=0o120777)
    assert "link" in refused(tmp_path, home, "m.zip", data)


@pytest.mark.parametrize("name", list(hostile.bombs(1000)))
def test_an_archive_that_unpacks_to_too_much_is_refused(
    name: str, tmp_path: Path, home: Path
) -> None:
    says = refused(tmp_path, home, name, hostile.bombs()[name])
    assert f"{UNPACKED_RATIO} times" in says or "holes" in says or "deflate" in says


def test_a_size_that_is_stated_too_small_does_not_help(tmp_path: Path) -> None:
    """No more comes out than was stated, and that is not what the archive's checksum is of."""
    path = tmp_path / "m.zip"
    path.write_bytes(hostile.lying_zip(3_000_000))
    with pytest.raises(ModelError, match="damaged"):
        import_model(path)
    assert list_models() == []


def test_too_many_members_are_refused(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MAX_MEMBERS", 20)
    files = {**hostile.model_files(), **{f"f{i}": b"" for i in range(20)}}
    for name, data in (("m.tar", hostile.tar(files)), ("m.zip", hostile.zipped(files))):
        assert "more than 20 files" in refused(tmp_path, home, name, data)


def test_a_file_that_comes_twice_is_refused(tmp_path: Path, home: Path) -> None:
    data = hostile.with_duplicate("saved_model.pkl")
    assert "twice" in refused(tmp_path, home, "m.tar", data)


def test_modes_of_an_archive_are_not_taken(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "m.zip"
    path.write_bytes(hostile.zipped(hostile.model_files(), mode=0o106777))
    import_model(path)
    for file in (home / "bentoml" / "models" / "m" / "v1").iterdir():
        assert file.stat().st_mode & 0o7111 == 0


@pytest.mark.parametrize(
    ("yaml", "says"),
    [
        (hostile.alias_bomb(), "aliases"),
        (hostile.described(before=f"x: {'[' * 60_000}\n"), "more than 40 levels"),
        (hostile.described(before=f"x: {'{a: ' * 60_000}\n"), "more than 40 levels"),
        (hostile.described(before="x:\n" + "- {a: {b: c}}\n" * 60_000), "more than 250,000"),
        (hostile.described(before="a: &a [1]\nb: *a\n"), "aliases"),
        (hostile.described(before="a: &a {x: 1}\nb:\n  <<: *a\n"), "aliases"),
        (hostile.described(before="a: &a [*a]\n"), "aliases"),
        (hostile.described(before="a: !!python/object/apply:os.getcwd []\n"), "python/object"),
        (hostile.described(before="a: " + "9" * 5000 + "\n"), "number"),
        (hostile.described(before="a: 1" + ":59" * 200_000 + "\n"), "number"),
        (hostile.described(before="a: " + "[" * 3_000 + "\n"), "cannot be read"),
        (hostile.described(before="#" * (9 << 20) + "\n"), "larger than 8 MB"),
        (hostile.described(before="a: \0\n"), "cannot be read"),
        (b"[1, 2]", "not a mapping"),
        (b"name: m\n", "cannot be part of a tag"),
        (hostile.described("m:latest"), "latest"),
        (hostile.described("m:LATEST"), "latest"),
        (hostile.described("../../x:v1"), "part of a tag"),
        (hostile.described("a/b:v1"), "part of a tag"),
        (hostile.described("m:../../escaped"), "part of a tag"),
        (hostile.described("..:.."), "part of a tag"),
        (hostile.described("m:"), "part of a tag"),
        (hostile.described("m:a b"), "part of a tag"),
        (hostile.described("n" * 64 + ":v1"), "part of a tag"),
        (hostile.described(created="yesterday"), "not a time"),
        (hostile.described(metadata="[1]"), "not a mapping"),
    ],
    ids=lambda value: ascii(value[:40]),
)
def test_a_description_that_is_not_believed_is_refused(
    yaml: bytes, says: str, tmp_path: Path, home: Path
) -> None:
    files = {"model.yaml": yaml, "saved_model.pkl": hostile.PICKLE}
    assert says in refused(tmp_path, home, "m.tar", hostile.tar(files))


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".bentomodel", ".zip"])
def test_a_damaged_archive_is_one_error_or_a_model(ending: str, tmp_path: Path, home: Path) -> None:
    generator = random.Random(0)
    files = hostile.model_files()
    whole = {
        ".tar": hostile.tar(files),
        ".tar.gz": gzip.compress(hostile.tar(files)),
        ".bentomodel": lzma.compress(hostile.tar(files)),
        ".zip": hostile.zipped(files),
    }[ending]
    path = tmp_path / f"m{ending}"
    refused = 0
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(3):
            data[generator.randrange(min(len(data), 2000))] = generator.randrange(256)
        path.write_bytes(data[: generator.randrange(len(data) // 2, len(data) + 1)])
        try:
            delete_model(import_model(path).tag)
        except (DataError, ModelError):
            refused += 1
    assert refused > 30
    assert list_models() == []
    assert list((home / "bentoml").glob(".*")) == []
