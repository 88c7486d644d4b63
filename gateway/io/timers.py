"""One timer for everything that waits: tens of thousands of deadlines cost the loop one wake-up a tick."""

from collections.abc import Callable
from typing import Final, Protocol
from weakref import ref

TICK_S: Final = 0.5
"""Resolution of all deadlines. They are of seconds to minutes: pings, handshakes, closes."""


STALL_S: Final = 5.0
"""Time between two turns from which on the process must have been kept from running (suspended, stopped, swapped)."""


class Waiting(Protocol):
    """Something with a deadline."""

    def tick(self, now: float) -> float | None:
        """Do what is due at `now`, and return the next deadline (monotonic seconds) or None if there is none."""


class TimerWheel:
    """Deadlines in buckets of TICK_S. A deadline is met up to one tick late, never early.

    What waits is asked again when its deadline comes, so a deadline that moved away meanwhile needs no call: the wheel
    learns of it then. Only a nearer one must be told, by `schedule`. The wheel keeps nothing alive: a connection that
    is gone must not take memory until its next ping would be due, or else who reconnects fast enough could fill it.
    """

    def __init__(
        self, monotonic: Callable[[], float], call_later: Callable[[float, Callable[[], None]], object]
    ) -> None:
        self._monotonic = monotonic
        self._call_later = call_later
        self._buckets: dict[int, list[ref[Waiting]]] = {}
        self._turned_to = int(monotonic() / TICK_S)
        self._turned_at = monotonic()
        self._stalled = False
        self._running = False

    def schedule(self, waiting: Waiting, deadline: float) -> None:
        """Have `waiting.tick` called once the time is `deadline` (monotonic seconds) or up to TICK_S later."""
        bucket = max(int(deadline / TICK_S) + 1, self._turned_to + 1)
        self._buckets.setdefault(bucket, []).append(ref(waiting))
        if not self._running:
            self._running = True
            self._turned_at = self._monotonic()
            self._call_later(TICK_S, self._turn)

    def _turn(self) -> None:
        now = self._monotonic()
        if now - self._turned_at > STALL_S and not self._stalled:
            # Whatever kept the process, what has arrived meanwhile is still unread: let the loop read it first.
            self._stalled = True
            self._call_later(0, self._turn)
            return
        self._stalled = False
        self._turned_at = now
        self._call_later(TICK_S, self._turn)
        upto = int(now / TICK_S)
        while self._turned_to < upto:
            self._turned_to += 1
            self._empty(self._buckets.pop(self._turned_to, []), now)

    def _empty(self, bucket: list[ref[Waiting]], now: float) -> None:
        """Tick all that waits in `bucket`. If one raises, the others are ticked a turn later; the loop reports it."""
        while bucket:
            waiting = bucket.pop()()
            if waiting is None:
                continue
            try:
                deadline = waiting.tick(now)
            except Exception:
                self._buckets.setdefault(self._turned_to + 1, []).extend(bucket)
                raise
            if deadline is not None:
                self.schedule(waiting, deadline)
