"""The ledger of a site: what may be in force everywhere, beside what the links carry. It is what makes limits safe.

For every link, at every instant: sum of what may be in force + base load <= capacity. `Reservation` says what may be in
force at one EVSE; here it is summed up, in integers, and room is given only where there is some.
"""

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from math import inf

from gateway.core.charging.description import EvseKey, Phases
from gateway.core.charging.network import Network
from gateway.core.charging.orders import Ending, LeaseTerms, Order
from gateway.core.charging.reservation import Reach, Reservation, SavedReservation
from gateway.hot.allocate import MILLION

__all__ = ["InvariantError", "Ledger", "SavedReservation"]

NOTHING: Reach = (0, 0, 0)


class InvariantError(AssertionError):
    """We were about to order what there is no room for."""


class Ledger:
    """What may be in force at the EVSEs of a network. All start unheard of: their hardware's maximum is reserved.

    Time never goes backwards here: an earlier `now` than before counts as the latest one.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._reservations = {key: Reservation(evse) for key, evse in network.evses.items()}
        self._reach = dict.fromkeys(network.evses, NOTHING)
        self._for_good = dict.fromkeys(network.evses, NOTHING)
        self._reserved = [0] * len(network.links)
        self._reserved_for_good = [0] * len(network.links)
        self._capacities: list[int | None] = [None] * len(network.links)
        self._ever: list[int | None] = [None] * len(network.links)
        self._falls: list[tuple[float, EvseKey]] = []
        self._now = 0.0
        self.changed: set[EvseKey] = set()
        """EVSEs whose reservation is not as it was last saved; whoever saves takes them out."""
        for key in network.evses:
            self._count(key)
        self.changed.clear()

    # --- what is known

    def load(self, key: EvseKey, saved: SavedReservation) -> None:
        """Take up what was kept of an EVSE."""
        self._reservations[key].load(saved)
        self._count(key)
        self.changed.discard(key)

    def saved(self, key: EvseKey) -> SavedReservation:
        """Return what to keep of an EVSE."""
        return self._reservations[key].saved()

    def set_terms(self, station: str, terms: LeaseTerms) -> None:
        """Set how limits hold at a station, for orders from now on."""
        for key, reservation in self._reservations.items():
            if key[0] == station:
                reservation.terms = terms
                self._count(key)

    def set_capacities(self, lowest: Sequence[int | None], lowest_ever: Sequence[int | None]) -> None:
        """Set what the links carry beside base loads, for as long as a lease may last and for good."""
        self._capacities = list(lowest)
        self._ever = list(lowest_ever)

    def default_installed(self, key: EvseKey, now: float) -> None:
        """The station has confirmed that this EVSE falls back to its fallback."""
        self._reservations[key].default_installed(self._at(now))
        self._count(key)

    def default_lost(self, key: EvseKey) -> None:
        """Whether the EVSE has its fallback is not known (any more): its maximum is reserved."""
        self._reservations[key].default_lost()
        self._count(key)

    def session_began(self, key: EvseKey, transaction: str, now: float) -> None:
        """A transaction runs at the EVSE."""
        self._reservations[key].session_began(transaction, self._at(now))
        self._count(key)

    def transaction_ended(self, key: EvseKey, transaction: str, now: float) -> None:
        """The station said that the transaction ended."""
        self._reservations[key].transaction_ended(transaction, self._at(now))
        self._count(key)

    # --- orders

    def room_ma(self, key: EvseKey, phases: Phases, now: float) -> int:
        """Return the largest limit that a new order on `phases` may have beside what may be in force elsewhere."""
        self.tick(now)
        reservation = self._reservations[key]
        room = self._room(key, phases, self._reach[key], self._reserved, self._capacities)
        if not reservation.terms.trusted:
            room = min(room, self._room(key, phases, self._for_good[key], self._reserved_for_good, self._ever))
        return room

    def sent(self, order: Order) -> None:
        """Count an order that is about to be sent. Raises InvariantError, and counts nothing, if there is no room."""
        key = order.key
        self.tick(order.sent_at)
        reach, for_good = self._reach[key], self._for_good[key]
        raises = any(order.limit_ma > reach[phase - 1] for phase in order.phases)
        raises_for_good = order.expires_at is None and any(
            order.limit_ma > for_good[phase - 1] for phase in order.phases
        )
        room = self._room(key, order.phases, reach, self._reserved, self._capacities) if raises else order.limit_ma
        if raises_for_good:
            ever = self._room(key, order.phases, for_good, self._reserved_for_good, self._ever)
            room = min(room, ever) if raises else max(ever, order.limit_ma if order.limit_ma <= max(reach) else ever)
        if order.limit_ma > room:
            raise InvariantError(f"{key}: {order.limit_ma} mA on phases {order.phases}, where there is room for {room}")
        self._reservations[key].sent(order)
        self._count(key)

    def ended(self, key: EvseKey, order_number: int, ending: Ending, now: float) -> None:
        """Take in how an order ended."""
        self._reservations[key].ended(order_number, ending, self._at(now))
        self._count(key)

    # --- what holds

    def reach_ma(self, key: EvseKey) -> Reach:
        """Return the largest current that may be in force at the EVSE, on the site's phases 1, 2, 3."""
        return self._reach[key]

    def reserved(self, link: int) -> int:
        """Return the sum of what may be in force on a link, in its unit, rounded up."""
        return -(-self._reserved[link] // MILLION)

    def deficits(self) -> Mapping[int, int]:
        """Return the links on which more may be in force than they carry, and by how much."""
        return {
            link: -(-(reserved - max(capacity, 0) * MILLION) // MILLION)
            for link, (reserved, capacity) in enumerate(zip(self._reserved, self._capacities, strict=True))
            if capacity is not None and reserved > max(capacity, 0) * MILLION
        }

    def filled(self, near: float) -> tuple[int, int, int]:
        """Return how many links have a limit, on how many `near` of it or more is reserved, and on how many more."""
        links = is_near = over = 0
        for reserved, capacity in zip(self._reserved, self._capacities, strict=True):
            if capacity is not None:
                links += 1
                most = capacity * MILLION if capacity > 0 else 0
                over += reserved > most
                is_near += most >= reserved > 0 and reserved >= near * most
        return links, is_near, over

    def oldest_lease_at(self, now: float) -> float | None:
        """Return when the oldest of the leases in force was sent, as far as that is known.

        Those at the fallback do not count: nothing changes when they end, so they are not refreshed.
        """
        return min(
            (
                lease.sent_at
                for key, reservation in self._reservations.items()
                if (lease := reservation.accepted) is not None
                and lease.expires_at is not None
                and lease.expires_at > now
                and lease.sent_at > -inf
                and lease.limit_ma != self._network.evses[key].fallback_ma
            ),
            default=None,
        )

    def in_force(self, key: EvseKey) -> Order | None:
        """Return the newest order that the station accepted, None if its transaction is over."""
        return self._reservations[key].accepted

    def open(self, key: EvseKey) -> Order | None:
        """Return the order that was sent and has not ended."""
        return self._reservations[key].open

    def oldest_expiry_at(self) -> float | None:
        """Return when the first of the accepted leases runs out."""
        accepted = (reservation.accepted for reservation in self._reservations.values())
        return min((one.expires_at for one in accepted if one is not None and one.expires_at is not None), default=None)

    def tick(self, now: float) -> float | None:
        """Let end what ends by itself, and return when the next does."""
        at = self._at(now)
        while self._falls and self._falls[0][0] <= at:
            _, key = heappop(self._falls)
            self._reservations[key].drop_ended(at)
            self._count(key)
        return self._falls[0][0] if self._falls else None

    def _at(self, now: float) -> float:
        self._now = max(self._now, now)
        return self._now

    def _count(self, key: EvseKey) -> None:
        """Bring the sums in step with a reservation that may have changed."""
        reservation = self._reservations[key]
        self.changed.add(key)
        fall_at = reservation.next_fall_at()
        if fall_at is not None:
            heappush(self._falls, (fall_at, key))
        former, reach = self._reach[key], reservation.reach(self._now)
        if reach != former:
            self._reach[key] = reach
            self._add(key, former, reach, self._reserved)
        former, reach = self._for_good[key], reservation.reach_for_good(self._now)
        if reach != former:
            self._for_good[key] = reach
            self._add(key, former, reach, self._reserved_for_good)

    def _add(self, key: EvseKey, former: Reach, reach: Reach, sums: list[int]) -> None:
        for phase in (1, 2, 3):
            change = reach[phase - 1] - former[phase - 1]
            if change:
                for link, factor in self._network.loads(key, (phase,)):
                    sums[link] += change * factor

    def _room(
        self, key: EvseKey, phases: Phases, reach: Reach, reserved: Sequence[int], capacities: Sequence[int | None]
    ) -> int:
        """Return the largest limit on `phases` with which each link carries what may be in force, or 0."""
        room = self._network.evses[key].maximum_ma
        own: dict[int, dict[int, int]] = {}
        for phase in phases:
            for link, factor in self._network.loads(key, (phase,)):
                if capacities[link] is not None:
                    own.setdefault(link, {})[phase] = factor
        for link, factors in own.items():
            capacity = capacities[link]
            assert capacity is not None
            mine = sum(factor * reach[phase - 1] for phase, factor in factors.items())
            left = capacity * MILLION - reserved[link] + mine
            room = min(room, _highest(left, [(reach[phase - 1], factor) for phase, factor in factors.items()]))
        return max(0, room)


def _highest(left: int, phases: list[tuple[int, int]]) -> int:
    """Return the highest x for which sum(factor * max(reach, x)) <= left, over phases with (reach, factor).

    If not even the reaches fit, it is the highest x at which x alone would, so a limit that helps.
    """
    above = sum(reach * factor for reach, factor in phases)
    if above > left:
        return min(left // sum(factor for _, factor in phases), min(reach for reach, _ in phases))
    rising = highest = 0
    for reach, factor in sorted(phases):
        if rising and highest <= reach:
            break
        rising += factor
        above -= reach * factor
        highest = (left - above) // rising
    return highest
