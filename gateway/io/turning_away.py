"""While the journal is full, stations are sent elsewhere: `[journal] when_full = "disconnect"`."""

import asyncio
from typing import Final

from gateway.io.listener import PACE_POLL_S, StationListener

STEADY_S: Final = 5.0
"""How long the journal must have had room until stations may come again. A store that is slow rather than broken makes
room now and then for a moment, and a fleet must not be let in and sent away with each."""


class TurningAway:
    """Refuses new stations and closes connections at a pace, those without a running transaction first."""

    def __init__(self, listener: StationListener, *, closes_per_s: float, steady_s: float = STEADY_S) -> None:
        self._listener = listener
        self._closes_per_s = closes_per_s
        self._steady_s = steady_s
        self._closing: asyncio.Task[None] | None = None
        self._opening: asyncio.TimerHandle | None = None

    def journal_full(self, full: bool) -> None:
        """Hear that the journal is full, or has room again. Call it in the event loop."""
        self.stop()
        loop = asyncio.get_running_loop()
        if full:
            self._listener.turns_away = True
            self._closing = loop.create_task(self._close_all())
        elif self._listener.turns_away:
            self._opening = loop.call_later(self._steady_s, self._let_in)

    def stop(self) -> None:
        """Close no more connections, and change nothing by itself."""
        if self._closing is not None:
            self._closing.cancel()
        if self._opening is not None:
            self._opening.cancel()
        self._closing = self._opening = None

    def _let_in(self) -> None:
        self._listener.turns_away = False

    async def _close_all(self) -> None:
        """Close who is connected now; more do not come. An answer that is withheld is given to the repeat."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        leaving = self._listener.in_order_of_leaving()
        closed = 0
        while closed < len(leaving):
            due = 1 + int((loop.time() - started) * self._closes_per_s)
            for connection in leaving[closed:due]:
                connection.send_elsewhere()
            closed = due
            await asyncio.sleep(PACE_POLL_S)
