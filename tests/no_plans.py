"""A place where no plan is kept, as everybody may write to it: most tests ask the model itself."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

NO_PLANS = Path(tempfile.mkdtemp(prefix="titanic-batch-no-plans-"))
NO_PLANS.chmod(0o777)
atexit.register(shutil.rmtree, NO_PLANS, ignore_errors=True)
#: For processes.
WITHOUT_PLANS = {"TITANIC_BATCH_CACHE": str(NO_PLANS)}
