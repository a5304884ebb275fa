"""titanic_batch.score, from a script as people write them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.cli.command import DIRTY, PASSENGERS, Command, manifest
from tests.cli.direct import assert_same, directly, scores_in


def run_script(installed: Command, text: str, *arguments: object) -> str:
    script = installed.folder / "nightly.py"
    script.write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=installed.folder,
        env=dict(installed.environment),
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_plain_script_without_a_main_guard_scores_with_workers(
    installed: Command, large_csv: Path, model_file: Path, tmp_path: Path
) -> None:
    text = """
import json
import sys

import titanic_batch

print("started")
manifest = titanic_batch.score(sys.argv[1], "out.parquet", workers=2, keep=["PassengerId"])
assert manifest.rows.read == manifest["rows"]["read"] == 150_000
print(json.dumps(manifest.to_json()))
"""
    started, document = run_script(installed, text, large_csv).splitlines()
    assert started == "started"  # once: no worker runs the script again
    assert json.loads(document) == manifest(tmp_path / "out.parquet")
    assert_same(directly(model_file, large_csv), scores_in(tmp_path / "out.parquet"))


def test_progress_counts_what_is_scored_and_not_what_was_read_ahead(
    installed: Command, large_csv: Path
) -> None:
    text = """
import json
import sys

from titanic_batch.scoring.api import score_files


class Observer:
    def update(self, progress):
        seen.append((progress.rows, progress.bytes_done, progress.bytes_total))


seen = []
score_files(
    sys.argv[1], "out.parquet", observer=Observer(), workers=2, chunk_size="256KB", keep="none"
)
print(json.dumps(seen))
"""
    seen = json.loads(run_script(installed, text, large_csv))
    size, chunk = large_csv.stat().st_size, 256 << 10
    assert len(seen) > 30
    assert seen[-1] == [150_000, size, size]
    for rows, done, total in seen:
        assert total == size
        assert abs(done / size - rows / 150_000) < 2 * chunk / size


def test_keywords_are_the_flags_and_errors_carry_the_exit_codes(
    installed: Command, command: Command, tmp_path: Path
) -> None:
    text = """
import sys

import titanic_batch
from titanic_batch.errors import TitanicBatchError

passengers, dirty = sys.argv[1:]
manifest = titanic_batch.score(
    dirty,
    "api.csv",
    max_rejects=10,
    chunk_size="64KB",
    keep="PassengerId",
    threshold=0.4,
    fill={"Age": 28},
    unknown={"Embarked": "allow"},
    prediction_column="label",
)
assert manifest.rows.rejected == 9
for arguments, options in (
    ((dirty, "new.csv"), {}),
    ((dirty, "new.txt"), {}),
    (("nowhere.csv", "new.csv"), {}),
    ((passengers, "nowhere/new.csv"), {}),
    ((passengers, "new.csv"), {"model": "nobody"}),
    ((passengers, "new.csv"), {"bogus": 1}),
    ((passengers, "new.csv"), {"chunk_size": "much"}),
):
    try:
        titanic_batch.score(*arguments, **options)
    except TitanicBatchError as error:
        print(error.exit_code)
"""
    codes = run_script(installed, text, PASSENGERS, DIRTY).split()
    assert codes == ["65", "2", "66", "74", "69", "2", "2"]
    options = (
        *("--max-rejects", "10", "--chunk-size", "64KB", "--keep", "PassengerId"),
        *("--threshold", "0.4", "--fill", "Age=28", "--unknown", "Embarked=allow"),
        *("--prediction-column", "label"),
    )
    command("score", DIRTY, "cli.csv", *options, "-q")
    assert (tmp_path / "cli.csv").read_bytes() == (tmp_path / "api.csv").read_bytes()
    assert (tmp_path / "cli.csv").read_text().startswith("PassengerId,label,probability\n")
