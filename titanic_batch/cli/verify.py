"""`titanic-batch verify`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from titanic_batch.cli.common import AsJson, Trust, with_common_options
from titanic_batch.cli.console import print_json, stdout, style
from titanic_batch.interrupts import interruptible

if TYPE_CHECKING:
    from titanic_batch.publish.verify import Verification
    from titanic_batch.scoring.recomputing import Recomputation


@with_common_options
def verify_command(
    output: Annotated[
        str, typer.Argument(metavar="OUTPUT", help="A published file, or a folder of parts.")
    ],
    recomputes: Annotated[
        bool,
        typer.Option(
            "--recompute",
            help="Also score its input again, through scikit-learn alone, and compare.",
        ),
    ] = False,
    sample: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Recompute about N rows, spread over all.", show_default="all"
        ),
    ] = None,
    trust: Trust = None,
    as_json: AsJson = False,
) -> None:
    """Example: `titanic-batch verify scored.parquet --recompute --sample 1000`

    Read a published file again and hold its hash, size and row count against its manifest. With
    --recompute, score its input again through scikit-learn alone, with the same model and options,
    and compare labels and scores. Exits with 0 if all match, with 65 if something does not, with 66
    if the input is gone.
    """
    from titanic_batch.errors import UsageError
    from titanic_batch.publish.verify import verify

    if not recomputes and (sample is not None or trust):
        raise UsageError("--sample and --trust are for --recompute", hint="Add --recompute.")
    verification = verify(output)
    recomputed = _recomputed(verification, sample, trust or ()) if recomputes else None
    if as_json:
        print_json(
            {
                "status": "matches",
                "path": str(verification.path),
                "rows": verification.rows,
                "sha256": verification.sha256,
                "run_id": verification.manifest.run_id,
                "model": vars(verification.manifest.model),
                **({"recomputed": vars(recomputed)} if recomputed is not None else {}),
            }
        )
    elif not style().quiet:
        stdout().print(f"{verification.path}: {verification.rows:,} rows, matches its manifest")
        if recomputed is not None:
            stdout().print(
                f"{recomputed.rows:,} rows recomputed: the same labels, scores within "
                f"{recomputed.largest_difference:.1g}"
            )


def _recomputed(
    verification: Verification, sample: int | None, trust: Sequence[str]
) -> Recomputation:
    with interruptible():  # scikit-learn comes with it
        from titanic_batch.scoring.recomputing import recompute
    return recompute(verification.path, verification.manifest, sample=sample, trust=trust)
