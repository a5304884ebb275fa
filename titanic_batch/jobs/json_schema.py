"""The JSON Schema of job files, for editors: made from the tables, shipped as a file.

After a change to the tables, `python -m titanic_batch.jobs.json_schema` writes it anew.
"""

from __future__ import annotations

import json
from pathlib import Path

SHIPPED = Path(__file__).with_name("job.schema.json")


def shipped_schema() -> str:
    """Return the schema that came with this version, as JSON; imports nothing heavy."""
    return SHIPPED.read_text(encoding="utf-8")


def make_schema() -> str:
    """Return the schema that the tables have now, as JSON."""
    from titanic_batch.jobs.job_file import Job

    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Job.model_json_schema(),
        "title": "titanic-batch job",
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SHIPPED.write_text(make_schema(), encoding="utf-8")
