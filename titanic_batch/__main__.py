"""The command line's entry, also of `python -m titanic_batch`."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # the working folder, which `python -m` puts there

from titanic_batch.import_path import leave_working_folder_out

leave_working_folder_out()  # before anything else is imported

from titanic_batch.errors import InterruptedRunError  # noqa: E402
from titanic_batch.interrupts import interruptible, stop_on_signals  # noqa: E402
from titanic_batch.standard_streams import prepare_streams  # noqa: E402


def main() -> None:
    """Run the command line; it listens to signals before it imports what takes time."""
    prepare_streams()
    stop_on_signals()
    try:
        with interruptible():
            from titanic_batch.cli.app import main as run
    except InterruptedRunError as exc:
        sys.stderr.write(f"error: {exc}\n")
        sys.exit(exc.exit_code)
    run()


if __name__ == "__main__":
    main()
