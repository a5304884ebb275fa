"""The page's file: written in one step, over nothing but a page of ours."""

from __future__ import annotations

from titanic_batch.documents import NotADocumentError
from titanic_batch.errors import TitanicBatchError, UsageError, os_errors
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.run_history import history_of_job
from titanic_batch.report.page import make_page
from titanic_batch.report.reading import story_of_history
from titanic_batch.stores import entry_at, is_folder, store_of, write_file
from titanic_batch.stores.names import folder_of

#: In the head of each page.
_MARK = b'<meta name="generator" content="titanic-batch report">'
_LARGEST_BYTES = 64 << 20


def write_page(path: str, page: str, *, overwrite: bool = False) -> int:
    """Write a page, and return its size in bytes; a path that is a symlink means its target.

    Raises:
        UsageError: if something else stands there.
        FileAccessError: if the system refuses.
    """
    if not overwrite:
        _refuse_foreign(path)
    data = page.encode("utf-8")
    write_file(store_of(path).resolve(path), data, "writing the report")
    return len(data)


def write_report_of(job: Job) -> str:
    """Write the report that a job asks for.

    Returns:
        Why it could not be written, as a sentence; "" if it was, or none is asked for.
    """
    path = job.report_path
    if path is None:
        return ""
    try:
        story = story_of_history(
            history_of_job(job), where=str(job.path), nothing="there are no run records", hint=""
        )
        with os_errors(path, "writing the report"):
            store_of(path).make_folder(folder_of(path))
        write_page(path, make_page(story))
    except TitanicBatchError as exc:
        return f"the report {path} was not written: {exc}"
    return ""


def _refuse_foreign(path: str) -> None:
    """Refuse a path where something stands that is not a page of ours."""
    if entry_at(path, follow=False) is None:
        return
    hint = "Name another file, or give --overwrite."
    if is_folder(path):
        raise UsageError("this is a folder", where=path, hint="Name a file in it.")
    try:
        with os_errors(path, "looking at the report before"):
            before = store_of(path).read(path, limit=_LARGEST_BYTES, follow=True)
    except NotADocumentError as exc:
        raise UsageError(f"{exc}, and not a report", where=path, hint=hint) from exc
    if before is not None and _MARK not in before[:4096]:
        raise UsageError("this file is not a report of titanic-batch", where=path, hint=hint)
