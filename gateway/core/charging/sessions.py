"""What the session on an EVSE may take, and would: its phases, its limits, its weight, learned as it goes."""

import math
from typing import Final

from msgspec import Struct

from gateway.core.charging.description import EvseDescription, Phases, TokenGroupDescription

Currents = tuple[int | None, int | None, int | None]

ACTIVE_MA: Final = 1000
"""Least current on a phase in use: vehicles draw 6 A or more, and an idle phase shows some tenths of an ampere."""

READINGS_FOR_FEWER_PHASES: Final = 2
"""Readings that must agree before a session is taken to use fewer phases; that it uses more is believed at once."""

WAIT_FACTOR_MAX: Final = 16
"""A vehicle whose draw comes and goes is lowered after 1, 2, 4, 8, 16 times the wait, so limits do not oscillate."""

URGENCY_STEPS: Final = 4
"""Urgency counts in quarters, so that weights change seldom, and so do limits."""

URGENT_FACTOR: Final = 3
"""A session that needs all it can get until it departs has 1 + 3 times the weight of one that is in no hurry."""

LAST: Final = 1_000_000
"""Added to the priority of a session that has what it needs: it comes after all others."""

WEIGHT_MAX: Final = 1000
PRIORITY_MAX: Final = 1_000_000


class Needs(Struct, frozen=True, kw_only=True):
    """What a session needs. `energy_wh` counts from its begin; `departure_at` is seconds of the epoch.

    `minimum_ma` and `maximum_ma` are those of the vehicle, where it tells. `priority` is an operator's word.
    """

    energy_wh: float | None = None
    departure_at: float | None = None
    priority: int | None = None
    minimum_ma: int | None = None
    maximum_ma: int | None = None


class Wish(Struct, frozen=True):
    """What a session asks of the allocator, in whole steps. `is_owed`: it may draw its minimum anyhow, the fallback."""

    phases: Phases
    minimum_ma: int
    maximum_ma: int
    weight: int
    priority: int
    is_owed: bool


class FollowTerms(Struct, frozen=True):
    """When a limit follows what a vehicle draws: after `wait_s` of less than the limit minus `margin_ma`."""

    step_ma: int
    wait_s: float
    margin_ma: int


class SessionDemand:
    """One transaction on an EVSE. `watts_per_ampere` is what one ampere on all of its phases is."""

    __slots__ = (
        "_below_since",
        "_drawn_most_ma",
        "_evse",
        "_fewer",
        "_fewer_seen",
        "_group",
        "_last_at",
        "_needs",
        "_terms",
        "_wait_factor",
        "_watts_per_ampere",
        "ceiling_ma",
        "drawn_ma",
        "energy_wh",
        "phases",
        "transaction",
    )

    def __init__(
        self,
        evse: EvseDescription,
        transaction: str,
        group: TokenGroupDescription | None,
        terms: FollowTerms,
        watts_per_ampere: float,
    ) -> None:
        self.transaction = transaction
        self.phases: Phases = evse.phases
        self.ceiling_ma: int | None = None
        self.drawn_ma: int | None = None
        self.energy_wh: float | None = None
        self._evse = evse
        self._group = group
        self._terms = terms
        self._watts_per_ampere = watts_per_ampere
        self._needs = Needs()
        self._last_at = -math.inf
        self._fewer: Phases | None = None
        self._fewer_seen = 0
        self._below_since: float | None = None
        self._drawn_most_ma = 0
        self._wait_factor = 1

    @property
    def is_met(self) -> bool:
        """Whether the session has the energy that it needs."""
        wanted = self._needs.energy_wh
        return wanted is not None and self.energy_wh is not None and self.energy_wh >= wanted

    def set_needs(self, needs: Needs) -> None:
        """Take what the session needs."""
        self._needs = needs

    def wish(self, now: float) -> Wish:
        """Return what the session asks for now."""
        evse, needs, step = self._evse, self._needs, self._terms.step_ma
        top = evse.maximum_ma if needs.maximum_ma is None else min(evse.maximum_ma, needs.maximum_ma)
        minimum = max(evse.minimum_ma, needs.minimum_ma or 0, evse.fallback_ma)
        maximum = top // step * step
        minimum = min(-(-minimum // step) * step, evse.maximum_ma // step * step)
        if self.ceiling_ma is not None:
            maximum = min(maximum, self.ceiling_ma)
        group_weight = None if self._group is None else self._group.weight
        weight = self._weight(evse.weight if group_weight is None else group_weight, now)
        return Wish(self.phases, minimum, max(minimum, maximum), weight, self._priority(), is_owed=evse.fallback_ma > 0)

    def drew(self, currents_ma: Currents | None, power_w: float | None, energy_wh: float | None, at: float) -> None:
        """Learn from a reading sampled at `at`. One that is older than the newest says nothing but energy."""
        if energy_wh is not None:
            self.energy_wh = energy_wh if self.energy_wh is None else max(self.energy_wh, energy_wh)
        if at <= self._last_at:
            return
        if currents_ma is not None and (known := [current for current in currents_ma if current is not None]):
            self._last_at = at
            self.drawn_ma = max(known)
            self._learn_phases(currents_ma)
        elif power_w is not None:
            self._last_at = at
            share = len(self._evse.phases) / len(self.phases)
            self.drawn_ma = round(power_w / self._watts_per_ampere * share * 1000)

    def follow(self, limit_ma: int, limit_since: float) -> None:
        """Let the ceiling follow the draw of the newest reading, under a limit in force since `limit_since`."""
        drawn, at, margin = self.drawn_ma, self._last_at, self._terms.margin_ma
        if drawn is None:
            return
        mark = limit_ma if self.ceiling_ma is None else min(limit_ma, self.ceiling_ma)
        if drawn >= mark - margin // 2:
            self._below_since = None
            if self.ceiling_ma is not None:
                self.ceiling_ma = None
                self._wait_factor = min(2 * self._wait_factor, WAIT_FACTOR_MAX)
        elif drawn >= mark - margin - ACTIVE_MA // 2:
            self._below_since = None
        else:
            if self._below_since is None or self._below_since < limit_since:
                self._below_since, self._drawn_most_ma = at, 0
            self._drawn_most_ma = max(self._drawn_most_ma, drawn)
            if at - self._below_since >= self._terms.wait_s * self._wait_factor:
                step = self._terms.step_ma
                self.ceiling_ma = -(-(self._drawn_most_ma + margin) // step) * step
                self._below_since = None

    def _learn_phases(self, currents_ma: Currents) -> None:
        on = zip(self._evse.phases, currents_ma, strict=False)
        drawn = [(phase, 0 if current is None else current, current is None) for phase, current in on]
        most = max(current for _, current, _ in drawn)
        if most < ACTIVE_MA:
            return
        using = tuple(
            phase for phase, current, is_unknown in drawn if is_unknown or current >= max(ACTIVE_MA, most // 4)
        )
        if not set(using) <= set(self.phases):
            self.phases = tuple(phase for phase in self._evse.phases if phase in using or phase in self.phases)
            self._fewer_seen = 0
        elif len(using) < len(self.phases):
            self._fewer_seen = self._fewer_seen + 1 if using == self._fewer else 1
            self._fewer = using
            if self._fewer_seen >= READINGS_FOR_FEWER_PHASES:
                self.phases = using
        else:
            self._fewer_seen = 0

    def _priority(self) -> int:
        priority = self._evse.priority
        if self._needs.priority is not None:
            priority = self._needs.priority
        elif self._group is not None and self._group.priority is not None:
            priority = self._group.priority
        return min(max(priority, 0), PRIORITY_MAX) + (LAST if self.is_met else 0)

    def _weight(self, weight: int, now: float) -> int:
        """Return the weight by urgency: what it takes to be done in time, as a share of the most that it could get."""
        needs = self._needs
        if self.is_met:
            return 1
        if needs.energy_wh is None or needs.departure_at is None:
            return weight
        missing_wh = needs.energy_wh - (self.energy_wh or 0.0)
        hours = max(needs.departure_at - now, 60.0) / 3600
        amperes = (needs.maximum_ma or self._evse.maximum_ma) / 1000
        phases = len(self.phases) / len(self._evse.phases)
        urgency = min(1.0, missing_wh / hours / (self._watts_per_ampere * phases * amperes))
        steps = math.ceil(urgency * URGENCY_STEPS)
        return min(WEIGHT_MAX, weight * (URGENCY_STEPS + URGENT_FACTOR * steps) // URGENCY_STEPS)
