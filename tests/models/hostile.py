"""Model files that would run code if they were unpickled, and files that are broken.

Each hostile one writes a canary file. None may ever do so without trust.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import skops.io
from sklearn.linear_model import LogisticRegression

fit = LogisticRegression().fit(np.array([[0.0], [1.0]]), [0, 1])


class Reduce:
    """Pickles as a call."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


def _touch(canary: Path) -> str:
    return f"open({str(canary)!r}, 'w').close()"


def hostile_pickles(canary: Path) -> dict[str, bytes]:
    """Return pickles, by name, each of which writes `canary` when it is loaded."""
    shell = Reduce(os.system, f"touch {canary}")
    code = _touch(canary)
    estimator = LogisticRegression()
    estimator.hidden_ = shell
    plain = pickle.dumps(shell)
    joblib_file = io.BytesIO()
    joblib.dump({"model": fit, "array": np.arange(5), "extra": shell}, joblib_file)
    zipped = io.BytesIO()
    joblib.dump([shell], zipped, compress=3)
    return {
        "os_system": plain,
        "protocol_0": pickle.dumps(shell, protocol=0),
        "protocol_2": pickle.dumps(shell, protocol=2),
        "exec": pickle.dumps(Reduce(exec, code)),
        "eval": pickle.dumps(Reduce(eval, f"__import__('os').system('touch {canary}')")),
        "open": pickle.dumps(Reduce(open, str(canary), "w")),
        "popen": pickle.dumps(Reduce(subprocess.Popen, ["touch", str(canary)])),
        "check_output": pickle.dumps(Reduce(subprocess.check_output, ["touch", str(canary)])),
        "path_touch": pickle.dumps(Reduce(Path.touch, canary)),
        "nested": pickle.dumps({"a": [({"b": shell},)]}),
        "nested_reduce": pickle.dumps(Reduce(list, [Reduce(map, exec, [code])])),
        "partial": pickle.dumps(Reduce(next, Reduce(map, partial(exec, code), [{}]))),
        "inside_estimator": pickle.dumps(estimator),
        "after_a_model": pickle.dumps((fit, shell)),
        "two_pickles": pickle.dumps(shell) + pickle.dumps(fit),
        "unpickle_again": pickle.dumps(Reduce(pickle.loads, plain)),
        "joblib": joblib_file.getvalue(),
        "joblib_zlib": zipped.getvalue(),
        "zlib": zlib.compress(plain),
        "gzip": gzip.compress(plain),
        "bz2": bz2.compress(plain),
        "xz": lzma.compress(plain),
        "truncated_after_the_call": plain[:-1],
        "object_array": _object_array(shell),
        "text_opcodes": f"cos\nsystem\n(S'touch {canary}'\ntR.".encode(),
        "inst_opcode": f"(S'touch {canary}'\nios\nsystem\n.".encode(),
    }


def _object_array(value: object) -> bytes:
    array = np.empty(1, dtype=object)
    array[0] = value
    return pickle.dumps(array)


def hostile_skops(canary: Path) -> dict[str, bytes]:
    """Return .skops files that try to get code run, to fill the memory, or are no skops at all."""
    good = skops.io.dumps(fit)
    shell = pickle.dumps(Reduce(os.system, f"touch {canary}"))
    return {
        "renamed_pickle": shell,
        "renamed_joblib": hostile_pickles(canary)["joblib"],
        "os_system_type": with_schema(
            good,
            {
                "__class__": "system",
                "__module__": "os",
                "__loader__": "TypeNode",
                "protocol": 2,
            },
        ),
        "reduce_node": with_schema(
            good,
            {
                "__class__": "system",
                "__module__": "posix",
                "__loader__": "ObjectNode",
                "content": {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode"},
                "protocol": 2,
            },
        ),
        "old_protocol": with_schema(
            good,
            {
                "__class__": "system",
                "__module__": "os",
                "__loader__": "FunctionNode",
                "content": {"module_path": "os", "function": "system"},
                "protocol": 0,
            },
        ),
        "pickle_for_an_array": replace_members(good, shell),
        "future_protocol": with_schema(good, {"protocol": 99}),
        "not_json": with_schema_text(good, "{"),
        "schema_is_a_list": with_schema_text(good, "[1, 2]"),
        "deep_json": with_schema_text(good, "[" * 100_000),
        "no_schema": empty_zip({"a.npy": b"x"}),
        "empty_zip": empty_zip({}),
        "truncated": good[: len(good) // 2],
        "zip_bomb": zip_bomb(),
        "lzma_bomb": empty_zip({"schema.json": b" " * 1_000_000}, zipfile.ZIP_LZMA),
    }


def with_schema(good: bytes, schema: dict[str, Any]) -> bytes:
    """Return a skops file with another schema.json."""
    return with_schema_text(good, json.dumps(schema))


def with_schema_text(good: bytes, text: str) -> bytes:
    """Return a skops file with another schema.json, given as text."""
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return empty_zip({**members, "schema.json": text.encode()})


def replace_members(good: bytes, data: bytes) -> bytes:
    """Return a skops file whose arrays are all `data`."""
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        schema = archive.read("schema.json")
        names = [name for name in archive.namelist() if name != "schema.json"]
    return empty_zip({**dict.fromkeys(names, data), "schema.json": schema})


def empty_zip(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip file with these members and nothing else."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@cache
def zip_bomb() -> bytes:
    """Return a small zip file that says it unpacks to more than 1 GB."""
    buffer = io.BytesIO()
    zeros = b"\0" * (1 << 20)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("schema.json", "{}")
        with archive.open("bomb.npy", "w", force_zip64=True) as member:
            for _ in range(1 << 5):
                member.write(zeros)
    data = bytearray(buffer.getvalue())
    # The size that the directory states is made 64 times as large instead of writing that much.
    return bytes(data.replace((1 << 25).to_bytes(4, "little"), (1 << 31).to_bytes(4, "little")))
