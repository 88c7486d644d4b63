"""Ways to share a site, behind one interface: the naive ones. They know all that the gateway's own knows, and obey
the same leases; only that what may still be in force counts for nothing.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from msgspec import Struct

from bench.charging.links import Links
from gateway.core.charging.description import EvseKey, Phases
from gateway.core.charging.orders import Ending, LeaseTerms, Order

DEADBAND_MA: Final = 500
STEP_MA: Final = 100
RETRY_S: Final = 15.0
PACE_S: Final = 0.1
"""Between two messages of those who send one after the other."""

SHARE_S: Final = 60.0
"""They share anew after every change, when the schedule of the site changes, and after this time at the latest."""

ACTIVE_MA: Final = 1000

Send = Callable[[Order], None]


class Policy(Protocol):
    """What shares the power of a site. After each call it has its turn, and again when that said."""

    def connected(self, station: str, terms: LeaseTerms, now: float) -> None:
        """A station is there."""

    def gone(self, station: str, now: float) -> None:
        """A station is not."""

    def default_installed(self, key: EvseKey, now: float) -> None:
        """The default profile of an EVSE is known to hold, and limits may be sent."""

    def unready(self, station: str, now: float) -> None:
        """The station has booted: whether its profiles hold is not known."""

    def session_began(self, key: EvseKey, transaction: str, now: float) -> None:
        """A transaction runs."""

    def session_ended(self, key: EvseKey, transaction: str, now: float) -> None:
        """A transaction ended."""

    def drew(
        self, key: EvseKey, transaction: str, currents_ma: tuple[int, int, int], energy_wh: float, at: float, now: float
    ) -> None:
        """A reading."""

    def limit_set(self, node: str, limit_ma: int, until: float, now: float) -> None:
        """A node carries no more than this until then."""

    def ended(self, order: Order, ending: Ending, now: float) -> None:
        """An order ended, once."""

    def tick(self, now: float) -> float | None:
        """Do what is to be done. Returns when there is more."""


class Member(Struct, eq=False):
    """What a naive policy knows of a session. `limit_ma` is what it sent last, None: nothing yet."""

    key: EvseKey
    transaction: str
    phases: Phases
    since: float
    terms: LeaseTerms
    limit_ma: int | None = None
    sent_at: float = 0.0
    open: Order | None = None
    failed_at: float | None = None


Members = Mapping[EvseKey, Member]
ShareOut = Callable[[Links, Members, list[int | None]], dict[EvseKey, int]]


class Naive:
    """A policy that shares by `share_out`, and sends what has changed.

    `paced`: lowest limits first, one after the other. `waits`: limits rise only when no lowering is under way.
    """

    def __init__(
        self, links: Links, send: Send, share_out: ShareOut, *, paced: bool = False, waits: bool = False
    ) -> None:
        self._links = links
        self._send = send
        self._share_out = share_out
        self._paced = paced
        self._waits = waits
        self._members: dict[EvseKey, Member] = {}
        self._terms: dict[str, LeaseTerms] = {}
        self._there: set[str] = set()
        self._ready: set[EvseKey] = set()
        self._limits: dict[str, tuple[int, float]] = {}
        self._targets: dict[EvseKey, int] = {}
        self._changed = True
        self._shared_until = 0.0
        self._orders = 0
        self._free_at = 0.0

    def connected(self, station: str, terms: LeaseTerms, now: float) -> None:
        """A station is there."""
        self._there.add(station)
        self._terms[station] = terms

    def gone(self, station: str, now: float) -> None:
        """A station is not."""
        self._there.discard(station)

    def default_installed(self, key: EvseKey, now: float) -> None:
        """Limits may be sent; after a boot, anew."""
        if key not in self._ready:
            self._ready.add(key)
            if (member := self._members.get(key)) is not None:
                member.limit_ma = None

    def unready(self, station: str, now: float) -> None:
        """The station has booted."""
        self._ready -= {key for key in self._ready if key[0] == station}

    def session_began(self, key: EvseKey, transaction: str, now: float) -> None:
        """A transaction runs."""
        phases = self._links.evses[key].phases
        self._members[key] = Member(key, transaction, phases, now, self._terms.get(key[0], LeaseTerms()))
        self._changed = True

    def session_ended(self, key: EvseKey, transaction: str, now: float) -> None:
        """A transaction ended."""
        if key in self._members and self._members[key].transaction == transaction:
            del self._members[key]
            self._changed = True

    def drew(
        self, key: EvseKey, transaction: str, currents_ma: tuple[int, int, int], energy_wh: float, at: float, now: float
    ) -> None:
        """Learn the phases."""
        member = self._members.get(key)
        if member is not None and member.transaction == transaction and max(currents_ma) >= ACTIVE_MA:
            drawn = zip(self._links.evses[key].phases, currents_ma, strict=False)
            phases = tuple(phase for phase, current in drawn if current >= ACTIVE_MA)
            self._changed = self._changed or phases != member.phases
            member.phases = phases

    def limit_set(self, node: str, limit_ma: int, until: float, now: float) -> None:
        """A node carries no more than this until then."""
        self._limits[node] = (limit_ma, until)
        self._changed = True

    def ended(self, order: Order, ending: Ending, now: float) -> None:
        """An order ended."""
        member = self._members.get(order.key)
        if member is None or member.open is not order:
            return
        member.open = None
        if ending is not Ending.ACCEPTED:
            member.limit_ma, member.failed_at = None, now

    def tick(self, now: float) -> float | None:
        """Share anew where it is due, and send what has changed."""
        if self._changed or now >= self._shared_until:
            held = {node: limit_ma for node, (limit_ma, until) in self._limits.items() if now < until}
            self._targets = self._share_out(self._links, self._members, self._links.capacities(now, held))
            self._changed = False
            self._shared_until = min([*self._links.edges(now, now + SHARE_S), now + SHARE_S])
        due = sorted(
            (key for key in self._targets if self._is_due(self._members[key], now)),
            key=lambda key: (self._targets[key], key),
        )
        lowering = any(self._lowers(self._members[key]) for key in due) or any(
            member.open is not None and member.open.limit_ma < (member.limit_ma or 0)
            for member in self._members.values()
        )
        for key in due:
            member = self._members[key]
            if self._waits and lowering and not self._lowers(member):
                continue
            if self._paced and now < self._free_at:
                return self._free_at
            self._order(member, self._targets[key], now)
            if self._paced:
                self._free_at = now + PACE_S
        return min(self._shared_until, now + 5.0)

    def _lowers(self, member: Member) -> bool:
        return member.limit_ma is not None and self._targets[member.key] < member.limit_ma

    def _is_due(self, member: Member, now: float) -> bool:
        if member.open is not None or member.key[0] not in self._there or member.key not in self._ready:
            return False
        if member.failed_at is not None and now < member.failed_at + RETRY_S:
            return False
        target = self._targets[member.key]
        limit_ma = member.limit_ma
        if limit_ma is None or target < limit_ma or target >= limit_ma + DEADBAND_MA:
            return True
        is_lent = member.terms.trusted and target != self._links.evses[member.key].fallback_ma
        return is_lent and now >= member.sent_at + member.terms.lease_s / 3

    def _order(self, member: Member, limit_ma: int, now: float) -> None:
        self._orders += 1
        expires_at = now + member.terms.lease_s if member.terms.trusted else None
        order = Order(self._orders, member.key, member.transaction, limit_ma, member.phases, now, expires_at)
        member.open, member.limit_ma, member.sent_at, member.failed_at = order, limit_ma, now, None
        self._send(order)


def optimum(links: Links, members: Members, capacities: list[int | None]) -> dict[EvseKey, int]:
    """Share by the allocator: the weighted max-min that the gateway also aims at."""
    site = links.allocator()
    for (node, phase), capacity in zip(links.names, capacities, strict=True):
        site.set_capacity(node, phase, capacity)
    for turn, (key, member) in enumerate(sorted(members.items(), key=lambda item: item[1].since)):
        evse = links.evses[key]
        site.add(
            key,
            evse.node,
            member.phases,
            minimum_ma=evse.minimum_ma,
            maximum_ma=evse.maximum_ma,
            step_ma=STEP_MA,
            weight=evse.weight,
            pinned=False,
            priority=0,
            stride_pass=0,
            turn=turn,
            factors=links.factors(key, member.phases),
        )
    site.solve()
    return {key: site.share(key).current_ma for key in members}


def equal_share(links: Links, members: Members, capacities: list[int | None]) -> dict[EvseKey, int]:
    """Give everyone on a link the same part of it, whatever they make of it."""
    counts = [0] * len(capacities)
    for key, member in members.items():
        for link, factor in links.loads(key, member.phases):
            counts[link] += factor
    shares = {}
    for key, member in members.items():
        evse = links.evses[key]
        share = evse.maximum_ma
        for link, _ in links.loads(key, member.phases):
            capacity = capacities[link]
            if capacity is not None:
                share = min(share, max(0, capacity) // counts[link])
        shares[key] = share // STEP_MA * STEP_MA if share >= evse.minimum_ma else 0
    return shares


def first_come(links: Links, members: Members, capacities: list[int | None]) -> dict[EvseKey, int]:
    """Give those who came first all they can take, and the others what is left."""
    left = list(capacities)
    shares = {}
    for key, member in sorted(members.items(), key=lambda item: (item[1].since, item[0])):
        evse = links.evses[key]
        share = evse.maximum_ma
        loads = links.loads(key, member.phases)
        for link, factor in loads:
            room = left[link]
            if room is not None:
                share = min(share, max(0, room) // factor)
        share = share // STEP_MA * STEP_MA if share >= evse.minimum_ma else 0
        for link, factor in loads:
            room = left[link]
            if room is not None:
                left[link] = room - factor * share
        shares[key] = share
    return shares
