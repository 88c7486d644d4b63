"""The CPU time of one thread, readable from any other."""

import contextlib
import threading
import time


class ThreadCpu:
    """CPU seconds of the thread that made this object, which also says when it ends."""

    def __init__(self) -> None:
        self._clock = time.pthread_getcpuclockid(threading.get_ident())
        self._seconds = 0.0

    @property
    def seconds(self) -> float:
        """User and system time so far; of a thread that has ended, what it was at `end`."""
        with contextlib.suppress(OSError):  # the thread, and its clock, are gone
            self._seconds = time.clock_gettime(self._clock)
        return self._seconds

    def end(self) -> None:
        """Keep the last reading. The last thing that the thread does."""
        self._seconds = time.thread_time()
