"""The error tree: every failure a user can meet, with the exit code it ends in.

    TitanicBatchError            1   a bug in titanic-batch
    ├── UsageError               2   wrong arguments, or a faulty job file
    ├── DataError               65   the data does not fit
    │   ├── TooManyRejectsError 65   more rows rejected than allowed
    │   └── RowDependenceError  65   a row's score depends on the rows beside it
    ├── InputMissingError       66   input missing or empty
    ├── ModelError              69   model not found, unreadable, or from another version
    │   └── CustomObjectsError  69   a part of it would not be applied
    ├── WorkerEndedError        71   the system ended a worker process
    ├── FileAccessError         74   reading or writing a file failed
    ├── OutputLockedError       75   another run holds the output
    ├── UntrustedModelError     77   the model's hash is not trusted
    └── ClosedPipeError        141   nobody reads standard output any more
    InterruptedRunError    128+N   stopped by a signal: SIGINT, SIGTERM, SIGHUP; no Exception

The numbers follow sysexits.h where one of its codes fits.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from titanic_batch.printable import printable


class TitanicBatchError(Exception):
    """Say what happened, where, and what fixes it.

    Args:
        message: What happened, as a sentence without its full stop.
        where: File, row, column: as close as is known.
        hint: The command or flag that fixes it, as a sentence.
        details: Lines that follow `message`: a list of rejects or faults.
    """

    exit_code: int = 1
    #: What logs hold in place of a `message` or a `hint` that quotes cells; None for the same.
    logged_message: str | None = None
    logged_hint: str | None = None

    def __init__(
        self, message: str, *, where: str = "", hint: str = "", details: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint
        self.details = tuple(details)

    def __str__(self) -> str:
        """Return the message, in one line but for the details; what is not ours is escaped."""
        head = f"{self.where}: {self.message}" if self.where else self.message
        if not self.details and self.hint:
            head += (" " if self.message.endswith("?") else ". ") + self.hint
        lines = [head, *self.details, *([self.hint] if self.details and self.hint else [])]
        return "\n".join(map(printable, lines))

    def to_json(self) -> dict[str, str]:
        """Return the message's parts as they are, for a document."""
        message = "\n".join((self.message, *self.details))
        return {"what": message, "where": self.where, "cure": self.hint}

    def __reduce__(self) -> tuple[Callable[..., TitanicBatchError], tuple[Any, ...]]:
        # Errors travel from worker processes to the parent; keyword-only fields need this.
        return _rebuild, (type(self), self.__dict__)


def _rebuild(kind: type[TitanicBatchError], fields: dict[str, Any]) -> TitanicBatchError:
    error = kind.__new__(kind, fields["message"])
    error.__dict__.update(fields)
    return error


def without_cells(error: TitanicBatchError | InterruptedRunError) -> tuple[str, str]:
    """Return an error's message and hint as logs may hold them: without a value of any cell."""
    message = getattr(error, "logged_message", None)
    hint = getattr(error, "logged_hint", None)
    parts = error.to_json()
    return parts["what"] if message is None else message, error.hint if hint is None else hint


class UsageError(TitanicBatchError):
    """The command, an option or a job file is wrong."""

    exit_code = 2


class DataError(TitanicBatchError):
    """The data does not fit the model, or is damaged."""

    exit_code = 65


class TooManyRejectsError(DataError):
    """More rows were rejected than the run allows."""


class RowDependenceError(DataError):
    """The model's score of a row depends on the rows beside it: no file is scored with it."""


class InputMissingError(TitanicBatchError):
    """The input does not exist or holds no data rows."""

    exit_code = 66


class ModelError(TitanicBatchError):
    """The model cannot be found, read or used."""

    exit_code = 69


class CustomObjectsError(ModelError):
    """A part of the stored model would not be applied."""


class WorkerEndedError(TitanicBatchError):
    """The operating system ended a worker process, or refused memory to this one."""

    exit_code = 71


@contextmanager
def memory_errors() -> Iterator[None]:
    """Turn what is raised where memory, or open files, run out into an error of ours.

    Raises:
        WorkerEndedError: in place of it, for memory.
        FileAccessError: in place of it, for open files.
    """
    try:
        yield
    except TitanicBatchError:
        raise
    except Exception as exc:
        error = exhausted(exc)
        if error is None:
            raise
        raise error from exc


def exhausted(error: BaseException) -> TitanicBatchError | None:
    """Return what a run ends in where a process got no more memory or files; None for others."""
    if is_out_of_memory(error):
        return out_of_memory()
    if _is_said(error, (errno.EMFILE, errno.ENFILE), _NO_FILES):
        return FileAccessError("no more files can be opened", hint=_MORE_FILES)
    return None


#: What other exceptions than a MemoryError say of it: C++, the loader of shared libraries, threads.
_NO_MEMORY = ("bad_alloc", "failed to map segment", "cannot allocate memory", "start new thread")
_NO_FILES = ("too many open files",)

_MORE_FILES = "Raise the limit before the command: `ulimit -n 1024`."


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception says, in whatever words, that memory ran out."""
    return _is_said(error, (errno.ENOMEM,), _NO_MEMORY, MemoryError)


def _is_said(
    error: BaseException,
    numbers: Sequence[int],
    words: Sequence[str],
    *kinds: type[BaseException],
) -> bool:
    left: list[BaseException | None] = [error]
    seen: set[int] = set()
    while left:
        one = left.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, kinds) or getattr(one, "errno", None) in numbers:
            return True
        said = words_of(one).lower()
        if any(text in said for text in words):
            return True
        left += [one.__cause__, one.__context__]
    return False


def words_of(error: BaseException) -> str:
    """Return what an exception says; nothing where it cannot say it, as foreign ones may."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # as foreign code may raise
        return ""


def out_of_memory() -> WorkerEndedError:
    """Return what a run ends in where memory ran out, in this process."""
    return WorkerEndedError(
        "memory ran out",
        hint="Lower --chunk-size or --workers, or give the job more memory.",
    )


class FileAccessError(TitanicBatchError):
    """Reading or writing a file failed."""

    exit_code = 74


class OutputLockedError(TitanicBatchError):
    """Another run holds this output."""

    exit_code = 75


class UntrustedModelError(TitanicBatchError):
    """The model's SHA-256 is not trusted, so it was not loaded."""

    exit_code = 77


class InterruptedRunError(BaseException):
    """A signal stopped the run before it published.

    Like KeyboardInterrupt it is no Exception: what reports one file's error and goes on with the
    next, or wraps whatever a library raises, lets it pass.
    """

    where = ""
    hint = ""

    def __init__(self, signum: int, *, published: int = 0) -> None:
        files = f"{published:,} file{'s' if published > 1 else ''}"
        done = f"{files} published before that" if published else "nothing was published"
        self.message = f"interrupted; {done}"
        super().__init__(self.message)
        self.signum = signum
        self.published = published
        self.exit_code = 128 + signum

    def to_json(self) -> dict[str, str]:
        """Return the message's parts, as those of other errors."""
        return {"what": self.message, "where": self.where, "cure": self.hint}

    def __reduce__(self) -> tuple[type[InterruptedRunError], tuple[int]]:
        return type(self), (self.signum,)


class ClosedPipeError(TitanicBatchError):
    """Nobody reads standard output any more: the end, and no fault."""

    exit_code = 141


#: When several files fail, the run ends with the first of these that any of them earned.
EXIT_CODE_PRECEDENCE = (1, 74, 77, 69, 65, 66, 75)

#: Every code that a run may end with.
KNOWN_EXIT_CODES = (0, 2, 71, 129, 130, 141, 143, *EXIT_CODE_PRECEDENCE)


def worst_exit_code(errors: Iterable[TitanicBatchError]) -> int:
    """Return the exit code of a run over several files, 0 where none failed."""
    codes = {error.exit_code for error in errors}
    for code in EXIT_CODE_PRECEDENCE:
        if code in codes:
            return code
    return max(codes, default=0)


@contextmanager
def os_errors(path: str | os.PathLike[str], doing: str) -> Iterator[None]:
    """Turn an OSError on `path` into an `FileAccessError` that says what was being done.

    Raises:
        FileAccessError: in place of the OSError, which is kept as its cause.
    """
    try:
        yield
    except OSError as exc:
        hint = _OS_HINTS.get(exc.errno or 0, "")
        reason = exc.strerror or str(exc)
        raise FileAccessError(
            f"{doing} failed: {reason}", where=os.fspath(path), hint=hint
        ) from exc


_OS_HINTS = {
    errno.ENOSPC: "Free some space there, or write the output to another disk.",
    errno.EDQUOT: "The quota is used up: free some space, or write the output elsewhere.",
    errno.EACCES: "Check the permissions of the file and its folder.",
    errno.EPERM: "Check the permissions of the file and its folder.",
    errno.EROFS: "The file system is read-only: choose another place.",
    errno.ENOENT: "Make the folder first, or correct the path.",
    errno.EMFILE: _MORE_FILES,
    errno.ENFILE: _MORE_FILES,
    errno.ENOTDIR: "A part of the path is a file, not a folder: correct the path.",
}
