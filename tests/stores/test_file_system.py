"""Who touches the file system directly: everything else goes through a store."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import titanic_batch

PACKAGE = Path(titanic_batch.__file__).parent

#: Not through a store, since none of it is an object in a bucket that a user names.
ALLOWED = {
    # What a store is made of.
    "documents.py": "opens an ordinary file without waiting for a pipe",
    "stores": "the local store itself",
    # This process, this machine, this package.
    "standard_streams.py": "standard input and output",
    "scoring/targets.py": "the spool of standard output",
    "import_path.py": "where Python imports from",
    "jobs/units.py": "looks for systemd's programs",
    "jobs/json_schema.py": "a file that the package ships",
    "publish/manifest_schema.py": "a file that the package ships",
    "parts/folder.py": "the private folder beside the output, on a file system",
    "report/page.py": "files that the package ships",
    "sources/conversions.py": "looks for the programs of the commands that it advises",
    "predict/cache.py": "the work folder, which is on this machine",
    "predict/compiled/plan_cache.py": "the user's own cache",
    # Who may change a local file decides what it is trusted with.
    "parts/plan.py": "its permissions decide whether its hash counts",
    "jobs/job_file.py": "its permissions decide whether its hash counts",
    "models/trust/ledger.py": "the user's own ledger",
    "models/trust/write_access.py": "permissions",
    "models/code.py": "the code that Python imports",
    "models/origins.py": "installed packages",
    # BentoML's folder of models, in the form that BentoML gives it; archives are made from it.
    "models/store": "BentoML's folder",
}
#: Whoever holds a user's names has them as text, which a Path would spoil: s3://bucket/key.
TEXT = ("chunk", "engine", "jobs", "publish", "scoring", "sinks")
PATHS = {
    "jobs/checking.py": "a job file, which is on this machine",
    "jobs/job_file.py": "a job file",
    "jobs/listing.py": "a job file",
    "jobs/messages.py": "a job file",
    "jobs/tables.py": "the kind of an option",
    "jobs/json_schema.py": "a file that the package ships",
    "publish/manifest_schema.py": "a file that the package ships",
    "jobs/units.py": "systemd's folder",
    "scoring/api.py": "what a caller may pass",
    "scoring/compiling.py": "a plan's folder",
    "scoring/opening.py": "the work folder, which is on this machine",
    "scoring/option_kinds.py": "the kind of an option",
}
MODULES = {"shutil", "tempfile"}
OS_CALLS = {
    "access",
    "chmod",
    "fdopen",
    "fstat",
    "fsync",
    "ftruncate",
    "link",
    "listdir",
    "lstat",
    "makedirs",
    "mkdir",
    "open",
    "readlink",
    "remove",
    "rename",
    "replace",
    "rmdir",
    "scandir",
    "stat",
    "statvfs",
    "symlink",
    "truncate",
    "unlink",
    "utime",
    "walk",
}
OS_PATH_CALLS = {"exists", "getsize", "isdir", "isfile", "islink", "lexists", "realpath"}
PATH_CALLS = {
    "exists",
    "glob",
    "is_dir",
    "is_fifo",
    "is_file",
    "is_symlink",
    "iterdir",
    "lstat",
    "mkdir",
    "read_bytes",
    "read_text",
    "rglob",
    "rmdir",
    "samefile",
    "symlink_to",
    "touch",
    "unlink",
    "write_bytes",
    "write_text",
}
MODE = re.compile(r"[rwxa][bt+]*")


def touches(source: str) -> list[str]:
    """Return the calls in a module that go to the file system, one for each line."""
    return [
        f"{node.lineno}: {ast.unparse(node.func)}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and is_direct(node)
    ]


def is_direct(call: ast.Call) -> bool:
    function = call.func
    if isinstance(function, ast.Name):
        return function.id in {"open", "open_regular"}
    if not isinstance(function, ast.Attribute):
        return False
    owner = ast.unparse(function.value)
    if owner in MODULES:
        return True
    if owner == "os":
        return function.attr in OS_CALLS
    if owner == "os.path":
        return function.attr in {
            "exists",
            "getsize",
            "isdir",
            "isfile",
            "islink",
            "lexists",
            "realpath",
        }
    if function.attr == "open":
        first = call.args[0] if call.args else None
        return (
            isinstance(first, ast.Constant)
            and isinstance(first.value, str)
            and MODE.fullmatch(first.value) is not None
        )
    return function.attr in PATH_CALLS and "store" not in owner


def test_files_that_a_user_names_go_through_a_store() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix(): calls
        for path in sorted(PACKAGE.rglob("*.py"))
        if (calls := touches(path.read_text(encoding="utf-8")))
    }
    rooms = {name for name in ALLOWED if not name.endswith(".py")}
    by_place = {
        next((room for room in rooms if name.startswith(f"{room}/")), name): calls
        for name, calls in found.items()
    }
    assert {name: calls for name, calls in by_place.items() if name not in ALLOWED} == {}
    assert ALLOWED.keys() - by_place.keys() == set(), "these need no leave any more"


def test_names_are_text() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix()
        for room in TEXT
        for path in (PACKAGE / room).rglob("*.py")
        if re.search(r"^from pathlib import .*\bPath\b", path.read_text(encoding="utf-8"), re.M)
    }
    assert found == PATHS.keys()


def test_each_way_to_a_file_is_noticed() -> None:
    for call in (
        "open(name)",
        "os.stat(name)",
        "os.path.lexists(name)",
        "shutil.rmtree(name)",
        "tempfile.mkdtemp()",
        "path.read_bytes()",
        "Path(name).open('rb')",
        "path.exists()",
        "open_regular(path)",
    ):
        assert touches(call), call
    for call in ("store.open(name)", "store_of(name).glob(name)", "target.open()", "os.getpid()"):
        assert not touches(call), call
