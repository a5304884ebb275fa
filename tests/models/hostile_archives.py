"""Archives that would write elsewhere, fill the disk, or are no model of the store."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from functools import cache

PICKLE = b"cos\nsystem\n(S'touch /nowhere'\ntR."

_YAML = """name: {name}
version: {version}
module: bentoml.sklearn
labels: {{}}
options: {{}}
metadata: {metadata}
context:
  framework_name: sklearn
  framework_versions: {{scikit-learn: 1.9.1}}
  bentoml_version: 1.4.39
  python_version: 3.11.7
signatures: {{}}
api_version: v1
creation_time: '{created}'
"""


def described(
    tag: str = "m:v1",
    *,
    metadata: str = "{}",
    before: str = "",
    created: str = "2026-01-02T03:04:05+00:00",
) -> bytes:
    """Return a model.yaml as bentoml writes it."""
    name, _, version = tag.partition(":")
    text = _YAML.format(name=name, version=version, metadata=metadata, created=created)
    return (before + text).encode()


def alias_bomb() -> bytes:
    """Return a model.yaml of 1 kB that holds 9**9 texts."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]\n"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9)]
    return described(before="".join(lines), metadata="{b: *a8}")


def tar(members: dict[str, bytes], *special: tarfile.TarInfo) -> bytes:
    """Return a tar file of these files, and members without content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in special:
            archive.addfile(info)
    return buffer.getvalue()


def member(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    """Return a member of a tar file that is no file."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def zipped(
    members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED, mode: int = 0o100644
) -> bytes:
    """Return a zip file of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo("x")
            info.filename = name  # its own constructor would cut it at a null
            info.compress_type, info.create_system = method, 3
            info.external_attr = mode << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def with_duplicate(name: str) -> bytes:
    """Return a tar file that holds a model, and one of its files once more."""
    return _without_end(tar(model_files())) + tar({name: b"other"})


def _without_end(archive: bytes) -> bytes:
    """Return a tar file without its last blocks, so that more can follow."""
    data = archive.rstrip(b"\0")
    return data + b"\0" * (-len(data) % 512)


def model_files(tag: str = "m:v1") -> dict[str, bytes]:
    """Return the files of a model that nobody has a reason to refuse."""
    return {"model.yaml": described(tag), "saved_model.pkl": PICKLE}


def lying_zip(zeros: int) -> bytes:
    """Return a zip file that says of a member that unpacks to `zeros` that it has 10 bytes."""
    data = zipped({**model_files(), "zeros": b"\0" * zeros})
    return data.replace(zeros.to_bytes(4, "little"), (10).to_bytes(4, "little"))


def sparse_tar(hole: int) -> bytes:
    """Return a tar file with a file that is nothing but a hole."""
    info = tarfile.TarInfo("hole")
    info.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"%011o\0" % hole  # the real size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return _without_end(tar(model_files())) + bytes(header) + b"\0" * 1024


@cache
def bombs(zeros: int = 3_000_000) -> dict[str, bytes]:
    """Return archives, by file name, that unpack to more than a hundred times their size."""
    files = {**model_files(), "zeros": b"\0" * zeros}
    long_name = tarfile.TarInfo("x" * zeros)
    return {
        "deflate.zip": zipped(files),
        "gz.tar.gz": gzip.compress(tar(files)),
        "xz.tar.xz": lzma.compress(tar(files)),
        "bz2.tar.bz2": bz2.compress(tar(files)),
        "model.bentomodel": lzma.compress(tar(files)),
        "in_headers.tar.xz": lzma.compress(tar(model_files(), long_name)),
        "hole.tar": sparse_tar(zeros),
        "bzip2.zip": zipped(files, method=zipfile.ZIP_BZIP2),
        "lzma.zip": zipped(files, method=zipfile.ZIP_LZMA),
    }
