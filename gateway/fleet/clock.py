"""Simulated time: the one thing that everything in the fleet waits by."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

CALENDAR_BEGIN, CALENDAR_END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
"""A server may name any time, and any number of seconds after it."""


class Timer(Protocol):
    """A callback that has not happened yet."""

    def cancel(self) -> None:
        """Let it never happen."""


class Clock(Protocol):
    """Time for the fleet. Only vehicles and stations live faster: the network does not, see `speed`."""

    speed: float
    """Simulated seconds per real second. A wait for the other side lasts `speed` times as many simulated seconds."""

    def now(self) -> datetime:
        """The simulated time: aware, in UTC, in whole milliseconds as OCPP timestamps are. Never runs backwards."""

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call back once after `seconds` of simulated time."""

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of simulated time."""


class ScaledClock:
    """The wall clock, or one that starts at `start_at` and runs `speed` times as fast."""

    def __init__(self, *, speed: float = 1.0, start_at: datetime | None = None) -> None:
        """Without `start_at` it starts now. Raises ValueError for a speed that is not positive."""
        if not speed > 0:
            raise ValueError(f"a clock's speed must be positive, not {speed}")
        self.speed = speed
        self._start_at = start_at or datetime.now(UTC)
        self._start_monotonic_s = time.monotonic()

    def now(self) -> datetime:
        """The simulated time, in whole milliseconds."""
        elapsed_s = (time.monotonic() - self._start_monotonic_s) * self.speed
        return whole_milliseconds(self._start_at + timedelta(seconds=elapsed_s))

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call back once after `seconds` of simulated time, from the running event loop."""
        return asyncio.get_running_loop().call_later(max(0.0, seconds) / self.speed, callback)

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of simulated time."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)


def real_clock() -> ScaledClock:
    """A clock that shows the time on the wall."""
    return ScaledClock()


def accelerated_clock(speed: float, *, start_at: datetime | None = None) -> ScaledClock:
    """A clock that runs `speed` times as fast, from `start_at` or from now."""
    return ScaledClock(speed=speed, start_at=start_at)


def whole_milliseconds(at: datetime) -> datetime:
    """`at` without what an OCPP timestamp cannot show."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def seconds_from(at: datetime, seconds: float) -> datetime:
    """The moment `seconds` after `at`, in whole milliseconds; where the calendar ends, its end."""
    try:
        return whole_milliseconds(at + timedelta(seconds=seconds))
    except OverflowError:
        return CALENDAR_END if seconds > 0 else CALENDAR_BEGIN


async def wait(clock: Clock, wake: asyncio.Event, until_at: datetime | None) -> None:
    """Return, with `wake` cleared, once it has been set or `until_at` has come; with None only the former."""
    timer = None
    if until_at is not None:
        timer = clock.call_later((until_at - clock.now()).total_seconds(), wake.set)
    try:
        await wake.wait()
    finally:
        if timer is not None:
            timer.cancel()
    wake.clear()
