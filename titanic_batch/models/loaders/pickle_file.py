"""The loader of pickle files: plain pickle, joblib, compressed joblib."""

from __future__ import annotations

import io
import re
from typing import Any

from titanic_batch.errors import ModelError
from titanic_batch.models.artifact import Artifact
from titanic_batch.models.model_file import file_path

PICKLE_TRUST_REASON = "a pickle runs whatever its author wrote into it"

# Joblib looks for their files in the working folder, and unpickles what it finds.
_IN_OTHER_FILES = ("NDArrayWrapper", "ZNDArrayWrapper")

# The first `_sklearn_version` of a pickle is followed by its value: a memo opcode, then a string
# with its length (protocols 1 to 5) or its line (protocol 0).
_RECORDED_VERSION = re.compile(
    rb"_sklearn_version(?:\x94|q.|r....)?(?:\x8c(.)|X(.)\x00\x00\x00)"
    rb"|_sklearn_version\n(?:p\d+\n)?V([0-9][^\n]*)\n",
    re.DOTALL,
)


class PickleFileLoader:
    """Loads .pkl, .pickle and .joblib files. It needs trust, always."""

    name = "pickle"

    def resolve(self, ref: str) -> Artifact:
        """Return the file, not yet looked at."""
        path = file_path(ref)
        return Artifact(tag=path.name, path=path)

    def trust_reason(self, data: bytes) -> str:  # noqa: ARG002 - the protocol's signature
        """Return why a pickle must be trusted: it runs code, whatever it holds."""
        return PICKLE_TRUST_REASON

    def load(self, data: bytes) -> Any:
        """Unpickle `data`."""
        return load_pickle(data)


def load_pickle(data: bytes) -> Any:
    """Unpickle a trusted model; joblib reads plain pickles and compressed ones as well.

    Raises:
        ModelError: if it keeps its arrays in other files, which nobody has hashed.
    """
    # What joblib.load does with an open file, but for the class of the unpickler.
    from joblib.numpy_pickle import NumpyUnpickler
    from joblib.numpy_pickle_utils import _validate_fileobject_and_memmap

    class OneFileUnpickler(NumpyUnpickler):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> Any:
            if name in _IN_OTHER_FILES and module.startswith("joblib."):
                raise ModelError(
                    "it was written by joblib before 0.10, which kept arrays in files of their own",
                    hint="Load it where it was made, and write it again with a newer joblib.",
                )
            return super().find_class(module, name)

    with _validate_fileobject_and_memmap(io.BytesIO(data), "") as (file, _):
        return OneFileUnpickler("", file, ensure_native_byte_order=True).load()


def recorded_sklearn_version(data: bytes) -> str | None:
    """Return the scikit-learn version that an uncompressed pickle says it was made with.

    The pickle is searched, not run. None where it does not say (compressed, or no scikit-learn
    estimator in it): loading it still shows the version, as a warning.
    """
    match = _RECORDED_VERSION.search(data)
    if match is None:
        return None
    length = match[1] or match[2]
    raw = data[match.end() : match.end() + length[0]] if length else match[3]
    version = raw.decode("ascii", "replace")
    return version if re.fullmatch(r"\d+\.\d+[\w.+]*", version) else None
