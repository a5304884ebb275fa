"""`titanic-batch verify`."""

from __future__ import annotations

from typing import Annotated

import typer

from titanic_batch.cli.common import with_common_options
from titanic_batch.cli.console import print_json, stdout, style


@with_common_options
def verify_command(
    output: Annotated[str, typer.Argument(metavar="OUTPUT", help="A published file.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.")
    ] = False,
) -> None:
    """Example: `titanic-batch verify scored.parquet`

    Read a published file again and hold its hash, size and row count against its manifest. Exits
    with 0 if they match, with 65 if they do not.
    """
    from titanic_batch.publish.verify import verify

    verification = verify(output)
    if as_json:
        print_json(
            {
                "status": "matches",
                "path": str(verification.path),
                "rows": verification.rows,
                "sha256": verification.sha256,
                "run_id": verification.manifest.run_id,
                "model": vars(verification.manifest.model),
            }
        )
    elif not style().quiet:
        stdout().print(f"{verification.path}: {verification.rows:,} rows, matches its manifest")
