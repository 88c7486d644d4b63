"""Stations and vehicles as they are, whatever anyone believes: they obey what they accepted, by their own clock."""

import math
import random
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from msgspec import Struct

from bench.charging.agenda import Agenda
from bench.charging.visits import Visit
from gateway.core.charging.description import EvseDescription, EvseKey, Phases
from gateway.core.charging.orders import Order

APPLY_S: Final = (0.0, 2.0)
"""How long a station takes to tell a vehicle its limit after it has accepted it."""

FOLLOW_S: Final = (0.2, 5.0)
"""How long a vehicle takes to draw no more than that (IEC 61851-1: 5 s). With `APPLY_S` it is less than settling."""

TAPER: Final = ((0.85, 0.6), (0.95, 0.35))
"""From which share of its energy on a vehicle takes which share of its current: batteries that fill up."""

READING_S: Final = 60.0

KEPT_READINGS: Final = 30
"""Readings that a station keeps while it is offline."""


class Began(Struct, frozen=True):
    """A transaction began at an EVSE."""

    key: EvseKey
    transaction: str


class Ended(Struct, frozen=True):
    """A transaction ended at an EVSE."""

    key: EvseKey
    transaction: str


class Reading(Struct, frozen=True):
    """What an EVSE draws on its lines, at `at` by the station's clock."""

    key: EvseKey
    transaction: str
    currents_ma: tuple[int, int, int]
    energy_wh: float
    at: float


Said: TypeAlias = Began | Ended | Reading


class Circuits(Protocol):
    """What hears of every current."""

    def draws(self, key: EvseKey, phases: Phases, change_ma: int) -> None:
        """An EVSE draws so much more on these phases of the site."""


class Outlet:
    """One EVSE and the vehicle at it. `lag_s` is by how much its station's clock is behind."""

    def __init__(
        self,
        agenda: Agenda,
        circuits: Circuits,
        description: EvseDescription,
        *,
        watts_per_ampere: tuple[float, float, float],
        lag_s: float,
        obeys: bool,
        dice: random.Random,
    ) -> None:
        self.description: Final = description
        self.default_ma: int | None = None
        self.profile: Order | None = None
        self.visit: Visit | None = None
        self.transaction: str | None = None
        self.energy_wh = 0.0
        self.current_ma = 0
        self._is_powered = True
        self._agenda = agenda
        self._circuits = circuits
        self._watts_per_ampere = (0.0, *watts_per_ampere)
        self._lag_s = lag_s
        self._obeys = obeys
        self._dice = dice
        self._phases: Phases = ()
        self._since = 0.0
        self._plugged_at = 0.0
        self._count = 0
        self._rethink = 0

    @property
    def key(self) -> EvseKey:
        """What it goes by."""
        return self.description.key

    @property
    def lines(self) -> Phases:
        """The phases of the site on which the vehicle draws."""
        lines = 0 if self.visit is None else self.visit.lines
        if self.profile is not None and self.profile.transaction == self.transaction and self._obeys:
            lines = min(lines, len(self.profile.phases))
        return self.description.phases[:lines]

    def plug(self, visit: Visit) -> None:
        """A vehicle comes."""
        self.visit, self._plugged_at, self.energy_wh = visit, self._agenda.now, 0.0
        for begin, end in visit.pauses:
            self._agenda.at(self._plugged_at + begin, self.follow)
            self._agenda.at(self._plugged_at + end, self.follow)

    def begin(self) -> str:
        """Begin a transaction for the vehicle that is there."""
        self._count += 1
        self.transaction = f"{self.key[0]}-{self.key[1]}-{self._count}"
        self.limit_changed()
        return self.transaction

    def end(self) -> str | None:
        """End the transaction: nothing flows any more. Returns its id, if there was one."""
        transaction, self.transaction, self.profile = self.transaction, None, None
        self.follow()
        return transaction

    def set_power(self, is_powered: bool) -> None:
        """While its station boots, nothing flows."""
        self._is_powered = is_powered
        if is_powered:
            self.limit_changed()
        else:
            self.follow()

    def apply(self, order: Order) -> None:
        """Take a limit. Its transaction runs."""
        self.profile = order
        if order.expires_at is not None:
            self._agenda.at(order.expires_at + self._lag_s, self.limit_changed)
        self.limit_changed()

    def limit_changed(self) -> None:
        """The vehicle hears of its limit, and follows."""
        self._agenda.after(self._dice.uniform(*FOLLOW_S), self.follow)

    def limit_ma(self) -> int:
        """What the station allows, by its own clock."""
        if self.transaction is None or not self._is_powered:
            return 0
        if not self._obeys:
            return self.description.maximum_ma
        order = self.profile
        if order is not None and order.transaction == self.transaction:
            if order.expires_at is None or self._agenda.now - self._lag_s < order.expires_at:
                return order.limit_ma
            return self.description.fallback_ma
        return self.description.maximum_ma if self.default_ma is None else self.default_ma

    def wants_ma(self) -> int:
        """What the vehicle would draw without a limit."""
        visit = self.visit
        if visit is None or self.transaction is None or self.energy_wh >= visit.energy_wh:
            return 0
        since_s = self._agenda.now - self._plugged_at
        if any(begin <= since_s < end for begin, end in visit.pauses):
            return 0
        share = next((share for begin, share in reversed(TAPER) if self.energy_wh >= begin * visit.energy_wh), 1.0)
        return max(min(6000, visit.maximum_ma), int(share * visit.maximum_ma))

    def follow(self) -> None:
        """The vehicle draws what it may and wants."""
        self.count_energy()
        limit, wants = self.limit_ma(), self.wants_ma()
        current = min(limit, wants)
        if current < self.description.minimum_ma:
            current = 0
        phases = self.lines
        if (current, phases) != (self.current_ma, self._phases):
            self._circuits.draws(self.key, self._phases, -self.current_ma)
            self._circuits.draws(self.key, phases, current)
            self.current_ma, self._phases = current, phases
        self._think_again()

    def count_energy(self) -> None:
        """Count what flowed until now."""
        watts = self._watts_per_ampere[len(self._phases)] * self.current_ma / 1000
        self.energy_wh += watts * (self._agenda.now - self._since) / 3600
        self._since = self._agenda.now

    def drawn_ma(self) -> tuple[int, int, int]:
        """What a meter shows on L1, L2, L3 of the EVSE, in tenths of an ampere."""
        shown = self.current_ma // 100 * 100
        first, second, third = (shown if line < len(self._phases) else 0 for line in range(3))
        return first, second, third

    def _think_again(self) -> None:
        """Follow again when the battery wants something else."""
        visit = self.visit
        if visit is None or self.current_ma == 0:
            return
        self._rethink += 1
        rethink = self._rethink
        watts = self._watts_per_ampere[len(self._phases)] * self.current_ma / 1000
        marks = [share * visit.energy_wh for share in (*(begin for begin, _ in TAPER), 1.0)]
        mark = next((mark for mark in marks if mark > self.energy_wh + 1e-6), None)
        if mark is not None:
            seconds = math.ceil((mark - self.energy_wh) / watts * 3600 * 1000 + 1) / 1000
            self._agenda.after(seconds, lambda: self.follow() if self._rethink == rethink else None)


class Station:
    """A station: its outlets, its connection, and what it has yet to tell. `deliver` takes what it tells.

    `deliver` gets a message if the connection on which it was sent still holds; else the message is sent again later.
    """

    def __init__(
        self,
        agenda: Agenda,
        identity: str,
        outlets: dict[int, Outlet],
        *,
        lag_s: float,
        dice: random.Random,
        deliver: Callable[[Said], None],
    ) -> None:
        self.identity: Final = identity
        self.outlets: Final = outlets
        self.connection = 0
        """The number of its connection; not positive while there is none."""
        self.is_up = True
        self.has_booted = True
        """Since the gateway last heard of it."""
        self._applied_at: dict[int, float] = {}
        self._agenda = agenda
        self._lag_s = lag_s
        self._dice = dice
        self._deliver = deliver
        self._queue: deque[Said] = deque()
        self._is_sending = False

    @property
    def is_online(self) -> bool:
        """Whether it is connected."""
        return self.connection > 0

    def connect(self) -> None:
        """A new connection is there; what is waiting is sent."""
        self.connection = abs(self.connection) + 1
        self._is_sending = False
        self._send_next()

    def disconnect(self) -> None:
        """The connection is gone."""
        self.connection = -abs(self.connection)

    def say(self, said: Said) -> None:
        """Tell something, now or as soon as there is a connection."""
        self._queue.append(said)
        readings = sum(isinstance(waiting, Reading) for waiting in self._queue)
        if readings > KEPT_READINGS:
            self._queue.remove(next(waiting for waiting in self._queue if isinstance(waiting, Reading)))
        self._send_next()

    def read(self) -> None:
        """Take a reading of every outlet where a transaction runs."""
        for outlet in self.outlets.values():
            if outlet.transaction is not None:
                outlet.count_energy()
                at = self._agenda.now - self._lag_s
                self.say(Reading(outlet.key, outlet.transaction, outlet.drawn_ma(), outlet.energy_wh, at))

    def take(self, order: Order) -> bool:
        """Take a limit if its transaction runs. The vehicle hears of it soon, of one limit after the other."""
        outlet = self.outlets[order.key[1]]
        if outlet.transaction != order.transaction:
            return False
        at = max(self._agenda.now + self._dice.uniform(*APPLY_S), self._applied_at.get(order.key[1], 0.0))
        self._applied_at[order.key[1]] = at

        def apply() -> None:
            if outlet.transaction == order.transaction:
                outlet.apply(order)

        self._agenda.at(at, apply)
        return True

    def _send_next(self) -> None:
        if self._is_sending or not self._queue or not self.is_online:
            return
        self._is_sending = True
        connection = self.connection

        def arrive() -> None:
            if self.connection != connection:
                return
            self._is_sending = False
            if self._queue:
                self._deliver(self._queue.popleft())
            self._send_next()

        self._agenda.after(self._dice.uniform(0.02, 0.5), arrive)
