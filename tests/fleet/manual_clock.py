"""A clock that a test turns by hand, from one timer to the next."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta

SETTLE_TURNS = 12
"""Turns of the event loop in which everything that a timer causes in memory has happened."""


class ManualTimer:
    def __init__(self, callback) -> None:
        self.callback = callback

    def cancel(self) -> None:
        self.callback = None


class ManualClock:
    speed = 1.0

    def __init__(self, start_at: datetime = datetime(2025, 3, 1, 8, tzinfo=UTC)) -> None:
        self._now = start_at
        self._timers: list[tuple[datetime, int, ManualTimer]] = []
        self._count = 0

    def now(self) -> datetime:
        return self._now

    def call_later(self, seconds: float, callback) -> ManualTimer:
        timer = ManualTimer(callback)
        self._count += 1
        heapq.heappush(self._timers, (self._now + timedelta(seconds=max(0.0, seconds)), self._count, timer))
        return timer

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        self.call_later(seconds, woken.set)
        await woken.wait()

    async def turn(self, seconds: float, until=lambda: False) -> None:
        """Let `seconds` pass, timer by timer, or less once `until` is true."""
        end = self._now + timedelta(seconds=seconds)
        await settle()
        while self._timers and self._timers[0][0] <= end and not until():
            at, _, timer = heapq.heappop(self._timers)
            if timer.callback is None:
                continue
            self._now = max(self._now, at)
            timer.callback()
            await settle()
        if not until():
            self._now = end


async def settle() -> None:
    for _ in range(SETTLE_TURNS):
        await asyncio.sleep(0)
