"""titanic-batch beside the script that one would write by hand: ``python -m bench``."""
