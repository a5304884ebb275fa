"""Run the command line as `python -m titanic_batch`."""

from titanic_batch.cli.app import main

main()
