"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = ("titanic-batch", "scikit-learn", "pandas", "pyarrow", "numpy", "joblib")


@dataclass(frozen=True, kw_only=True)
class Machine:
    cpu: str
    cpus: int
    """CPUs that this process may use."""
    memory_bytes: int
    system: str
    python: str
    libraries: dict[str, str]


def this_machine() -> Machine:
    return Machine(
        cpu=_cpu_model(),
        cpus=_usable_cpus(),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        libraries={name: _version(name) for name in LIBRARIES},
    )


def _usable_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_model() -> str:
    """Return the name that Linux gives the CPU; elsewhere what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
