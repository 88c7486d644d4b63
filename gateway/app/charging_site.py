"""One site on the event loop: what its stations say goes to its controller, which works when it is time to."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from math import inf
from time import perf_counter
from typing import Any, Final, Protocol

from gateway.app.charging_orders import OrderPost
from gateway.core.charging.capacities import Capacities
from gateway.core.charging.controller import ControlSettings, SiteController
from gateway.core.charging.description import EvseKey, SiteDescription
from gateway.core.charging.figures import SiteFigures
from gateway.core.charging.ledger import Ledger, SavedReservation
from gateway.core.charging.network import Network
from gateway.core.charging.obedience import DISOBEDIENCE, Disobedience, firmware_of
from gateway.core.charging.observing import Observer
from gateway.core.charging.orders import Ending, Order
from gateway.core.records import Entry, Record
from gateway.core.stations import Station

TURN_S: Final = 0.02
"""Least time between two turns of a controller, in real seconds: what a busy site says meanwhile is dealt with at
once, and nobody's vehicle follows faster."""

FAILED_S: Final = 5.0
"""Pause after a turn that failed, in real seconds. What is in force decays by itself meanwhile."""

KEEP_S: Final = 10.0
"""How long what is released may be unknown on disk, in real seconds. A restart reserves too much then, never too
little; and an order puts its EVSE on disk anyway."""


SITE_EVENTS: Final = (
    "charging_disobedience",
    "charging_limits_refused",
    "charging_certificate_failed",
    "charging_order_without_room",
)
"""What an operator must know of a site: events of the log, which are counted too."""


class Observed(Protocol):
    """Counts the time of a controller's turns."""

    def observe(self, value: float) -> None:
        """Count one turn, in seconds."""


class LoopSite:
    """A site: its network, what it carries, what is reserved, and who decides. `now` is in seconds of the epoch.

    `station` gives a station by identity, None if it was never seen. `finish` lets records take effect that the site's
    own doings bring.
    """

    def __init__(
        self,
        description: SiteDescription,
        *,
        settings: ControlSettings,
        post: OrderPost,
        station: Callable[[str], Station | None],
        group_of: Callable[[str], str | None],
        finish: Callable[[Station, list[Record]], None],
        now: Callable[[], float],
        speed: float,
        turn_seconds: Observed,
        events: Counter[str],
        log: Callable[..., None],
    ) -> None:
        self.description: Final = description
        self.network: Final = Network(description)
        self.capacities: Final = Capacities(self.network)
        self.ledger: Final = Ledger(self.network)
        self.controller: Final = SiteController(
            self.network,
            self.capacities,
            self.ledger,
            settings=settings,
            send=self._send,
            note=self._note,
            wake=self.wake,
        )
        self.stations: Final[dict[str, list[EvseKey]]] = {}
        """Its stations by identity, each with its EVSEs at the site."""
        for key in self.network.evses:
            self.stations.setdefault(key[0], []).append(key)
        self._observer = Observer(self.controller, self.network.evses, group_of)
        self._post = post
        self._station = station
        self._finish = finish
        self._now = now
        self._speed = speed
        self._turn_seconds = turn_seconds
        self._events = events
        self._log = log
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = inf
        self._turned_s = -TURN_S
        self._released: set[EvseKey] = set()
        self._keep_timer: asyncio.TimerHandle | None = None
        self._stopped = False
        self._figures: SiteFigures | None = None

    def restore(self, reservations: Iterable[tuple[EvseKey, SavedReservation]]) -> None:
        """Take up what may be in force at EVSEs of the site, by what is on disk, and what runs there already."""
        for key, saved in reservations:
            self.ledger.load(key, saved)
        for identity in self.stations:
            if (station := self._station(identity)) is not None:
                self._observer.begin(station, self._now())

    def observe(self, station: Station, entry: Entry) -> None:
        """Tell what an entry of one of its stations says."""
        over = self._observer.observe(station, entry, self._now())
        if over:
            self._finish(station, over)

    def ended(self, order: Order, ending: Ending, retry_s: float | None) -> None:
        """Tell how an order ended."""
        self.controller.ended(order, ending, self._now(), retry_s)

    def figures(self, now: float) -> SiteFigures:
        """Return the site in numbers, as after its last turn."""
        if self._figures is None:
            self._figures = self.controller.figures(now)
        return self._figures

    def wake(self) -> None:
        """Have the controller work soon."""
        self._turn_at(asyncio.get_running_loop().time())

    def turn(self) -> None:
        """Have the controller work now."""
        if self._timer is not None:
            self._timer.cancel()
        self._turn()

    def stop(self) -> None:
        """Decide nothing more; what was released since is put on disk, if that can be."""
        self._stopped = True
        for timer in (self._timer, self._keep_timer):
            if timer is not None:
                timer.cancel()
        self._released |= self.ledger.changed
        self._keep()

    def _turn_at(self, due_s: float) -> None:
        """Have a turn at `due_s` of the loop's time, not too soon after the last one."""
        if self._stopped:
            return
        due_s = max(due_s, self._turned_s + TURN_S)
        if due_s >= self._due_s:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due_s = due_s
        self._timer = asyncio.get_running_loop().call_at(due_s, self._turn)

    def _turn(self) -> None:
        self._timer, self._due_s = None, inf
        if self._stopped:
            return
        loop = asyncio.get_running_loop()
        self._turned_s = loop.time()
        self._figures = None
        now = self._now()
        begun_s = perf_counter()
        try:
            due = self.controller.tick(now)
        except Exception as error:
            self._log("charging_failed", level="error", site=self.description.name, error=repr(error))
            self._turn_at(loop.time() + FAILED_S)
            return
        self._turn_seconds.observe(perf_counter() - begun_s)
        if due is not None:
            self._turn_at(loop.time() + max(0.0, due - now) / self._speed)
        if self.ledger.changed:
            self._released |= self.ledger.changed
            self.ledger.changed.clear()
            if self._keep_timer is None and not self._stopped:
                self._keep_timer = loop.call_later(KEEP_S, self._keep)

    def _send(self, order: Order) -> None:
        key = order.key
        station = self._station(key[0])
        if station is None:
            self.ended(order, Ending.NOT_SENT, None)
            return
        self._released.discard(key)
        self.ledger.changed.discard(key)
        self._post.send(order, station, self.ledger.saved(key))

    def _keep(self) -> None:
        """Put what was released on disk, all of a station at once."""
        self._keep_timer = None
        of_station: dict[str, dict[EvseKey, SavedReservation]] = {}
        for key in self._released:
            of_station.setdefault(key[0], {})[key] = self.ledger.saved(key)
        for identity, reservations in of_station.items():
            station = self._station(identity)
            if station is not None and self._post.keep(station, reservations):
                self._released.difference_update(reservations)

    def _note(self, event: str, **fields: Any) -> None:
        said = {"level": "warning", "site": self.description.name} | fields
        self._events[event] += 1
        match event:
            case "charging_disobedience":
                self._log("charging_disobedience", **said)
                self._keep_disobedience(**fields)
            case "charging_limits_refused":
                self._log("charging_limits_refused", **said)
            case "charging_certificate_failed":
                self._log("charging_certificate_failed", **said)
            case "charging_order_without_room":
                self._log("charging_order_without_room", **(said | {"level": "error"}))
            case _:
                raise AssertionError(f"nobody knows the event {event}")

    def _keep_disobedience(self, station: str, evse: int, drawn_ma: int, limit_ma: int) -> None:
        if (known := self._station(station)) is not None:
            at = datetime.fromtimestamp(self._now(), UTC)
            seen = Disobedience(drawn_ma, limit_ma, firmware_of(known))
            self._finish(known, [DISOBEDIENCE.holds(str(evse), seen, at)])
