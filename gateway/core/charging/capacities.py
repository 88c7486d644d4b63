"""What the links of a site carry, now and as far as is known ahead: min(rating, caps) - base load.

Caps are those of the schedule and of an operator, who says until when. Once a dynamic limit has run out, the node's
limit for that case holds; once a dynamic base load has, the configured one. Where a local time of the schedule comes
twice as clocks change, or not at all, an entry begins at the earlier and ends at the later moment that it may mean.
"""

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.core.charging.description import NodeDescription, ScheduledLimit
from gateway.core.charging.network import LINKS_PER_NODE, Network
from gateway.core.charging.site_faults import NODE_MAX
from gateway.hot import ALL_PHASES
from gateway.hot.allocate import PHASES

Amounts = tuple[int, int, int]

SCHEDULE_DAYS: Final = 8
"""A weekly schedule changes within these days."""


class DynamicLimit(Struct, frozen=True, kw_only=True):
    """What a node carries until `until`, in seconds of the epoch; None: until something else is said."""

    limit_ma: Amounts | None = None
    limit_w: int | None = None
    until: float | None = None


class DynamicBaseLoad(Struct, frozen=True, kw_only=True):
    """What else draws from a node, per phase, until `until`."""

    base_load_ma: Amounts
    until: float | None = None


class SavedCapacities(Struct, frozen=True):
    """What an operator said, by node."""

    limits: dict[str, DynamicLimit] = {}
    base_loads: dict[str, DynamicBaseLoad] = {}


class Capacities:
    """What the links of a network carry. Capacities are in mA and mW by link number; None is unlimited."""

    def __init__(self, network: Network) -> None:
        self._description = description = network.description
        self._voltage_v = description.voltage_v
        self._nodes = {node.name: (number, node) for number, node in enumerate(description.nodes)}
        self._time_zone = ZoneInfo(description.time_zone) if description.schedule else UTC
        self._schedule: dict[str, list[ScheduledLimit]] = {}
        for entry in description.schedule:
            self._schedule.setdefault(entry.node, []).append(entry)
        self._limits: dict[str, DynamicLimit] = {}
        self._base_loads: dict[str, DynamicBaseLoad] = {}
        self._resting: Final = [
            link for node in description.nodes for link in self._links(node, [_unheard(node)], node.base_load_ma)
        ]
        """What links carry while nothing is scheduled and no operator said anything: most, at most times."""

    def set_limit(
        self, node: str, *, limit_ma: Amounts | None = None, limit_w: int | None = None, until: float | None, now: float
    ) -> None:
        """Cap a node until `until` (None: until further notice). ValueError for what is no limit, or no node."""
        self._require_node(node)
        if limit_ma is None and limit_w is None:
            raise ValueError("a limit is in amperes, or in watts, or both")
        watts = () if limit_w is None else (limit_w,)
        for limit in (*(limit_ma or ()), *watts):
            if isinstance(limit, float) or not 0 <= limit <= NODE_MAX:
                raise ValueError(f"a limit cannot be {limit}")
        self._require_future(until, now)
        self._limits[node] = DynamicLimit(limit_ma=limit_ma, limit_w=limit_w, until=until)

    def clear_limit(self, node: str) -> None:
        """Let the cap of a node end. ValueError if there is no such node."""
        self._require_node(node)
        self._limits.pop(node, None)

    def set_base_load(self, node: str, *, base_load_ma: Amounts, until: float | None, now: float) -> None:
        """Say what else draws from a node; negative where something feeds in. ValueError for what cannot be."""
        self._require_node(node)
        if any(isinstance(base, float) or abs(base) > NODE_MAX for base in base_load_ma):
            raise ValueError("a base load is in milliamperes, and no more than a wire carries")
        self._require_future(until, now)
        self._base_loads[node] = DynamicBaseLoad(base_load_ma=base_load_ma, until=until)

    def clear_base_load(self, node: str) -> None:
        """Let the configured base load hold again. ValueError if there is no such node."""
        self._require_node(node)
        self._base_loads.pop(node, None)

    def base(self, link: int, now: float) -> int:
        """Return the base load of a link, in its unit."""
        number, phase = divmod(link, LINKS_PER_NODE)
        base_ma = self._base_ma(self._description.nodes[number], now)
        return self._milliwatts(base_ma) if phase == ALL_PHASES else base_ma[phase - 1]

    def lowest(self, now: float, horizon_s: float) -> list[int | None]:
        """Return the lowest that each link carries from `now` on for `horizon_s`, as far as is known."""
        lowest = list(self._resting)
        for name in self._varying():
            number, node = self._nodes[name]
            moments = {at for at in self._changes(name, now, now + horizon_s) if at <= now + horizon_s}
            found = [self._at(node, moment) for moment in (now, *moments)]
            first = LINKS_PER_NODE * number
            lowest[first : first + LINKS_PER_NODE] = [_least(capacities) for capacities in zip(*found, strict=True)]
        return lowest

    def lowest_ever(self) -> list[int | None]:
        """Return the lowest that each link carries by rating, schedule and configured base load."""
        lowest = list(self._resting)
        for name, entries in self._schedule.items():
            number, node = self._nodes[name]
            first = LINKS_PER_NODE * number
            lowest[first : first + LINKS_PER_NODE] = self._links(node, [*entries, _unheard(node)], node.base_load_ma)
        return lowest

    def next_change_at(self, now: float, horizon_s: float) -> float | None:
        """Return when `lowest` may change by itself next; None: it does not."""
        end = now + horizon_s + SCHEDULE_DAYS * 86_400
        changes = (at for name in self._varying() for at in self._changes(name, now, end))
        return min((at - horizon_s if at - horizon_s > now else at for at in changes), default=None)

    def saved(self) -> SavedCapacities:
        """Return what an operator said, to be kept."""
        return SavedCapacities(dict(self._limits), dict(self._base_loads))

    def restore(self, saved: SavedCapacities) -> None:
        """Take up what was kept, of nodes that are still there."""
        self._limits = {node: limit for node, limit in saved.limits.items() if node in self._nodes}
        self._base_loads = {node: base for node, base in saved.base_loads.items() if node in self._nodes}

    def _varying(self) -> Iterable[str]:
        """Return the nodes that do not carry the same at all times."""
        return dict.fromkeys((*self._schedule, *self._limits, *self._base_loads))

    def _at(self, node: NodeDescription, at: float) -> list[int | None]:
        """Return what the four links of a node carry at a moment."""
        caps: list[DynamicLimit | ScheduledLimit] = [
            entry
            for entry in self._schedule.get(node.name, ())
            if any(begin <= at < end for begin, end in self._spans(entry, at, at))
        ]
        said = self._limits.get(node.name)
        caps.append(_unheard(node) if said is None or _is_over(said.until, at) else said)
        return self._links(node, caps, self._base_ma(node, at))

    def _links(
        self, node: NodeDescription, caps: list[DynamicLimit | ScheduledLimit], base_ma: Amounts
    ) -> list[int | None]:
        """Return what the four links of a node carry under `caps`."""
        watts = [limit_w for limit_w in (node.limit_w, *(cap.limit_w for cap in caps)) if limit_w is not None]
        links: list[int | None] = [min(watts) * 1000 - self._milliwatts(base_ma) if watts else None]
        amperes = [limit_ma for limit_ma in (node.limit_ma, *(cap.limit_ma for cap in caps)) if limit_ma is not None]
        for phase in PHASES:
            links.append(min(limit[phase - 1] for limit in amperes) - base_ma[phase - 1] if amperes else None)
        return links

    def _base_ma(self, node: NodeDescription, at: float) -> Amounts:
        said = self._base_loads.get(node.name)
        return node.base_load_ma if said is None or _is_over(said.until, at) else said.base_load_ma

    def _milliwatts(self, currents_ma: Amounts) -> int:
        return math.ceil(sum(currents_ma) * self._voltage_v)

    def _changes(self, name: str, now: float, end: float) -> Iterator[float]:
        """Yield the moments after `now` at which a node begins to carry something else, those up to `end` at least."""
        for said in (self._limits.get(name), self._base_loads.get(name)):
            if said is not None and said.until is not None and said.until > now:
                yield said.until
        for entry in self._schedule.get(name, ()):
            for span in self._spans(entry, now, end):
                yield from (at for at in span if at > now)

    def _spans(self, entry: ScheduledLimit, first: float, last: float) -> Iterator[tuple[float, float]]:
        """Yield begin and end of each time that `entry` holds, of those between `first` and `last` at least."""
        day = datetime.fromtimestamp(first, self._time_zone).date() - timedelta(days=1)  # its night may last till now
        last_day = datetime.fromtimestamp(last, self._time_zone).date()
        overnight = timedelta(days=entry.ends <= entry.begins)
        while day <= last_day:
            if day.weekday() in entry.weekdays:
                yield min(self._moments(day, entry.begins)), max(self._moments(day + overnight, entry.ends))
            day += timedelta(days=1)

    def _moments(self, day: date, local: time) -> tuple[float, float]:
        """Return when it is that time of a day: twice the same, but when clocks change (PEP 495)."""
        at = datetime.combine(day, local, self._time_zone)
        return at.replace(fold=0).timestamp(), at.replace(fold=1).timestamp()

    def _require_node(self, node: str) -> None:
        if node not in self._nodes:
            raise ValueError(f"{node!r} is no node of this site")

    @staticmethod
    def _require_future(until: float | None, now: float) -> None:
        if until is not None and not now < until < math.inf:
            raise ValueError("it must be valid until some time to come")


def _unheard(node: NodeDescription) -> DynamicLimit:
    return DynamicLimit(limit_ma=node.unheard_limit_ma, limit_w=node.unheard_limit_w)


def _is_over(until: float | None, at: float) -> bool:
    return until is not None and until <= at


def _least(capacities: tuple[int | None, ...]) -> int | None:
    return min((capacity for capacity in capacities if capacity is not None), default=None)
