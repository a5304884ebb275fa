"""The commands of the pages on nightly jobs run as they stand, and every exit code is explained."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.jobs.conftest import ROOT, Store, environment_of
from titanic_batch import errors
from titanic_batch.jobs.tables import GuardsTable

FIRST = (ROOT / "docs" / "first-nightly-job.md").read_text(encoding="utf-8")
FAILS = (ROOT / "docs" / "when-it-fails.md").read_text(encoding="utf-8")


def run_blocks(page: str, folder: Path, home: Path, programs: Path) -> str:
    """Run a page's commands, one block after the other, and return what they print."""
    script = "\n".join(re.findall(r"```bash\n(.*?)```", page, re.DOTALL))
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.defpath])
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env={"PATH": path, "LC_ALL": "C.UTF-8", **environment_of(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_the_first_nightly_job_ends_in_scores_metrics_and_units(
    project: Path, store: Store, warm_bin: Path
) -> None:
    # What the page says of models in another place than ~/bentoml.
    page = FIRST.replace("env -i HOME", 'env -i BENTOML_HOME="$BENTOML_HOME" HOME')
    page = page.replace("env -i ", 'env -i XDG_CONFIG_HOME="$XDG_CONFIG_HOME" ')
    said = run_blocks(page, project, store.home, warm_bin)
    for day in ("2026-11-21", "2026-11-22"):
        assert (project / "scored" / day / "passengers.parquet").exists()
        verdicts = json.loads((project / "scored" / day / "_run.manifest.json").read_bytes())
        assert verdicts["status"] == "published"
    metrics = (project / "passengers.prom").read_text(encoding="utf-8")
    assert 'titanic_batch_run_success{job="passengers"} 1.0' in metrics
    assert "passengers.toml: good" in said
    assert "would be scored into" in said
    assert "2026-11-22 skipped" in said
    assert "OnCalendar=*-*-* 04:15:00 Europe/Paris" in said


def test_the_first_nightly_job_explains_every_guard() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \|", FIRST, re.M))
    assert explained == set(GuardsTable.model_fields)


def test_when_it_fails_its_commands_run(project: Path, store: Store, warm_bin: Path) -> None:
    said = run_blocks(FAILS, project, store.home, warm_bin)
    assert said.count("published") >= 7


def test_when_it_fails_explains_every_exit_code() -> None:
    explained = {
        int(code) for row in re.findall(r"^\| ([\d, ]+) \|", FAILS, re.M) for code in row.split(",")
    }
    codes = {
        kind.exit_code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.TitanicBatchError)
    }
    assert (codes - {errors.ClosedPipeError.exit_code}) | {0, 129, 130, 143} == explained


@pytest.mark.parametrize("page", [FIRST, FAILS])
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", page):
        assert (ROOT / "docs" / target).exists(), target
