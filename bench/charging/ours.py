"""The gateway's own way: its controller, ledger and capacities, with reservations on a disk that outlives a kill."""

from collections.abc import Callable
from math import inf
from typing import Any, Final

import msgspec

from bench.charging.policies import Send
from gateway.core.charging import journalled
from gateway.core.charging.capacities import Capacities, SavedCapacities
from gateway.core.charging.controller import ControlSettings, SiteController
from gateway.core.charging.description import EvseKey, SiteDescription
from gateway.core.charging.ledger import Ledger, SavedReservation
from gateway.core.charging.network import Network
from gateway.core.charging.orders import Ending, LeaseTerms, Order

KEEP_S: Final = 10.0
"""How long what was released may be unknown on disk, as in the gateway."""


class Disk:
    """What is durable: JSON, so that nothing is kept which a file would not keep. While `is_full` it takes nothing."""

    def __init__(self, is_full: Callable[[float], bool] = lambda _now: False) -> None:
        self.is_full: Final = is_full
        self.capacities: bytes | None = None
        self._reservations: dict[EvseKey, bytes] = {}

    @property
    def reservations(self) -> dict[EvseKey, SavedReservation]:
        """What a restart reads."""
        decoder = msgspec.json.Decoder(SavedReservation)
        return {key: decoder.decode(saved) for key, saved in self._reservations.items()}

    def reservation(self, key: EvseKey) -> SavedReservation | None:
        """What a restart reads of one EVSE."""
        saved = self._reservations.get(key)
        return None if saved is None else msgspec.json.decode(saved, type=SavedReservation)

    def keep(self, key: EvseKey, saved: SavedReservation) -> None:
        """Keep a reservation."""
        self._reservations[key] = msgspec.json.encode(saved)


class Ours:
    """The controller of a site, as the gateway drives it. A new one takes up what is on `disk`."""

    def __init__(
        self,
        description: SiteDescription,
        send: Send,
        disk: Disk,
        *,
        note: Callable[..., None],
        settings: ControlSettings | None = None,
    ) -> None:
        network = Network(description)
        self.ledger = Ledger(network)
        self._capacities = Capacities(network)
        self._disk = disk
        self._send = send
        self._kept_at = 0.0
        self._shortened: dict[tuple[EvseKey, int], Order] = {}
        if disk.capacities is not None:
            self._capacities.restore(msgspec.json.decode(disk.capacities, type=SavedCapacities))
        for key, saved in disk.reservations.items():
            self.ledger.load(key, saved)
        self.controller = SiteController(
            network,
            self._capacities,
            self.ledger,
            settings=settings or ControlSettings(),
            send=self._put,
            note=note,
        )

    def connected(self, station: str, terms: LeaseTerms, now: float) -> None:
        """A station is there."""
        self.controller.terms(station, terms, now)
        self.controller.connected(station, now)

    def gone(self, station: str, now: float) -> None:
        """A station is not."""
        self.controller.gone(station, now)

    def default_installed(self, key: EvseKey, now: float) -> None:
        """The default profile of an EVSE is known to hold."""
        self.ledger.default_installed(key, now)
        self.controller.ready(key, True, now)

    def unready(self, station: str, now: float) -> None:
        """The station has booted."""
        self.controller.ready(station, False, now)

    def session_began(self, key: EvseKey, transaction: str, now: float) -> None:
        """A transaction runs."""
        self.controller.session_began(key, transaction, (), now)

    def session_ended(self, key: EvseKey, transaction: str, now: float) -> None:
        """A transaction ended."""
        self.controller.session_ended(key, transaction, now)

    def drew(
        self, key: EvseKey, transaction: str, currents_ma: tuple[int, int, int], energy_wh: float, at: float, now: float
    ) -> None:
        """A reading."""
        lines = len(self._phases(key))
        shown: Any = tuple(current if line < lines else None for line, current in enumerate(currents_ma))
        self.controller.drew(key, transaction, shown, None, energy_wh, at, now)

    def _phases(self, key: EvseKey) -> tuple[int, ...]:
        """Return the phases of an EVSE."""
        return self.controller.network.evses[key].phases

    def limit_set(self, node: str, limit_ma: int, until: float, now: float) -> None:
        """A node carries no more than this until then."""
        self._capacities.set_limit(node, limit_ma=(limit_ma,) * 3, limit_w=None, until=until, now=now)
        self._disk.capacities = msgspec.json.encode(self._capacities.saved())
        self.controller.capacity_changed(now)

    def ended(self, order: Order, ending: Ending, now: float) -> None:
        """An order ended."""
        self.controller.ended(self._shortened.pop((order.key, order.order), order), ending, now)

    def tick(self, now: float) -> float | None:
        """Let the controller work; what it releases is on disk after a while."""
        due = self.controller.tick(now)
        if self.ledger.changed and now >= self._kept_at + KEEP_S and not self._disk.is_full(now):
            self._kept_at = now
            for key in self.ledger.changed:
                self._disk.keep(key, self.ledger.saved(key))
            self.ledger.changed.clear()
        return due

    def _put(self, order: Order) -> None:
        """Put the reservation on disk, and only then send. What is on disk already may be enough, or for some time."""
        key = order.key
        reservation = self.ledger.saved(key)
        if not self._disk.is_full(order.sent_at):
            self._disk.keep(key, reservation)
            self.ledger.changed.discard(key)
            self._send(order)
            return
        shortfall_s = journalled.shortfall_s(self._disk.reservation(key), reservation, order)
        if shortfall_s is None or (order.expires_at or inf) - shortfall_s <= order.sent_at:
            self.controller.ended(order, Ending.NOT_SENT, order.sent_at)
        elif order.expires_at is None or shortfall_s == 0:
            self._send(order)
        else:
            self._shortened[key, order.order] = order
            self._send(msgspec.structs.replace(order, expires_at=order.expires_at - shortfall_s))
