"""The JSON Schema of job files: the shipped one is the tables' own."""

from __future__ import annotations

import json
import tomllib

from tests.jobs.conftest import ROOT
from tests.jobs.test_job_file import EVERY_OPTION
from titanic_batch.jobs.json_schema import make_schema, shipped_schema
from titanic_batch.jobs.tables import TABLES


def test_the_shipped_one_is_current() -> None:
    assert shipped_schema() == make_schema(), "run `python -m titanic_batch.jobs.json_schema`"


def test_knows_every_table_and_every_key_and_no_other() -> None:
    schema = json.loads(shipped_schema())
    assert set(schema["properties"]) == set(TABLES)
    assert schema["additionalProperties"] is False
    for name, table in TABLES.items():
        definition = schema["$defs"][table.__name__]
        assert definition["additionalProperties"] is False
        assert set(definition["properties"]) == set(table.model_fields), name
        assert all("description" in key for key in definition["properties"].values())


def test_knows_what_the_samples_hold() -> None:
    schema = json.loads(shipped_schema())
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "jobs").glob("*.toml")]
    for text in [*texts, EVERY_OPTION]:
        for name, table in tomllib.loads(text).items():
            definition = schema["$defs"][TABLES[name].__name__]
            for keys in table.values() if name == "columns" else [table]:
                assert set(keys) <= set(definition["properties"])


def test_the_sample_jobs_name_it() -> None:
    for path in (ROOT / "jobs").glob("*.toml"):
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        place = first.removeprefix("#:schema ")
        assert (path.parent / place).resolve() == ROOT / "titanic_batch/jobs/job.schema.json"
