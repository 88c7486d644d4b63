"""What each session of a site is to have: the allocator's answer, with turns, to what the sessions wish for.

EVSEs without a session that we can steer are *outside*: what may be in force there is taken from the links first.
"""

from collections.abc import Iterable, Sequence
from typing import Final, cast

from gateway.core.charging.description import EvseKey
from gateway.core.charging.network import Network
from gateway.core.charging.rotation import Rotation
from gateway.core.charging.sessions import Wish
from gateway.hot import Share

MILLION: Final = 1_000_000

NO_REACH: Final = (0, 0, 0)

Loads = Sequence[tuple[int, int]]


class Targets:
    """The allocator of one site, kept in step. Loads and capacities are by link number, as `Network` has it.

    Every `certificate_every`-th solve is checked by its certificate, and every one of a site that has no more than
    `certificate_sessions_max` sessions; after a fault all is solved anew, and `fault` says what it was.
    """

    def __init__(
        self, network: Network, *, step_ma: int, certificate_sessions_max: int, certificate_every: int
    ) -> None:
        self._network = network
        self._site = network.allocator()
        self._rotation: Rotation[EvseKey] = Rotation(network.description.slot_s)
        self._step_ma = step_ma
        self._certificate_sessions_max = certificate_sessions_max
        self._certificate_every = certificate_every
        self._solves = 0
        self._turn = 0
        self._wishes: dict[EvseKey, Wish] = {}
        self._turns: dict[EvseKey, int] = {}
        self._paid: dict[EvseKey, int] = {}
        self._capacities: list[int | None] = [None] * len(network.links)
        self._given: list[int | None] = [None] * len(network.links)
        self._outside: list[int] = [0] * len(network.links)
        self._outside_of: dict[EvseKey, tuple[int, int, int]] = {}
        self._touched: set[int] = set()
        self._is_stale = False
        self.fault: str | None = None

    def __contains__(self, key: EvseKey) -> bool:
        return key in self._wishes

    def __len__(self) -> int:
        return len(self._wishes)

    def wish(self, key: EvseKey) -> Wish:
        """Return what the session wishes for."""
        return self._wishes[key]

    def set(self, key: EvseKey, wish: Wish) -> None:
        """Let a session have a share, or change what it wishes for."""
        former = self._wishes.get(key)
        if former == wish:
            return
        self._is_stale = True
        self._wishes[key] = wish
        if former is None:
            if key not in self._turns:
                self._turn += 1
                self._turns[key] = self._turn
            self._rotation.add(key, wish.weight, self._paid.pop(key, 0))
            self._add(key, wish)
            return
        if (former.phases, former.weight) != (wish.phases, wish.weight):
            self._site.remove(key)
            self._rotation.set_weight(key, wish.weight)
            self._add(key, wish)
            return
        if (former.minimum_ma, former.maximum_ma) != (wish.minimum_ma, wish.maximum_ma):
            self._site.set_limits(key, wish.minimum_ma, wish.maximum_ma)
        if (former.priority, former.is_owed) != (wish.priority, wish.is_owed):
            self._set_order(key)

    def remove(self, key: EvseKey, *, for_good: bool) -> None:
        """Take a session from the shares; not `for_good`: when it is set again, it has its place in the turns again."""
        if key in self._wishes:
            self._is_stale = True
            del self._wishes[key]
            self._site.remove(key)
            self._paid[key] = self._rotation.remove(key)
        if for_good:
            self._paid.pop(key, None)
            self._turns.pop(key, None)

    def turn(self, key: EvseKey) -> int:
        """Return the number of a session, by the order in which they came."""
        return self._turns[key]

    def set_outside(self, key: EvseKey, reach_ma: tuple[int, int, int]) -> None:
        """Take from the links what may be drawn at an EVSE on phases where no share of ours rules it."""
        former = self._outside_of.get(key, NO_REACH)
        if former == reach_ma:
            return
        for phase, (before, after) in enumerate(zip(former, reach_ma, strict=True), 1):
            if before != after:
                for link, factor in self._network.loads(key, (phase,)):
                    self._outside[link] += (after - before) * factor
                    self._touched.add(link)
        if reach_ma == NO_REACH:
            self._outside_of.pop(key, None)
        else:
            self._outside_of[key] = reach_ma

    def outside(self, link: int) -> int:
        """Return what is outside on a link, in millionths of its unit."""
        return self._outside[link]

    def set_capacities(self, capacities: Sequence[int | None]) -> None:
        """Take what the links carry, before anything outside."""
        for link, (before, after) in enumerate(zip(self._capacities, capacities, strict=True)):
            if before != after:
                self._touched.add(link)
        self._capacities = list(capacities)

    def capacity(self, link: int) -> int | None:
        """Return what a link carries, before anything outside."""
        return self._capacities[link]

    def solve(self, now: float) -> dict[EvseKey, int]:
        """Share anew after changes. Returns the targets, in mA, that are not what they were."""
        turned = self._rotation.turn_over(now)
        if not (self._is_stale or self._touched or turned):
            return {}
        for link in self._touched:
            self._give(link)
        self._touched.clear()
        for key in turned:
            self._set_order(key)
        self._is_stale = False
        changed = cast(dict[EvseKey, int], self._site.update())
        self._serve(changed, now)
        self._solves += 1
        if len(self._wishes) <= self._certificate_sessions_max or self._solves % self._certificate_every == 0:
            self._check(changed, now)
        return changed

    def share(self, key: EvseKey) -> Share:
        """Return what a session is to have."""
        share: Share = self._site.share(key)
        return share

    def next_turn_at(self) -> float | None:
        """Return when turns change, or None while all have one."""
        return self._rotation.next_at()

    def _serve(self, keys: Iterable[EvseKey], now: float) -> None:
        for key in keys:
            if key in self._wishes and self._rotation.serve(key, self._site.share(key).admitted, now):
                self._set_order(key)

    def _check(self, changed: dict[EvseKey, int], now: float) -> None:
        fault = self._site.certificate()
        if fault is None:
            return
        self.fault = fault
        again = cast(dict[EvseKey, int], self._site.solve())
        changed.update(again)
        self._serve(again, now)

    def _give(self, link: int) -> None:
        capacity = self._capacities[link]
        left = None if capacity is None else capacity + -self._outside[link] // MILLION
        if left != self._given[link]:
            self._given[link] = left
            node, phase = self._network.links[link]
            self._site.set_capacity(node, phase, left)

    def _add(self, key: EvseKey, wish: Wish) -> None:
        place = self._rotation.place(key)
        self._site.add(
            key,
            self._network.evses[key].node,
            wish.phases,
            minimum_ma=wish.minimum_ma,
            maximum_ma=wish.maximum_ma,
            step_ma=self._step_ma,
            weight=wish.weight,
            pinned=place.pinned or wish.is_owed,
            priority=wish.priority,
            stride_pass=place.stride_pass,
            turn=self._turns[key],
            factors=self._network.factors(key, wish.phases),
        )

    def _set_order(self, key: EvseKey) -> None:
        place = self._rotation.place(key)
        wish = self._wishes[key]
        self._site.set_order(
            key, pinned=place.pinned or wish.is_owed, priority=wish.priority, stride_pass=place.stride_pass
        )
