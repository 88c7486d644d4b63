"""The gateway's side of a world: a policy that can be killed, and a wire that loses and delays what it sends."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from bench.charging.agenda import Agenda
from bench.charging.faults import Faults
from bench.charging.policies import Policy, Send
from bench.charging.stations import Began, Ended, Reading, Said, Station
from gateway.core.charging.description import EvseKey
from gateway.core.charging.orders import Ending, LeaseTerms, Order

CALL_S: Final = 30.0
"""How long the gateway waits for an answer."""

PING_S: Final = 60.0
"""How long it may take the gateway to notice that a connection is gone."""

WIRE_S: Final = (0.02, 0.5)
"""One way, with what either side does about it."""

CONNECT_S: Final = (0.5, 30.0)
"""How long stations take to come back to a gateway that was started."""

PREPARE_S: Final = (1.0, 6.0)
"""From a new connection until the default profile of an EVSE is looked at."""

MakePolicy = Callable[[Send], Policy]


class Hub:
    """The gateway: what it knows of connections and transactions, its policy, and the orders that are under way."""

    def __init__(
        self,
        agenda: Agenda,
        stations: Mapping[str, Station],
        terms: Mapping[str, LeaseTerms],
        faults: Faults,
        make_policy: MakePolicy,
        dice: random.Random,
    ) -> None:
        self.sent: Final[Counter[str]] = Counter()
        """Messages to stations, by what came of them; `writes` are profiles that stations stored."""
        self._agenda = agenda
        self._stations = stations
        self._terms = terms
        self._faults = faults
        self._make_policy = make_policy
        self._dice = dice
        self._policy: Policy | None = None
        self._life = 0
        self._turn_at: float | None = None
        self._turn_number = 0
        self._known: dict[str, int] = {}
        self._running: dict[EvseKey, str] = {}
        self._open: dict[int, Order] = {}
        self._calls = 0

    @property
    def policy(self) -> Policy | None:
        """Who decides; None while the gateway is dead."""
        return self._policy

    def start(self) -> None:
        """Start, with what is on disk."""
        self._life += 1
        self._policy = self._make_policy(self._send)
        for key, transaction in self._running.items():
            self._policy.session_began(key, transaction, self._agenda.now)
        for station in self._stations.values():
            self._agenda.after(self._dice.uniform(*CONNECT_S), lambda station=station: self.connect(station))  # type: ignore[misc]
        self._have_turn()

    def kill(self) -> None:
        """Be killed. What stations have to say waits with them."""
        self.sent["kills"] += 1
        self._policy = None
        self._life += 1
        self._open.clear()
        self._known.clear()
        for station in self._stations.values():
            station.disconnect()
        self._agenda.after(self._dice.uniform(0.5, 1.5) * self._faults.gateway_down_s, self.start)

    # --- connections

    def connect(self, station: Station) -> None:
        """A station connects, if there is anybody."""
        if self._policy is None or station.is_online or not station.is_up:
            return
        station.connect()
        identity = station.identity
        if identity in self._known:
            self._forget(identity)
        self._known[identity] = station.connection
        self._policy.connected(identity, self._terms[identity], self._agenda.now)
        has_booted, station.has_booted = station.has_booted, False
        if has_booted:
            self._policy.unready(identity, self._agenda.now)
        self._agenda.after(
            self._dice.uniform(*PREPARE_S), lambda: self._prepare(station, self._known.get(identity), has_booted)
        )
        self._have_turn()

    def disconnect(self, station: Station) -> None:
        """A connection breaks; the gateway notices after a while."""
        connection = station.connection
        station.disconnect()

        def notice() -> None:
            if self._known.get(station.identity) == connection:
                self._forget(station.identity)
                self._have_turn()

        self._agenda.after(self._dice.uniform(0, PING_S), notice)

    def _forget(self, identity: str) -> None:
        """Take note that a connection is gone: what was sent on it has no answer."""
        assert self._policy is not None
        del self._known[identity]
        self._policy.gone(identity, self._agenda.now)
        for call, order in list(self._open.items()):
            if order.key[0] == identity:
                self._end(call, Ending.UNKNOWN)

    def _prepare(self, station: Station, connection: int | None, has_booted: bool) -> None:
        """See to the default profiles of a station: looked at after a boot, installed where there is none."""
        policy = self._policy
        if policy is None or connection is None or self._known.get(station.identity) != connection:
            return
        if station.connection != connection:
            return
        for outlet in station.outlets.values():
            self.sent["checks"] += has_booted
            if outlet.default_ma is None:
                self.sent["defaults"] += 1
                self.sent["writes"] += 1
                outlet.default_ma = outlet.description.fallback_ma
                outlet.limit_changed()
            policy.default_installed(outlet.key, self._agenda.now)
        self._have_turn()

    # --- what stations say

    def hear(self, said: Said) -> None:
        """Hear a station."""
        policy, now = self._policy, self._agenda.now
        assert policy is not None
        if isinstance(said, Began):
            self._running[said.key] = said.transaction
            policy.session_began(said.key, said.transaction, now)
        elif isinstance(said, Ended):
            if self._running.get(said.key) == said.transaction:
                del self._running[said.key]
            policy.session_ended(said.key, said.transaction, now)
        elif isinstance(said, Reading):
            policy.drew(said.key, said.transaction, said.currents_ma, said.energy_wh, said.at, now)
        self._have_turn()

    def limit_set(self, node: str, limit_ma: int, until: float) -> None:
        """An operator sets a limit; while the gateway is dead he tries again."""
        if self._policy is None:
            self._agenda.after(5.0, lambda: self.limit_set(node, limit_ma, until))
            return
        self._policy.limit_set(node, limit_ma, until, self._agenda.now)
        self._have_turn()

    # --- orders

    def _send(self, order: Order) -> None:
        self._calls += 1
        call, life = self._calls, self._life
        identity = order.key[0]
        connection = self._known.get(identity)
        self._open[call] = order
        if connection is None:
            self._agenda.after(0.0, lambda: self._end(call, Ending.NOT_SENT))
            return
        self.sent["limits"] += 1
        self._agenda.after(CALL_S, lambda: self._end(call, Ending.UNKNOWN))
        faults, dice = self._faults, self._dice
        delay_s = dice.uniform(*WIRE_S)
        if dice.random() < faults.late:
            delay_s += dice.uniform(0, faults.late_s)
        elif dice.random() < faults.request_lost:
            if dice.random() >= faults.stale:
                return
            delay_s += CALL_S + dice.uniform(0, faults.late_s)
        station = self._stations[identity]
        self._agenda.after(delay_s, lambda: self._arrive(station, connection, order, call, life))

    def _arrive(self, station: Station, connection: int, order: Order, call: int, life: int) -> None:
        """A station takes a limit, or not, and answers, or not."""
        if station.connection != connection:
            return
        faults, dice = self._faults, self._dice
        is_error = dice.random() < faults.error
        is_taken = False
        if dice.random() >= faults.rejected and not (is_error and dice.random() < 0.5):
            is_taken = station.take(order)
        self.sent["writes"] += is_taken
        if dice.random() < faults.answer_lost:
            return
        ending = Ending.UNKNOWN if is_error else Ending.ACCEPTED if is_taken else Ending.REJECTED

        def answer() -> None:
            if self._life == life and station.connection == connection:
                self._end(call, ending)

        self._agenda.after(dice.uniform(*WIRE_S), answer)

    def _end(self, call: int, ending: Ending) -> None:
        order = self._open.pop(call, None)
        if order is None or self._policy is None:
            return
        self.sent[ending.value] += 1
        self._policy.ended(order, ending, self._agenda.now)
        self._have_turn()

    # --- turns

    def _have_turn(self) -> None:
        """Let the policy have a turn at once: after all that happens at this instant."""
        self._turn_in(self._agenda.now)

    def _turn_in(self, at: float) -> None:
        if self._turn_at is not None and self._turn_at <= at:
            return
        self._turn_at = at
        self._turn_number += 1
        number = self._turn_number
        self._agenda.at(at, lambda: self._turn(number))

    def _turn(self, number: int) -> None:
        if number != self._turn_number:
            return
        self._turn_at = None
        if self._policy is None:
            return
        due = self._policy.tick(self._agenda.now)
        if due is not None:
            self._turn_in(max(due, self._agenda.now + 0.02))
