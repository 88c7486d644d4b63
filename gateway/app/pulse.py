"""How late the event loop comes to what is due: the one figure that says whether a gateway has enough of a CPU."""

import asyncio
from typing import Final

from gateway.hot import Histogram

BEAT_S: Final = 0.25
"""Time between two looks. Four a second cost nothing, and a stall of a second cannot hide between them."""

LAG_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
"""Upper bounds of the histogram."""


class Pulse:
    """Measures the lag of the running event loop from `start` to `stop`."""

    def __init__(self) -> None:
        self.lag_seconds: Final = Histogram(LAG_SECONDS)
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to measure. Call it in the event loop."""
        self._wait(asyncio.get_running_loop())

    def stop(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + BEAT_S
        self._timer = loop.call_at(self._due, self._beat, loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self.lag_seconds.observe(max(0.0, loop.time() - self._due))
        self._wait(loop)
