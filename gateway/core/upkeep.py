"""What the gateway does by itself for stations that connect or boot: whom to attend to, when, and how many at once.

A station that is connected but never sent a BootNotification, as it booted with another server, is asked for one. An
accepted station's limits are read and its local list is brought in step, where the configuration says so. One that
opens an event stream for a monitor that is not known is asked for its monitors. Fifty thousand stations may come back
at once: they wait here as one entry each, without a coroutine, and begin at a pace.
"""

from collections.abc import Callable
from enum import Enum
from heapq import heapify, heappop, heappush
from itertools import count
from math import inf
from typing import Final

from msgspec import Struct

from gateway.core.calls import Outcome
from gateway.core.event_streams import has_nameless_stream
from gateway.core.facts.item_limits import ItemLimits, firmware_of, known_limits
from gateway.core.facts.local_list import list_state
from gateway.core.flows.flow import Operator, Result
from gateway.core.flows.limits import item_limits
from gateway.core.flows.local_list import SyncRequest, sync
from gateway.core.flows.monitoring import ReportMonitors, report_monitors
from gateway.core.flows.words import is_16
from gateway.core.session import Session
from gateway.core.stations import Station
from gateway.core.token_history import TokenHistory

SETTLE_S: Final = 2.0
"""Rest after a station has booted or connected: it has a lot to say then, and its answers come first."""

RETRY_S_FIRST: Final = 60.0
RETRY_S_MAX: Final = 3600.0
"""Bounds of the pause before another try; it doubles from one to the other."""

PACE_S: Final = 1.0
"""What was not begun within this time at the pace that is allowed, is not made up for later."""

VOID_MAX: Final = 1000
"""Turns that became void and are still in the queue, beyond one for each station that waits."""

TRIES_MAX: Final = 6
"""Tries for one connection of one station: some two hours. The next connection or boot begins anew."""


class UpkeepPolicy(Struct, frozen=True, kw_only=True):
    """What is done unasked, and how fast.

    `trigger_boot_after_s`: how long a connected station that never booted is waited for, None not to ask it at all.
    `name_streams`: whether a station with an event stream of an unknown monitor is asked for its monitors (2.1).
    `reset_unbooted`: whether it is reset, once it is idle, if it will not boot otherwise (2.x).
    At most `concurrent_max` stations are attended to at once, and `starts_per_s` begin in a second.
    """

    trigger_boot_after_s: float | None
    reset_unbooted: bool
    read_limits: bool
    name_streams: bool
    concurrent_max: int
    starts_per_s: float


class Waiting(Struct, eq=False):
    """A station that waits for its turn, on one of its connections. `booted`: it booted on it."""

    station: Station
    session: Session
    turn: int
    booted: bool
    tries: int


class Attended(Enum):
    """How it ended: nothing is left to do for this connection, or it is to be tried again, or it cannot be helped."""

    DONE = "done"
    AGAIN = "again"
    WILL_NOT_BOOT = "will_not_boot"


class Upkeep:
    """Decides who is next. `begin(waiting)` attends to a station, and `ended` is called when that is over.

    `schedule(upkeep, deadline)` has `tick` called at `deadline` (monotonic seconds) or a little later.
    """

    def __init__(
        self,
        policy: UpkeepPolicy,
        *,
        token_history: Callable[[Station], TokenHistory | None],
        begin: Callable[[Waiting], None],
        schedule: Callable[["Upkeep", float], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._policy = policy
        self._token_history = token_history
        self._begin = begin
        self._schedule = schedule
        self._monotonic = monotonic
        self._waiting: dict[str, Waiting] = {}
        self._queue: list[tuple[float, int, str]] = []
        """(due, turn, identity): void unless the station still waits for this turn."""
        self._turns = count()
        self._under_way = 0
        self.attended: Final = dict.fromkeys(Attended, 0)
        """How often a station was attended to, by how it ended."""
        self._next_start_s = 0.0
        self._due_s = inf

    @property
    def waiting(self) -> int:
        """How many stations wait for their turn."""
        return len(self._waiting)

    @property
    def under_way(self) -> int:
        """How many stations are attended to now."""
        return self._under_way

    def connected(self, station: Station) -> None:
        """Take note of a new connection."""
        if station.state.registration is None:
            if self._policy.trigger_boot_after_s is not None:
                self._put(station, booted=False, tries=0, after_s=self._policy.trigger_boot_after_s)
        elif self._needs_attention(station, booted=False):
            self._put(station, booted=False, tries=0, after_s=SETTLE_S)

    def noted(self, station: Station, action: str) -> None:
        """Take note of a message of `service.NOTED` that was taken in."""
        waiting = self._waiting.get(station.identity)
        if action == "BootNotification":
            if self._needs_attention(station, booted=True):
                self._put(station, booted=True, tries=0, after_s=SETTLE_S)
            elif waiting is not None:
                del self._waiting[station.identity]
        elif waiting is None and self._needs_attention(station, booted=False):
            self._put(station, booted=False, tries=0, after_s=SETTLE_S)

    def gone(self, station: Station) -> None:
        """Take note that a connection of this station ended; a newer one stays in its place."""
        waiting = self._waiting.get(station.identity)
        if waiting is not None and station.session is not waiting.session:
            del self._waiting[station.identity]

    def ended(self, waiting: Waiting, attended: Attended) -> None:
        """Take note that a station was attended to."""
        self._under_way -= 1
        self.attended[attended] += 1
        station, tries = waiting.station, waiting.tries + 1
        is_same = station.session is waiting.session and station.identity not in self._waiting
        if attended is Attended.AGAIN and tries < TRIES_MAX and is_same:
            pause_s = min(RETRY_S_FIRST * 2**waiting.tries, RETRY_S_MAX)
            self._put(station, booted=waiting.booted, tries=tries, after_s=pause_s)
        self._begin_due(self._monotonic())
        self._wake_at(self._next_due())

    def tick(self, now: float) -> float | None:
        """Begin with those whose turn has come, and return when the next one's will."""
        if now < self._due_s:
            return None  # a nearer deadline came in between; it has a tick of its own
        self._begin_due(now)
        self._due_s = self._next_due()
        return None if self._due_s == inf else self._due_s

    def _begin_due(self, now: float) -> None:
        policy = self._policy
        self._next_start_s = max(self._next_start_s, now - PACE_S)
        while self._queue and self._queue[0][0] <= now and self._under_way < policy.concurrent_max:
            _, turn, identity = self._queue[0]
            waiting = self._waiting.get(identity)
            if waiting is None or waiting.turn != turn:
                heappop(self._queue)
                continue
            if self._next_start_s > now:
                return
            heappop(self._queue)
            del self._waiting[identity]
            self._next_start_s += 1 / policy.starts_per_s
            self._under_way += 1
            self._begin(waiting)

    def _next_due(self) -> float:
        """Return when there is something to begin; never, while as many are under way as may be: `ended` goes on."""
        if not self._queue or self._under_way >= self._policy.concurrent_max:
            return inf
        return max(self._queue[0][0], self._next_start_s)

    def _needs_attention(self, station: Station, *, booted: bool) -> bool:
        if station.state.registration != "Accepted":
            return False
        if self._policy.read_limits and known_limits(station) is None:
            return True
        if self._policy.name_streams and has_nameless_stream(station):
            return True
        history = self._token_history(station)
        return history is not None and list_needs_attention(station, history, booted=booted)

    def _put(self, station: Station, *, booted: bool, tries: int, after_s: float) -> None:
        session = station.session
        if session is None:
            return
        turn = next(self._turns)
        self._waiting[station.identity] = Waiting(station, session, turn, booted, tries)
        if len(self._queue) > 2 * len(self._waiting) + VOID_MAX:
            self._drop_void()
        heappush(self._queue, (self._monotonic() + after_s, turn, station.identity))
        self._wake_at(self._next_due())

    def _drop_void(self) -> None:
        waiting = self._waiting
        self._queue = [entry for entry in self._queue if entry[2] in waiting and waiting[entry[2]].turn == entry[1]]
        heapify(self._queue)

    def _wake_at(self, due_s: float) -> None:
        if due_s < self._due_s:
            self._due_s = due_s
            self._schedule(self, due_s)


def list_needs_attention(station: Station, history: TokenHistory, *, booted: bool) -> bool:
    """Whether a list should be looked after. A station that booted may have lost it, or be able to have one now."""
    state = list_state(station)
    if state.problem == "unsupported" and state.firmware == firmware_of(station):
        return False
    if state.problem == "disabled" and not booted:
        return False
    return booted or state.version != history.version


async def attend(operator: Operator, policy: UpkeepPolicy, station: Station, *, booted: bool) -> Attended:
    """Do what is to be done for a station, one thing after the other. Raises CommandError."""
    if station.state.registration is None:
        return await _ask_to_boot(operator, station, reset=policy.reset_unbooted)
    if station.state.registration != "Accepted":
        return Attended.DONE
    if policy.read_limits and not isinstance(await item_limits(operator, station), ItemLimits):
        return Attended.AGAIN
    if policy.name_streams and has_nameless_stream(station):
        told = await report_monitors(operator, station, ReportMonitors(criteria=("PeriodicMonitoring",)))
        if told.outcome in (Outcome.TIMEOUT, Outcome.UNKNOWN):
            return Attended.AGAIN
    history = operator.token_history(station)
    if history is None or not list_needs_attention(station, history, booted=booted):
        return Attended.DONE
    return _attended(await sync(operator, station, SyncRequest()))


async def _ask_to_boot(operator: Operator, station: Station, *, reset: bool) -> Attended:
    """Ask for a BootNotification (1.6 section 5.17, 2.x use case F06).

    A 2.x station that another server has accepted must refuse that (F06.FR.17): only a reset helps, which waits until
    nobody charges any more.
    """
    end = await operator.call(station, "TriggerMessage", {"requestedMessage": "BootNotification"})
    if end.outcome is Outcome.REJECTED and reset and not is_16(operator, station):
        end = await operator.call(station, "Reset", {"type": "OnIdle"})
    if end.outcome in (Outcome.REJECTED, Outcome.CALL_ERROR):
        return Attended.WILL_NOT_BOOT
    return Attended.AGAIN if end.outcome is Outcome.TIMEOUT else Attended.DONE


def _attended(result: Result) -> Attended:
    """A list that does not fit, or that the station does not have, is not tried again on this connection."""
    if result.outcome is Outcome.ACCEPTED or result.body.get("problem") in ("unsupported", "disabled", "too_small"):
        return Attended.DONE
    return Attended.AGAIN
