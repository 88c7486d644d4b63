"""Simulated time: what happens when, in seconds of the epoch. Nobody sleeps."""

import heapq
from collections.abc import Callable
from typing import Final

BEGIN: Final = 1_767_225_600.0
"""When every run begins: midnight (UTC) of 1 January 2026, a Thursday."""


class Agenda:
    """What is to happen. What is due at the same instant happens in the order in which it was put there."""

    def __init__(self) -> None:
        self.now: float = BEGIN
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Do something at `when`, or now if that is past."""
        self._count += 1
        heapq.heappush(self._heap, (max(when, self.now), self._count, action))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something in so many seconds."""
        self.at(self.now + seconds, action)

    def run(self, until: float) -> None:
        """Let everything happen that is due before `until`."""
        while self._heap and self._heap[0][0] < until:
            self.now, _, action = heapq.heappop(self._heap)
            action()
        self.now = until
