"""Look for room before scipy is imported, which under `ulimit -v` may never end.

Its OpenBLAS takes tens of megabytes for each thread while it is loaded, and where the system
refuses them asks again, for ever, in compiled code that no signal interrupts
(`blas_memory_alloc` in OpenBLAS's driver/others/memory.c).
"""

from __future__ import annotations

import mmap
import resource

#: What scikit-learn and scipy took when they were imported, with two threads, and a little more.
_ROOM_BYTES = 256 << 20


def require_room() -> None:
    """Raise MemoryError where a limit of this process leaves too little address space."""
    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        return
    try:
        mmap.mmap(-1, _ROOM_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError as exc:
        raise MemoryError from exc
