"""Runs the upkeep of stations (`gateway.core.upkeep`) on the event loop: one task for each station attended to."""

import asyncio
from collections.abc import Callable
from typing import Final

from gateway.app.operator import LoopOperator
from gateway.core.commands import CommandError
from gateway.core.stations import Station
from gateway.core.upkeep import Attended, Upkeep, UpkeepPolicy, Waiting, attend

NEVER_BOOTED: Final = "its messages are refused until it boots: reset it, or see upkeep.reset_unbooted"


class LoopUpkeep:
    """The upkeep of all `stations`. `operator` gives an operator for one station's turn."""

    def __init__(
        self,
        policy: UpkeepPolicy,
        operator: Callable[[], LoopOperator],
        *,
        schedule: Callable[[Upkeep, float], None],
        monotonic: Callable[[], float],
        log: Callable[..., None],
    ) -> None:
        self._policy = policy
        self._operator = operator
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.stations: Final = Upkeep(
            policy,
            token_history=lambda station: operator().token_history(station),
            begin=self._begin,
            schedule=schedule,
            monotonic=monotonic,
        )

    async def stop(self) -> None:
        """End what is under way, and begin nothing more."""
        self._stopping = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, waiting: Waiting) -> None:
        if self._stopping:
            return
        task = asyncio.get_running_loop().create_task(self._attend(waiting))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attend(self, waiting: Waiting) -> None:
        attended = Attended.DONE
        try:
            attended = await attend(self._operator(), self._policy, waiting.station, booted=waiting.booted)
            if attended is Attended.WILL_NOT_BOOT:
                self._log(
                    "station_never_booted", level="warning", station=waiting.station.identity, effect=NEVER_BOOTED
                )
        except CommandError as error:
            attended = Attended.AGAIN
            self._note(waiting.station, level="info", reason=str(error))
        except Exception as error:
            self._note(waiting.station, level="error", reason=repr(error))
        finally:
            if not self._stopping:
                self.stations.ended(waiting, attended)

    def _note(self, station: Station, *, level: str, reason: str) -> None:
        self._log("upkeep_failed", level=level, station=station.identity, reason=reason)
