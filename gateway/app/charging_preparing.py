"""Stations of sites are made ready for limits when they connect or boot: a few at a time, and again where it failed."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct

from gateway.core.commands import CommandError
from gateway.core.session import Session
from gateway.core.stations import Station

CONCURRENT_MAX: Final = 32
"""Stations that are prepared at once: each is a task, and has a dozen calls to answer."""

STARTS_PER_S: Final = 50.0
"""How many begin in a second: a site of 10,000 stations that returns at once is ready after some minutes."""

SETTLE_S: Final = 1.0
"""Rest after a station has connected or booted, in real seconds: its own messages come first."""

RETRY_S_FIRST: Final = 30.0
RETRY_S_MAX: Final = 1800.0
"""Bounds of the pause before another try, in seconds of the gateway's clock; it doubles from one to the other."""


class Wanted(Struct, eq=False):
    """A station that is to be prepared, on one of its connections. `booted`: it has booted on it."""

    station: Station
    session: Session
    booted: bool
    tries: int = 0


class LoopPreparing:
    """Prepares stations: `prepare(station, booted)` does it, and returns whether that is all for this connection."""

    def __init__(
        self,
        prepare: Callable[[Station, bool], Awaitable[bool]],
        *,
        speed: float,
        log: Callable[..., None],
    ) -> None:
        self._prepare = prepare
        self._speed = speed
        self._log = log
        self._wanted: dict[str, Wanted] = {}
        self._due: deque[Wanted] = deque()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._next_start_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False

    @property
    def waiting(self) -> int:
        """How many stations wait for it or are being prepared."""
        return len(self._wanted)

    def want(self, station: Station, booted: bool) -> None:
        """Have a station prepared, now that it is connected or has booted; what is under way begins anew."""
        if station.session is not None and not self._stopping:
            self._put(Wanted(station, station.session, booted), SETTLE_S)

    async def stop(self) -> None:
        """End what is under way, and begin nothing more."""
        self._stopping = True
        if self._timer is not None:
            self._timer.cancel()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _put(self, wanted: Wanted, after_s: float) -> None:
        self._wanted[wanted.station.identity] = wanted
        asyncio.get_running_loop().call_later(after_s, self._come_due, wanted)

    def _come_due(self, wanted: Wanted) -> None:
        self._due.append(wanted)
        self._begin()

    def _begin(self) -> None:
        """Begin with those that are due, as many as may be."""
        loop = asyncio.get_running_loop()
        while self._due and len(self._tasks) < CONCURRENT_MAX and not self._stopping:
            wanted = self._due[0]
            identity = wanted.station.identity
            if self._wanted.get(identity) is not wanted:  # it booted meanwhile, or was wanted anew
                self._due.popleft()
                continue
            if wanted.station.session is not wanted.session:
                self._due.popleft()
                del self._wanted[identity]
                continue
            if loop.time() < self._next_start_s:
                if self._timer is None:
                    self._timer = loop.call_at(self._next_start_s, self._go_on)
                return
            self._due.popleft()
            self._next_start_s = max(self._next_start_s, loop.time() - 1) + 1 / STARTS_PER_S
            if (under_way := self._tasks.pop(identity, None)) is not None:
                under_way.cancel()
            task = loop.create_task(self._attend(wanted))
            self._tasks[identity] = task
            task.add_done_callback(lambda done, identity=identity: self._ended(identity, done))  # type: ignore[misc]

    def _go_on(self) -> None:
        self._timer = None
        self._begin()

    def _ended(self, identity: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(identity) is task:
            del self._tasks[identity]
        self._begin()

    async def _attend(self, wanted: Wanted) -> None:
        station = wanted.station
        is_done = False
        try:
            is_done = await self._prepare(station, wanted.booted)
        except CommandError as error:
            self._log("charging_not_prepared", level="info", station=station.identity, reason=str(error))
        except Exception as error:
            self._log("charging_not_prepared", level="error", station=station.identity, reason=repr(error))
        if self._wanted.get(station.identity) is not wanted:
            return
        if is_done or station.session is not wanted.session or self._stopping:
            del self._wanted[station.identity]
            return
        pause_s = min(RETRY_S_FIRST * 2**wanted.tries, RETRY_S_MAX) / self._speed
        self._put(Wanted(station, wanted.session, wanted.booted, min(wanted.tries + 1, 16)), pause_s)
