"""docs/kubernetes.md: the CronJob maps the exit codes as the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from titanic_batch import errors

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def documents() -> dict[str, Any]:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


def becomes_of(exit_code: int, rules: list[dict[str, Any]]) -> str:
    """Return the action of the first rule that an exit code meets, as Kubernetes documents it."""
    for rule in rules:
        wanted = rule.get("onExitCodes")
        if wanted is None or exit_code == 0:
            continue
        is_named = exit_code in wanted["values"]
        if is_named == (wanted["operator"] == "In"):
            return str(rule["action"])
    return "Count"


def test_75_is_tried_again_and_nothing_else(documents: dict[str, Any]) -> None:
    job = documents["CronJob"]["spec"]["jobTemplate"]["spec"]
    rules = job["podFailurePolicy"]["rules"]
    codes = {
        kind.exit_code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.TitanicBatchError)
    }
    assert {code for code in codes if becomes_of(code, rules) == "Count"} == {75}
    assert becomes_of(65, rules) == "FailJob"
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    assert job["backoffLimit"] > 0
    (container,) = job["template"]["spec"]["containers"]
    named = {rule["onExitCodes"]["containerName"] for rule in rules if "onExitCodes" in rule}
    assert named == {container["name"]}
    # Kubernetes refuses 0 among the codes of In.
    assert all(0 not in r["onExitCodes"]["values"] for r in rules[1:] if r["action"] == "Count")


def test_the_job_file_and_its_mounts_belong_together(
    documents: dict[str, Any], tmp_path: Path
) -> None:
    (name,) = documents["ConfigMap"]["data"]
    text = documents["ConfigMap"]["data"][name]
    pod = documents["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    assert container["args"][:2] == ["run", f"/jobs/{name}"]
    assert {"/jobs", "/bentoml", "/data"} <= mounts
    containerfile = (ROOT / "Containerfile").read_text(encoding="utf-8")
    assert "BENTOML_HOME=/bentoml" in containerfile
    assert f"USER {pod['securityContext']['runAsUser']}\n" in containerfile
    job = tmp_path / name
    job.write_text(text.replace("/data/", f"{tmp_path}/"))
    done = subprocess.run(
        [sys.executable, "-m", "titanic_batch", "run", str(job), "--date", "2026-11-22"],
        capture_output=True,
        text=True,
        check=False,
    )
    # Everything in the file is understood; there is just no input here.
    assert done.returncode == 66, done.stderr
