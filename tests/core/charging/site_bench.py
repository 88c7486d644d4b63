"""A site with a controller, scripted stations and a clock, all in one place: nothing is awaited, nothing is random."""

import heapq
from collections.abc import Callable
from typing import Any

from gateway.core.charging.capacities import Capacities
from gateway.core.charging.controller import ControlSettings, SiteController
from gateway.core.charging.description import EvseDescription, EvseKey, NodeDescription, SiteDescription
from gateway.core.charging.ledger import Ledger
from gateway.core.charging.network import Network
from gateway.core.charging.orders import Ending, LeaseTerms, Order
from gateway.core.charging.views import EvseView, LinkView

BEGIN = 1_800_000_000.0
"""A whole number of slots of 900 s."""

Answer = Callable[[Order], tuple[Ending, float] | None]
"""What becomes of an order, and after how many seconds; None: nothing is ever heard."""


def site(
    *evses: EvseDescription,
    limit_a: float = 100,
    nodes: tuple[NodeDescription, ...] = (),
    **fields: Any,
) -> SiteDescription:
    """A site whose grid connection carries `limit_a` on each phase, with panels below it."""
    grid = NodeDescription(name="grid", limit_ma=(int(limit_a * 1000),) * 3)
    return SiteDescription(name="site", nodes=(grid, *nodes), evses=evses, **fields)


def evse(number: int, *, node: str = "grid", **fields: Any) -> EvseDescription:
    """The only EVSE of station S<number>."""
    return EvseDescription(station=f"S{number}", evse=1, node=node, **fields)


def accept(_order: Order) -> tuple[Ending, float]:
    """Answer at once, as a good station does."""
    return Ending.ACCEPTED, 0.2


class SiteBench:
    """Runs one site. Stations are connected and ready at the begin, and answer as `answers` says, else by `accept`."""

    def __init__(
        self,
        description: SiteDescription,
        *,
        terms: LeaseTerms | None = None,
        settings: ControlSettings | None = None,
    ) -> None:
        self.now = BEGIN
        self.network = Network(description)
        self.capacities = Capacities(self.network)
        self.ledger = Ledger(self.network)
        self.orders: list[Order] = []
        self.notes: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Answer] = {}
        self.wakes = 0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._events_added = 0
        self.controller = SiteController(
            self.network,
            self.capacities,
            self.ledger,
            settings=settings or ControlSettings(),
            send=self._sent,
            note=lambda event, **fields: self.notes.append((event, fields)),
            wake=self._woken,
        )
        self.due_at: float | None = self.now
        for key in self.network.evses:
            self.controller.terms(key[0], terms or LeaseTerms(), self.now)
            self.ledger.default_installed(key, self.now - 3600)
            self.controller.connected(key[0], self.now)
            self.controller.ready(key, True, self.now)
        self.run(0)

    def begin(self, number: int, *tokens: str) -> EvseKey:
        """Let a session begin at station S<number>."""
        key = (f"S{number}", 1)
        self.controller.session_began(key, f"tx{self.now}", tokens, self.now)
        return key

    def end(self, key: EvseKey) -> None:
        """Let the session at an EVSE end."""
        transaction = self.at(key).transaction
        assert transaction is not None
        self.controller.session_ended(key, transaction, self.now)

    def draws(self, key: EvseKey, *currents_a: float, at: float | None = None) -> None:
        """Report currents on L1, L2, L3, sampled now."""
        one, two, three = (*(int(current * 1000) for current in currents_a), None, None, None)[:3]
        transaction = self.at(key).transaction
        self.controller.drew(key, transaction, (one, two, three), None, None, self.now if at is None else at, self.now)

    def run(self, seconds: float) -> None:
        """Let time pass."""
        until = self.now + seconds
        while True:
            at = min(
                self._events[0][0] if self._events else float("inf"),
                float("inf") if self.due_at is None else self.due_at,
            )
            if at > until:
                self.now = until
                return
            self.now = max(self.now, at)
            while self._events and self._events[0][0] <= self.now:
                heapq.heappop(self._events)[2]()
            if self.due_at is not None and self.due_at <= self.now:
                self.due_at = None
                due_at = self.controller.tick(self.now)
                self.due_at = min((at for at in (due_at, self.due_at) if at is not None), default=None)
            self.check()

    def check(self) -> None:
        """What may be in force fits every link, by our own sum; what it exceeds is told as deficit."""
        lowest = self.capacities.lowest(self.now, 0.0)
        reserved = [0] * len(self.network.links)
        for key in self.network.evses:
            for phase, reach in enumerate(self.ledger.reach_ma(key), 1):
                for link, factor in self.network.loads(key, (phase,)):
                    reserved[link] += factor * reach
        deficits = self.ledger.deficits()
        for link, capacity in enumerate(lowest):
            if capacity is not None and reserved[link] > max(capacity, 0) * 1_000_000:
                assert link in deficits, f"{self.network.links[link]}: {reserved[link]} of {capacity}, untold"

    def at(self, key: EvseKey) -> EvseView:
        """How the EVSE is now."""
        return next(one for one in self.controller.view(self.now).evses if (one.station, one.evse) == key)

    def link(self, node: str, phase: int) -> LinkView:
        """How the link is now."""
        links = self.controller.view(self.now).links
        return next(one for one in links if (one.node, one.phase) == (node, phase))

    def limits_a(self, *keys: EvseKey) -> list[float]:
        """The limits in force, in A."""
        return [self.at(key).limit_ma / 1000 for key in keys]

    def later(self, seconds: float, event: Callable[[], None]) -> None:
        """Let something happen after some time."""
        self._events_added += 1
        heapq.heappush(self._events, (self.now + seconds, self._events_added, event))

    def _woken(self) -> None:
        self.wakes += 1
        self.due_at = self.now

    def _sent(self, order: Order) -> None:
        self.orders.append(order)
        answer = self.answers.get(order.key[0], accept)(order)
        if answer is not None:
            ending, after_s = answer
            self.later(after_s, lambda: self.controller.ended(order, ending, self.now))
