"""Work that takes its time and tells how far it is: a firmware update, an upload."""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct

from gateway.fleet.clock import seconds_from
from gateway.fleet.features.timed import Home

OFFLINE_S = 10.0
"""How long work waits for a server to tell of it, before it looks again."""

BUSY_S = 60.0
"""How long work that needs an idle station waits, before it looks again."""

IDLE = "Idle"
"""The status of a station that has nothing to do."""


class Phase(Struct, frozen=True):
    """One step: after `after_s` simulated seconds it has `status`. An `idle` one waits for transactions to end.

    A phase that `restarts` the station is told before, in so far as its status is not empty.
    """

    status: str
    after_s: float = 0.0
    idle: bool = False
    restarts: str | None = None


class Work:
    """Phases, one after the other. `tell` is called with each status; no phase passes while nobody can be told."""

    __slots__ = ("_ahead", "_home", "_restart", "_tell", "next_at", "status")

    def __init__(
        self, home: Home, tell: Callable[[str], object], restart: Callable[[datetime, str], object] | None = None
    ) -> None:
        """`restart` is called with the time and the reason where a phase restarts the station."""
        self._home = home
        self._tell = tell
        self._restart = restart
        self._ahead: list[Phase] = []
        self.status = IDLE
        self.next_at: datetime | None = None

    @property
    def running(self) -> bool:
        """Whether there is a phase to come."""
        return bool(self._ahead)

    def begin(self, phases: Sequence[Phase], now: datetime) -> None:
        """Do `phases` from now on, instead of what was being done."""
        self._ahead = list(phases)
        self.next_at = seconds_from(now, self._ahead[0].after_s)

    def tick(self, now: datetime) -> None:
        """Enter every phase that is due."""
        while self.next_at is not None and self.next_at <= now:
            phase = self._ahead[0]
            if not self._home.online:
                self.next_at = seconds_from(now, OFFLINE_S)
                return
            if phase.idle and self._home.charging:
                self.next_at = seconds_from(now, BUSY_S)
                return
            del self._ahead[0]
            self.next_at = seconds_from(now, self._ahead[0].after_s) if self._ahead else None
            if phase.status:
                self.status = phase.status
                self._tell(phase.status)
            if phase.restarts is not None and self._restart is not None:
                self._restart(now, phase.restarts)
