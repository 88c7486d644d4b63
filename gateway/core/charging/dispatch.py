"""Which limits are sent now, that targets come true: what falls at once, what rises as far as there is room for it.

Few messages: one open order at an EVSE, nothing within the deadband unless a circuit or another session needs it,
and a refresh when a third of a lease has passed.
"""

import heapq
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from msgspec import Struct

from gateway.core.charging.description import EvseKey
from gateway.core.charging.evses import Evse
from gateway.core.charging.ledger import InvariantError, Ledger
from gateway.core.charging.network import Network
from gateway.core.charging.orders import Order
from gateway.core.charging.targets import MILLION, Targets

REFRESH_SHARE: Final = 3
"""A lease is refreshed when a third of it has passed, so two refreshes may be lost before it ends."""

PATIENCE_S: Final = 30.0
"""How long a rise waits for all of its room, to come in one message, before it takes what there is."""


FAULT_RETRY_S: Final = 60.0
"""How long an EVSE keeps what it has after a fault of ours in reckoning what it may have."""


class DispatchTerms(Struct, frozen=True, kw_only=True):
    """Deadband in mA: a smaller change is not worth a message."""

    step_ma: int
    deadband_ma: int


class _Rise(Struct):
    """A session that is to get more: its place in line, and how much. `is_due`: its lease must be refreshed anyhow."""

    level: float
    turn: int
    evse: Evse
    target_ma: int
    is_due: bool


class Dispatch:
    """The orders of one site. `look` says whose target or state has changed; `run` sends what is to be sent."""

    def __init__(
        self,
        network: Network,
        ledger: Ledger,
        targets: Targets,
        evses: Mapping[EvseKey, Evse],
        *,
        terms: DispatchTerms,
        send: Callable[[Order], None],
        note: Callable[..., None],
    ) -> None:
        self._network = network
        self._ledger = ledger
        self._targets = targets
        self._evses = evses
        self._terms = terms
        self._send = send
        self._note = note
        self._work: set[EvseKey] = set()
        self._blocked: dict[EvseKey, float] = {}
        self._due: list[tuple[float, EvseKey]] = []
        self._course: list[int] = [0] * len(network.links)
        self._station_free_at: dict[str, float] = {}

    def look(self, key: EvseKey) -> None:
        """Consider an EVSE at the next `run`."""
        self._work.add(key)

    def look_at_changed(self, targets_ma: Mapping[EvseKey, int]) -> None:
        """Consider the EVSEs whose new targets are off what they are to have by the deadband or more."""
        deadband, evses = self._terms.deadband_ma, self._evses
        for key, target in targets_ma.items():
            if not -deadband < target - evses[key].course_ma < deadband:
                self._work.add(key)

    def look_at_blocked(self) -> None:
        """Consider those who wait for room: there may be more."""
        self._work.update(self._blocked)

    def blocked_since(self, key: EvseKey) -> float | None:
        """Return since when a rise waits for room, or None."""
        return self._blocked.get(key)

    def due(self, now: float) -> list[EvseKey]:
        """Return, and consider at the next `run`, the EVSEs whose time has come."""
        keys = []
        while self._due and self._due[0][0] <= now:
            at, key = heapq.heappop(self._due)
            evse = self._evses[key]
            if evse.due_at == at:
                evse.due_at = None
                keys.append(key)
        self._work.update(keys)
        return keys

    def next_at(self) -> float | None:
        """Return when `due` has someone again."""
        while self._due and self._evses[self._due[0][1]].due_at != self._due[0][0]:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def call_at(self, evse: Evse, at: float) -> None:
        """Consider the EVSE at `at`, or before."""
        if evse.due_at is None or at < evse.due_at:
            evse.due_at = at
            heapq.heappush(self._due, (at, evse.key))

    def set_course(self, evse: Evse, now: float) -> None:
        """Count what will be in force at the EVSE where we steer it."""
        if evse.key in self._targets:
            phases = self._targets.wish(evse.key).phases
            fallback = evse.description.fallback_ma
            order = evse.open or evse.standing_at(now)
            evse.course_ma = fallback if order is None else order.limit_ma
            counted = max(fallback, evse.course_ma)
        else:
            phases, counted = (), 0
            evse.course_ma = 0
        if (counted, phases) == (evse.counted_ma, evse.counted_phases):
            return
        if evse.counted_ma:
            for link, factor in self._network.loads(evse.key, evse.counted_phases):
                self._course[link] -= factor * evse.counted_ma
        if counted:
            for link, factor in self._network.loads(evse.key, phases):
                self._course[link] += factor * counted
        evse.counted_ma, evse.counted_phases = counted, phases

    def run(self, now: float) -> None:
        """Send what is to be sent."""
        falls: list[tuple[int, EvseKey, Evse]] = []
        holds: list[Evse] = []
        rises: list[_Rise] = []
        work, self._work = self._work, set()
        for key in sorted(work):
            evse = self._evses[key]
            if self._may_send(evse, now):
                self._sort(evse, now, falls, holds, rises)
        for _, _, evse in sorted(falls, key=lambda fall: fall[:2]):
            self._order(evse, self._targets.share(evse.key).current_ma, now)
        for evse in holds:
            self._hold(evse, now)
        waiting = [rise for rise in sorted(rises, key=lambda rise: (rise.level, rise.turn)) if self._wait(rise, now)]
        if waiting or self._ledger.deficits():
            self._make_room(waiting, now)

    # --- one EVSE

    def _may_send(self, evse: Evse, now: float) -> bool:
        """Whether an order may go to the EVSE now. If a time must pass first, it is considered then."""
        key = evse.key
        if key not in self._targets or evse.open is not None:
            self._blocked.pop(key, None)
            return False
        self.set_course(evse, now)
        at = max(evse.retry_at, self._station_free_at.get(key[0], 0.0))
        if at > now:
            self.call_at(evse, at)
            return False
        return True

    def _sort(
        self, evse: Evse, now: float, falls: list[tuple[int, EvseKey, Evse]], holds: list[Evse], rises: list[_Rise]
    ) -> None:
        key, deadband = evse.key, self._terms.deadband_ma
        wish = self._targets.wish(key)
        target = self._targets.share(key).current_ma
        limit = evse.limit_ma(now)
        standing = evse.standing_at(now)
        is_due = self._is_due(evse, now)
        self._blocked.pop(key, None) if target < limit + deadband and limit >= wish.minimum_ma else None
        if evse.is_uncertain or (standing is not None and limit > 0 and standing.phases != wish.phases):
            holds.append(evse)
        elif target <= limit - deadband and not self._may_wait(evse):
            falls.append((target - limit, key, evse))
        elif target >= limit + deadband or (target > limit and limit < wish.minimum_ma):
            rises.append(_Rise(limit / wish.weight, self._targets.turn(key), evse, target, is_due))
        elif is_due:
            holds.append(evse)

    def _may_wait(self, evse: Evse) -> bool:
        """Whether a target is low only because the vehicle draws little: its limit falls when others need the room."""
        assert evse.session is not None
        wish = self._targets.wish(evse.key)
        return evse.session.ceiling_ma is not None and self._targets.share(evse.key).current_ma == wish.maximum_ma

    def _is_due(self, evse: Evse, now: float) -> bool:
        """Whether the lease in force is to be refreshed; if not yet, the EVSE is considered when it is."""
        standing = evse.standing_at(now)
        if standing is None or standing.expires_at is None or standing.limit_ma == evse.description.fallback_ma:
            return False
        at = standing.sent_at + (standing.expires_at - standing.sent_at) / REFRESH_SHARE
        if now < at:
            self.call_at(evse, at)
            return False
        self.call_at(evse, max(standing.expires_at, now + 1.0))
        return True

    def _hold(self, evse: Evse, now: float) -> None:
        """Send the target as far as there is room, whatever is in force: to refresh it, or to know what is."""
        wish = self._targets.wish(evse.key)
        target = self._targets.share(evse.key).current_ma
        reach = self._ledger.reach_ma(evse.key)
        limit = target
        if not evse.is_uncertain or target > min(reach[phase - 1] for phase in wish.phases):
            limit = min(target, self._room(evse, now))
        if limit < wish.minimum_ma:
            limit = 0
        standing = evse.standing_at(now)
        if limit == 0 and target > 0 and not evse.is_uncertain and standing and standing.phases == wish.phases:
            return  # no room for what it has: its lease ends by itself
        self._order(evse, limit, now)

    def _wait(self, rise: _Rise, now: float) -> bool:
        """Send a rise, or what there is room for of it. Returns whether it waits for more."""
        evse, key, deadband = rise.evse, rise.evse.key, self._terms.deadband_ma
        if not self._may_send(evse, now):
            return False
        wish = self._targets.wish(key)
        limit = evse.limit_ma(now)
        room = min(rise.target_ma, self._room(evse, now))
        if room < wish.minimum_ma:
            room = 0
        if room > rise.target_ma - deadband:
            self._order(evse, room, now)
            return False
        since = self._blocked.setdefault(key, now)
        is_worth_it = room >= limit + deadband and (limit < wish.minimum_ma or now - since >= PATIENCE_S)
        if is_worth_it or (rise.is_due and room >= wish.minimum_ma):
            self._order(evse, room if is_worth_it else min(room, limit), now)
            return True
        if now < since + PATIENCE_S:
            self.call_at(evse, since + PATIENCE_S)
        return True

    def _room(self, evse: Evse, now: float) -> int:
        room_ma: int = self._ledger.room_ma(evse.key, self._targets.wish(evse.key).phases, now)
        return room_ma // self._terms.step_ma * self._terms.step_ma

    def _order(self, evse: Evse, limit_ma: int, now: float) -> None:
        assert evse.session is not None
        key = evse.key
        if not self._may_send(evse, now):
            return
        self._blocked.pop(key, None)
        terms = evse.terms
        evse.number = max(evse.number + 1, int(now))
        order = Order(
            order=evse.number,
            key=key,
            transaction=evse.session.transaction,
            limit_ma=limit_ma,
            phases=self._targets.wish(key).phases,
            sent_at=now,
            expires_at=now + terms.lease_s if terms.trusted else None,
        )
        try:
            self._ledger.sent(order)
        except InvariantError as error:  # a fault of ours: this one keeps what it has, and the others go on
            evse.retry_at = now + FAULT_RETRY_S
            self.call_at(evse, evse.retry_at)
            self._note("charging_order_without_room", station=key[0], evse=key[1], fault=str(error))
            return
        evse.open = order
        evse.watch.saw(self._ledger.reach_ma(key), now)
        self.set_course(evse, now)
        if terms.spacing_s > 0:
            self._station_free_at[key[0]] = now + terms.spacing_s
        self._send(order)

    # --- room for others

    def _make_room(self, waiting: Collection[_Rise], now: float) -> None:
        """Lower limits that are above their target by less than it takes to lower them anyhow, where it is needed."""
        short = self._shortages(waiting)
        if not short:
            return
        spare = [
            (course - target, key)
            for key, evse in self._evses.items()
            if (course := evse.course_ma) and evse.open is None and key in self._targets
            if (target := self._targets.share(key).current_ma) < course
        ]
        for slack, key in sorted(spare, reverse=True):
            loads = self._network.loads(key, self._evses[key].counted_phases)
            if any(link in short for link, _ in loads):
                self._order(self._evses[key], self._targets.share(key).current_ma, now)
                for link, factor in loads:
                    if link in short:
                        short[link] -= factor * slack
                        if short[link] <= 0:
                            del short[link]
            if not short:
                return

    def _shortages(self, waiting: Iterable[_Rise]) -> dict[int, int]:
        """Return the links that will be too full when all that is on its way has come, and by how many millionths."""
        wanted = dict.fromkeys(self._ledger.deficits(), 0)
        for rise in waiting:
            evse = rise.evse
            for link, factor in self._network.loads(evse.key, self._targets.wish(evse.key).phases):
                wanted[link] = wanted.get(link, 0) + factor * max(0, rise.target_ma - evse.counted_ma)
        short = {}
        for link, more in wanted.items():
            capacity = self._targets.capacity(link)
            if capacity is not None:
                over = self._course[link] + self._targets.outside(link) + more - capacity * MILLION
                if over > 0:
                    short[link] = over
        return short
