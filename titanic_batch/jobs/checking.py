"""Check a job: its file, its model and its trust, without running it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from titanic_batch.jobs.arrival import input_is_absent, not_arrived
from titanic_batch.jobs.dates import today
from titanic_batch.jobs.job_file import Job, read_job
from titanic_batch.jobs.metrics import WRITING_METRICS
from titanic_batch.jobs.night import Night, plan_night
from titanic_batch.jobs.settings import choose_model, require_hash, score_keywords
from titanic_batch.publish.ownership import refuse_foreign
from titanic_batch.publish.paths import output_paths, require_names
from titanic_batch.scoring.api import make_options
from titanic_batch.scoring.inputs import pair_files
from titanic_batch.stores import require_writable, store_of


@dataclass(frozen=True, kw_only=True)
class JobCheck:
    """A job without a fault.

    Attributes:
        job: What its file says.
        tag: The model that would score it.
        sha256: That model's hash.
        tonight: What it would read and write today.
        columns_known: Whether columns were looked at: a model without a schema would have to be
            loaded for that.
    """

    job: Job
    tag: str
    sha256: str
    tonight: Night
    columns_known: bool


def check_job(path: str | Path) -> JobCheck:
    """Check a job file, that its model is there, fits this scikit-learn, and is trusted.

    Where tonight's input has arrived, its header is held against the model's columns.

    Raises:
        UsageError: if the file has a fault, or input and output do not go together.
        DataError: if the input's columns cannot feed the model.
        InputMissingError: if the input is empty.
        ModelError: if the model cannot be found or is of another scikit-learn minor version.
        FileAccessError: if its metrics or its output cannot be written.
        UntrustedModelError: if the model is not trusted, or not the one that the file pins.
    """
    from titanic_batch.jobs.guards import check_columns  # numpy comes with it
    from titanic_batch.models import open_model
    from titanic_batch.models.versions import SKLEARN, check_sklearn_version
    from titanic_batch.scoring.headers import check_header, check_model_columns

    job = read_job(path)
    choice = choose_model(job)
    night = plan_night(job, today(job.zone))
    options = make_options(**score_keywords(job, night))
    model = open_model(
        choice.ref, trust=choice.trust, ignore_custom_objects=options.ignore_custom_objects
    )
    require_hash(choice, model.sha256)
    if model.schema is not None:
        check_columns(job, model.schema)
        check_model_columns(model.schema, options)
    if recorded := model.libraries.get(SKLEARN):
        check_sklearn_version(
            recorded, ref=choice.ref, allow_mismatch=options.allow_version_mismatch
        )
    if not night.into_folder:
        require_names(output_paths(night.output, night.rejects))
    if not input_is_absent(night.input):  # it need not be there yet
        has_arrived = not_arrived(job, night) is None
        for pair in pair_files(night.input, night.output, options):
            if pair.output is not None:
                require_names(pair.output)
                refuse_foreign(pair.output, overwrite=options.overwrite)
            if model.schema is not None and has_arrived:
                check_header(pair, model.schema, options)
    for folder in night.folders:
        store_of(folder).check_folder(folder)
    if job.textfile is not None:
        require_writable(job.textfile, WRITING_METRICS)
    return JobCheck(
        job=job,
        tag=model.tag,
        sha256=model.sha256,
        tonight=night,
        columns_known=model.schema is not None,
    )
