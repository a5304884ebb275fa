from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import joblib
import pytest

from titanic_batch.errors import FileAccessError, ModelError, UntrustedModelError, UsageError
from titanic_batch.models import list_models, open_model, show_model, trust_model, untrust_model
from titanic_batch.models.trust import ledger
from titanic_batch.models.trust.gate import (
    parse_hashes,
    record_written,
    require_trusted,
    trusted_by,
)
from titanic_batch.models.trust.write_access import exposure_of
from titanic_batch.schema import TrainingSchema
from titanic_batch.training import register_model, save_model

HASH = "ab" * 32
OTHER = "cd" * 32


def write_ledger(path: Path, *hashes: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    entry = {"ref": "m:1", "added_at": "2026-01-01T00:00:00Z", "reason": "trusted"}
    path.write_text(json.dumps({"ledger_version": 1, "trusted": dict.fromkeys(hashes, entry)}))
    return path


def model_file(folder: Path, name: str = "model.pkl", text: str = "anything") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_nothing_is_trusted_at_first(ledger_file: Path) -> None:
    assert trusted_by(HASH) == ""
    assert not ledger_file.exists()


def test_the_refusal_holds_the_exact_command_to_run() -> None:
    ref = "my models/best model.pkl"
    with pytest.raises(UntrustedModelError) as caught:
        require_trusted(HASH, ref, reason="it is a pickle")
    assert "titanic-batch models trust 'my models/best model.pkl'" in caught.value.hint
    assert f"--trust {HASH}" in caught.value.hint
    with pytest.raises(UntrustedModelError, match=r"trust -- -rf\.pkl"):
        require_trusted(HASH, "-rf.pkl", reason="it is a pickle")


@pytest.mark.parametrize("text", [HASH, HASH.upper(), f"{OTHER},{HASH}", f" {OTHER}  {HASH}\n"])
def test_hashes_are_taken_from_arguments_and_the_environment(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trusted_by(HASH, [text]) == "--trust"
    monkeypatch.setenv("TITANIC_BATCH_TRUST", text)
    assert trusted_by(HASH) == "TITANIC_BATCH_TRUST"


@pytest.mark.parametrize("text", ["abc", HASH[:-1], HASH + "0", "g" * 64, "sha256:" + HASH])
def test_what_is_no_hash_is_wrong_usage(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="64 hexadecimal"):
        parse_hashes([text], where="--trust")
    monkeypatch.setenv("TITANIC_BATCH_TRUST", text)
    with pytest.raises(UsageError) as caught:
        trusted_by(HASH)
    assert caught.value.where == "TITANIC_BATCH_TRUST"


def test_a_model_is_trusted_and_untrusted_by_its_path(tmp_path: Path, ledger_file: Path) -> None:
    path = model_file(tmp_path)
    change = trust_model(str(path))
    assert change.ref == str(path)
    assert trusted_by(change.hashes[0]) == "your ledger"
    assert json.loads(ledger_file.read_text())["ledger_version"] == 1

    assert untrust_model(str(path)).hashes == change.hashes
    assert trusted_by(change.hashes[0]) == ""


def test_untrusting_reaches_older_contents_of_a_file_and_files_that_are_gone(
    tmp_path: Path,
) -> None:
    path = model_file(tmp_path)
    first = trust_model(str(path)).hashes
    model_file(tmp_path, text="newer")
    second = trust_model(str(path)).hashes
    path.unlink()
    assert set(untrust_model(str(path)).hashes) == {*first, *second}


def test_untrusting_a_hash(tmp_path: Path) -> None:
    sha256 = trust_model(str(model_file(tmp_path))).hashes[0]
    assert untrust_model(sha256.upper()).hashes == (sha256,)
    with pytest.raises(ModelError, match="holds nothing of it"):
        untrust_model(sha256)


def test_untrusting_says_what_still_trusts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = model_file(tmp_path)
    sha256 = trust_model(str(path)).hashes[0]
    monkeypatch.setenv("TITANIC_BATCH_TRUST", sha256)
    assert untrust_model(str(path)).still_trusted_by == ("TITANIC_BATCH_TRUST",)


def test_a_model_that_changed_since_it_was_trusted_is_said_to_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ledger_file: Path
) -> None:
    path = model_file(tmp_path)
    (first,) = trust_model(str(path)).hashes
    day = json.loads(ledger_file.read_text())["trusted"][first]["added_at"][:10]
    assert show_model(str(path)).changed == ""
    model_file(tmp_path, text="newer")
    expected = f"it has changed since it was trusted on {day}, with SHA-256 {first}"
    assert show_model(str(path)).changed == expected
    link = tmp_path / "link.pkl"
    link.symlink_to(path)
    monkeypatch.chdir(tmp_path)
    for ref in (str(path), path.name, str(link), f"../{tmp_path.name}/{path.name}"):
        with pytest.raises(UntrustedModelError, match=expected) as caught:
            open_model(ref)
        assert f"`titanic-batch models trust {ref}`" in caught.value.hint
    other = tmp_path / "other.pkl"
    other.write_bytes(path.read_bytes())
    with pytest.raises(UntrustedModelError, match="the model is not trusted"):
        open_model(str(other))

    # So it is where only a shared ledger knew it.
    shared = tmp_path / "shared.json"
    ledger_file.rename(shared)
    monkeypatch.setenv("TITANIC_BATCH_TRUST_FILE", str(shared))
    assert show_model(str(path)).changed == expected
    trust_model(str(path))
    assert show_model(str(path)).changed == ""


def test_a_model_of_the_store_that_changed_is_said_to_have_changed(
    fitted: Any, schema: TrainingSchema
) -> None:
    saved = save_model(fitted, name="m", schema=schema)
    saved.path.write_bytes(saved.path.read_bytes() + b"more")
    (listed,) = list_models()
    assert listed.trusted is False
    assert "it has changed since titanic-batch wrote it on " in listed.problem
    with pytest.raises(
        UntrustedModelError, match=f"since titanic-batch wrote it on .*{saved.sha256}"
    ):
        open_model("m")


def test_a_kept_copy_that_changed_is_said_to_have_changed(fitted: Any, tmp_path: Path) -> None:
    """File and copy have one hash, and the ledger knows it under both names."""
    path = tmp_path / "m.pkl"
    joblib.dump(fitted, path)
    trust_model(str(path))
    copy = register_model(str(path), pickle_path=tmp_path / "copy.pkl")
    assert trusted_by(copy.sha256) == "your ledger"
    for file, ref in ((copy.path, copy.tag), (tmp_path / "copy.pkl", str(tmp_path / "copy.pkl"))):
        file.write_bytes(file.read_bytes() + b"more")
        with pytest.raises(UntrustedModelError, match="it has changed since it was trusted on"):
            open_model(ref)
    open_model(str(path))
    assert untrust_model(copy.tag).hashes == (copy.sha256,)
    with pytest.raises(UntrustedModelError, match="the model is not trusted"):
        open_model(str(path))


def test_names_of_one_hash_do_not_grow_for_ever(ledger_file: Path) -> None:
    for number in range(50):
        ledger.add_to_ledger(ledger_file, HASH, f"m:{number}", "trusted")
        ledger.add_to_ledger(ledger_file, HASH, "m:0", "trusted")
    (entry,) = ledger.read_ledger(ledger_file).values()
    assert entry.ref == "m:0"
    assert entry.also == tuple(f"m:{number}" for number in range(30, 50))


def test_the_reason_that_came_first_is_kept(ledger_file: Path) -> None:
    record_written(HASH, "m:1")
    ledger.add_to_ledger(ledger_file, HASH, "copy.pkl", "trusted")
    assert trusted_by(HASH) == "written by titanic-batch"


def test_the_ledger_is_private(ledger_file: Path) -> None:
    record_written(HASH, "m:1")
    assert ledger_file.stat().st_mode & 0o777 == 0o600
    assert ledger_file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o664])
def test_a_ledger_that_others_can_write_is_refused(mode: int, ledger_file: Path) -> None:
    write_ledger(ledger_file, HASH).chmod(mode)
    with pytest.raises(UntrustedModelError, match=f"chmod go-w {ledger_file}"):
        trusted_by(HASH)
    with pytest.raises(UntrustedModelError, match="others can write"):
        ledger.add_to_ledger(ledger_file, OTHER, "m", "trusted")


@pytest.mark.parametrize("mode", [0o770, 0o777, 0o702])
def test_a_ledger_in_a_folder_that_others_can_write_is_refused(
    mode: int, ledger_file: Path
) -> None:
    write_ledger(ledger_file, HASH).parent.chmod(mode)
    with pytest.raises(UntrustedModelError, match="others can write to its folder"):
        trusted_by(HASH)


def test_a_ledger_in_a_sticky_folder_counts(ledger_file: Path) -> None:
    write_ledger(ledger_file, HASH).parent.chmod(0o1777)
    assert trusted_by(HASH) == "your ledger"


def test_a_link_to_a_ledger_in_an_open_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = write_ledger(tmp_path / "open" / "ledger.json", HASH)
    real.parent.chmod(0o777)
    link = tmp_path / "link.json"
    link.symlink_to(real)
    monkeypatch.setenv("TITANIC_BATCH_TRUST_FILE", str(link))
    with pytest.raises(UntrustedModelError, match="folder"):
        trusted_by(HASH)


def test_a_shared_ledger_is_read_and_never_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ledger_file: Path
) -> None:
    shared = write_ledger(tmp_path / "shared.json", HASH)
    before = shared.read_bytes()
    monkeypatch.setenv("TITANIC_BATCH_TRUST_FILE", str(shared))
    assert trusted_by(HASH) == f"the shared ledger {shared}"
    trust_model(str(model_file(tmp_path)))
    assert shared.read_bytes() == before
    assert untrust_model(HASH).still_trusted_by == (f"the shared ledger {shared}",)


def test_a_shared_ledger_that_is_missing_or_open_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared.json"
    monkeypatch.setenv("TITANIC_BATCH_TRUST_FILE", str(shared))
    with pytest.raises(UntrustedModelError, match="does not exist"):
        trusted_by(HASH)
    write_ledger(shared, HASH).chmod(0o666)
    with pytest.raises(UntrustedModelError, match="others can write"):
        trusted_by(HASH)


def test_a_faulty_ledger_does_not_stand_in_the_way_of_a_given_hash(ledger_file: Path) -> None:
    write_ledger(ledger_file).chmod(0o666)
    require_trusted(HASH, "m", reason="it is a pickle", trust=[HASH])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"ledger_version": 2, "trusted": {}}',
        '{"ledger_version": 1}',
        '{"ledger_version": 1, "trusted": []}',
        '{"ledger_version": 1, "trusted": {"abc": {}}}',
        json.dumps({"ledger_version": 1, "trusted": {HASH: 1}}),
        "\udcff",
        "[" * 200_000,
        '{"a":' * 200_000,
        '{"ledger_version": 1, "trusted": {}, "more": ' + "[" * 100 + "]" * 100 + "}",
        '{"ledger_version": 1' + "0" * 5000 + ', "trusted": {}}',
        '{"ledger_version": 1, "trusted": {}, "trusted": {}}',
    ],
    ids=str.__len__,
)
def test_a_damaged_ledger_is_one_clear_error_and_is_not_overwritten(
    text: str, ledger_file: Path, tmp_path: Path
) -> None:
    ledger_file.parent.mkdir(parents=True)
    ledger_file.write_bytes(text.encode("utf-8", "surrogateescape"))
    before = ledger_file.read_bytes()
    for act in (lambda: trusted_by(HASH), lambda: trust_model(str(model_file(tmp_path)))):
        with pytest.raises(UntrustedModelError) as caught:
            act()
        assert caught.value.where == str(ledger_file)
    assert ledger_file.read_bytes() == before


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_no_ledger(make: Callable[[Path], None], ledger_file: Path) -> None:
    ledger_file.parent.mkdir(parents=True)
    make(ledger_file)
    with pytest.raises(UntrustedModelError, match=r"cannot be read: it is (not )?a "):
        trusted_by(HASH)


@pytest.mark.parametrize("name", [b"m\xff.pkl", b"n\nx\x1b[31m.pkl", b"it's \\x41 $(id).pkl"])
def test_any_name_can_be_trusted_as_the_refusal_says(
    name: bytes, tmp_path: Path, ledger_file: Path
) -> None:
    path = tmp_path / os.fsdecode(name)
    path.write_text("anything")
    with pytest.raises(UntrustedModelError) as caught:
        open_model(str(path))
    message = str(caught.value)
    assert message.isprintable()
    command = re.findall(r"run `titanic-batch models trust (.*)`, or pass", message)[0]
    read = subprocess.run(["bash", "-c", f"printf %s {command}"], capture_output=True, check=True)
    assert read.stdout == os.fsencode(path)
    trust_model(str(path))
    trust_model(str(model_file(tmp_path, text="more")))  # reads what the other left
    assert {str(path)} <= {entry.ref for entry in ledger.read_ledger(ledger_file).values()}


class TestWhoCanChangeIt:
    def refused(self, path: Path) -> str:
        with pytest.raises(UntrustedModelError) as caught:
            ledger.read_ledger(path)
        return str(caught.value)

    @pytest.mark.parametrize("mode", [0o775, 0o777])
    def test_every_folder_above_counts(self, mode: int, home: Path, ledger_file: Path) -> None:
        write_ledger(ledger_file, HASH)
        folder = home / "it's"
        home.joinpath("config").rename(folder)
        ledger_file = folder / ledger_file.relative_to(home / "config")
        folder.chmod(mode)
        message = self.refused(ledger_file)
        assert f"others can write to its folder {folder}, so" in message
        command = re.findall(r"run `(.*)`; or", message)[0]
        subprocess.run(["sh", "-c", command], check=True)
        assert list(ledger.read_ledger(ledger_file)) == [HASH]

    @pytest.mark.parametrize("mode", [0o700, 0o750, 0o755, 0o1777, 0o2755])
    def test_ordinary_folders_are_accepted(self, mode: int, home: Path, ledger_file: Path) -> None:
        write_ledger(ledger_file, HASH)
        home.chmod(mode)
        assert list(ledger.read_ledger(ledger_file)) == [HASH]

    def test_the_links_of_a_config_map_are_followed(self, tmp_path: Path) -> None:
        write_ledger(tmp_path / "..2026_01" / "trusted.json", HASH)
        (tmp_path / "..data").symlink_to("..2026_01")
        (tmp_path / "trusted.json").symlink_to("..data/trusted.json")
        assert list(ledger.read_ledger(tmp_path / "trusted.json")) == [HASH]
        (tmp_path / "..2026_01").chmod(0o777)
        assert f"to its folder {tmp_path / '..2026_01'}," in self.refused(tmp_path / "trusted.json")

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
    @pytest.mark.parametrize("given", ["file", "folder", "top", "link"])
    def test_another_owner_is_refused(self, given: str, tmp_path: Path) -> None:
        path = write_ledger(tmp_path / "top" / "folder" / "trusted.json", HASH)
        link = tmp_path / "link"
        link.symlink_to("top/folder")
        places = {"file": path, "folder": path.parent, "top": tmp_path / "top", "link": link}
        os.chown(places[given], 4321, -1, follow_symlinks=False)
        message = self.refused(link / "trusted.json")
        # The file is called by the path that it was reached by.
        place = link / "trusted.json" if given == "file" else places[given]
        assert "belongs to another user, 4321, so nothing" in message
        command = f"chown {'-h ' if given == 'link' else ''}root {place}"
        assert f"run `{command}`" in message
        subprocess.run(command.split(), check=True)
        assert list(ledger.read_ledger(link / "trusted.json")) == [HASH]

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
    def test_a_user_believes_files_of_root_and_their_own(self, ledger_file: Path) -> None:
        found = write_ledger(ledger_file, HASH).stat()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "geteuid", lambda: 4321)
            assert exposure_of(ledger_file, found) is None
            os.chown(ledger_file, 4321, -1)
            assert exposure_of(ledger_file, ledger_file.stat()) is None

    def test_nothing_is_recorded_where_it_would_not_count(
        self, home: Path, ledger_file: Path
    ) -> None:
        home.chmod(0o777)
        assert f"chmod go-w {home}" in record_written(HASH, "m")
        assert not ledger_file.exists()

    def test_new_folders_are_the_user_s_alone(self, ledger_file: Path) -> None:
        before = os.umask(0o002)
        try:
            ledger.add_to_ledger(ledger_file, HASH, "m", "trusted")
        finally:
            os.umask(before)
        assert list(ledger.read_ledger(ledger_file)) == [HASH]


def test_without_a_place_for_a_ledger_reading_works_and_adding_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file" / "config"))
    path = model_file(tmp_path)
    assert not show_model(str(path)).trusted
    with pytest.raises(FileAccessError) as caught:
        trust_model(str(path))
    assert "--trust" in caught.value.hint
    assert "TITANIC_BATCH_TRUST" in caught.value.hint
    assert "not recorded as trusted" in record_written(HASH, "m")


def test_a_home_that_is_no_directory_is_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", "/dev/null")
    assert trusted_by(HASH) == ""


def test_a_read_only_configuration_directory_is_read_and_adding_says_what_to_do(
    home: Path, ledger_file: Path
) -> None:
    """Permission bits stop no root, so this is tried on a read-only mount of its own."""
    write_ledger(ledger_file, HASH)
    ledger_file.parent.chmod(0o777)  # nobody can write to it through this mount, whatever it says
    script = f"""
import os, sys
from titanic_batch.errors import FileAccessError
from titanic_batch.models.trust.ledger import add_to_ledger, user_ledger_path
from titanic_batch.models.trust.gate import trusted_by
assert trusted_by({HASH!r}) == "your ledger"
try:
    add_to_ledger(user_ledger_path(), {OTHER!r}, "m", "trusted")
except FileAccessError as error:
    assert "--trust" in error.hint, error
else:
    raise AssertionError("written to a read-only mount")
"""
    folder = home / "config"
    mount = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder} && exec "
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", mount + '"$0" "$@"']
    probe = subprocess.run([*command, "true"], capture_output=True, check=False)
    if probe.returncode != 0:
        pytest.skip("this machine lets no test mount a folder read-only")
    done = subprocess.run(
        [*command, sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def _add(number: int) -> None:
    ledger.add_to_ledger(ledger.user_ledger_path(), f"{number:064x}", f"m:{number}", "trusted")


def test_processes_that_add_at_the_same_time_lose_nothing(ledger_file: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("fork")) as pool:
        list(pool.map(_add, range(40)))
    assert len(ledger.read_ledger(ledger_file)) == 40
    assert list(ledger_file.parent.glob(".*.tmp")) == []


def test_the_hash_of_another_file_trusts_nothing() -> None:
    assert trusted_by(HASH, [OTHER]) == ""
    assert trusted_by(HASH, [OTHER, HASH]) == "--trust"
