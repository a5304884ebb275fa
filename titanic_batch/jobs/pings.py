"""Pings to a health check: a run starts, succeeds, fails. They never fail the run."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from titanic_batch.jobs.tables import NotifyTable

#: The longest that a run may wait for its health check.
LONGEST_WAIT_S = 10.0


class Pings:
    """The pings of one run: `start`, and `end` in the end.

    Each is sent from a thread of its own. The start's is not waited for, the end's for no longer
    than the time-out, so no address can delay the run by more, whatever hangs: a time-out of
    urllib's own would not cover the look-up of a name.

    Args:
        check: Where they go.
    """

    def __init__(self, check: NotifyTable) -> None:
        self._check = check
        self._faults: list[str] = []
        self._last: threading.Thread | None = None

    def start(self) -> None:
        """Send that the run starts."""
        self._send(self._check.start)

    def end(self, exit_code: int) -> str | None:
        """Send how the run ended.

        Returns:
            What went wrong with this run's pings, without the address's secrets; None if nothing.
        """
        check = self._check
        failure = check.failure
        if failure is not False:
            failure = failure.replace("{exit_code}", str(exit_code))
        self._send(check.success if exit_code == 0 else failure)
        if self._last is not None:
            self._last.join(check.timeout)
            if self._last.is_alive():
                self._faults.append(f"no answer in {check.timeout:g} s")
        if not self._faults:
            return None
        # The path of such an address is what keeps it private.
        return f"the health check at {urlsplit(check.url).hostname} failed: {self._faults[0]}"

    def _send(self, suffix: str | Literal[False]) -> None:
        if suffix is False:
            return
        before = self._last
        self._last = threading.Thread(target=self._ping, args=(suffix, before), daemon=True)
        self._last.start()

    def _ping(self, suffix: str, before: threading.Thread | None) -> None:
        from http.client import HTTPException
        from urllib.error import HTTPError, URLError
        from urllib.request import Request, urlopen

        if before is not None:  # they arrive in their order
            before.join()
        request = Request(  # noqa: S310  # the job file takes http and https only
            f"{self._check.url}{suffix}", headers={"User-Agent": "titanic-batch"}
        )
        try:
            with urlopen(request, timeout=self._check.timeout):  # noqa: S310
                pass
        except HTTPError as exc:
            self._faults.append(f"it answered {exc.code}")
        except URLError as exc:
            self._faults.append(getattr(exc.reason, "strerror", None) or str(exc.reason))
        except (OSError, ValueError, HTTPException) as exc:
            self._faults.append(str(exc) or type(exc).__name__)
