"""The command line's entry, also of `python -m titanic_batch`."""

import sys

from titanic_batch.errors import InterruptedRunError
from titanic_batch.interrupts import stop_on_signals


def main() -> None:
    """Run the command line; it listens to signals before it imports what takes time."""
    try:
        stop_on_signals()
        from titanic_batch.cli.app import main as run

        run()
    except InterruptedRunError as exc:
        sys.stderr.write(f"error: {exc}\n")
        sys.exit(exc.exit_code)


if __name__ == "__main__":
    main()
