"""What the links of a site carry, now and as far as is known ahead: min(rating, caps) - base load.

Caps are those of the schedule and of an operator, who says until when. Once a dynamic limit has run out, the node's
limit for that case holds; once a dynamic base load has, the configured one.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.core.charging.description import NodeDescription, ScheduledLimit
from gateway.core.charging.network import LINKS_PER_NODE, Network
from gateway.hot import ALL_PHASES
from gateway.hot.allocate import CAPACITY_MAX, PHASES

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
        self._network = network
        self._nodes = network.description.nodes
        self._time_zone = ZoneInfo(network.description.time_zone) if network.description.schedule else UTC
        self._schedule: dict[str, list[ScheduledLimit]] = {}
        for entry in network.description.schedule:
            self._schedule.setdefault(entry.node, []).append(entry)
        self._limits: dict[str, DynamicLimit] = {}
        self._base_loads: dict[str, DynamicBaseLoad] = {}

    def set_limit(
        self, node: str, *, limit_ma: Amounts | None = None, limit_w: int | None = None, until: float | None, now: float
    ) -> None:
        """Cap a node until `until` (None: until further notice). ValueError for what is no limit, or no node."""
        self._require_node(node)
        if limit_ma is None and limit_w is None:
            raise ValueError("a limit is in amperes, or in watts, or both")
        watts = () if limit_w is None else (limit_w,)
        for limit in (*(limit_ma or ()), *watts):
            if isinstance(limit, float) or not 0 <= limit <= CAPACITY_MAX // 1000:
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
        if any(isinstance(base, float) or abs(base) > CAPACITY_MAX // 1000 for base in base_load_ma):
            raise ValueError("a base load is in milliamperes, and no more than a wire carries")
        self._require_future(until, now)
        self._base_loads[node] = DynamicBaseLoad(base_load_ma=base_load_ma, until=until)

    def clear_base_load(self, node: str) -> None:
        """Let the configured base load hold again. ValueError if there is no such node."""
        self._require_node(node)
        self._base_loads.pop(node, None)

    def base(self, link: int, now: float) -> int:
        """Return the base load of a link, in its unit."""
        node, phase = self._nodes[link // LINKS_PER_NODE], link % LINKS_PER_NODE
        base_ma = self._base_ma(node, now)
        if phase == ALL_PHASES:
            return math.ceil(sum(base_ma) * self._network.description.voltage_v)
        return base_ma[phase - 1]

    def lowest(self, now: float, horizon_s: float) -> list[int | None]:
        """Return the lowest that each link carries from `now` on for `horizon_s`, as far as is known."""
        moments = [now, *sorted({at for at in self._changes(now, now + horizon_s) if at <= now + horizon_s})]
        lowest: list[int | None] = []
        for node in self._nodes:
            found = [self._at(node, moment) for moment in moments]
            lowest.extend(_least(capacities) for capacities in zip(*found, strict=True))
        return lowest

    def lowest_ever(self) -> list[int | None]:
        """Return the lowest that each link carries by rating, schedule and configured base load."""
        lowest: list[int | None] = []
        for node in self._nodes:
            caps: list[DynamicLimit | ScheduledLimit] = [*self._schedule.get(node.name, ()), _unheard(node)]
            lowest.extend(self._links(node, caps, node.base_load_ma))
        return lowest

    def next_change_at(self, now: float, horizon_s: float) -> float | None:
        """Return when `lowest` may change by itself next; None: it does not."""
        found = math.inf
        for at in self._changes(now, now + horizon_s + SCHEDULE_DAYS * 86_400):
            found = min(found, at - horizon_s if at - horizon_s > now else at)
        return None if found == math.inf else found

    def saved(self) -> SavedCapacities:
        """Return what an operator said, to be kept."""
        return SavedCapacities(dict(self._limits), dict(self._base_loads))

    def restore(self, saved: SavedCapacities) -> None:
        """Take up what was kept, of nodes that are still there."""
        names = {node.name for node in self._nodes}
        self._limits = {node: limit for node, limit in saved.limits.items() if node in names}
        self._base_loads = {node: base for node, base in saved.base_loads.items() if node in names}

    def limit(self, node: str, now: float) -> DynamicLimit | None:
        """Return the operator's cap of a node that holds now."""
        return _valid(self._limits.get(node), now)

    def _at(self, node: NodeDescription, at: float) -> list[int | None]:
        local = datetime.fromtimestamp(at, self._time_zone)
        caps: list[DynamicLimit | ScheduledLimit] = [
            entry for entry in self._schedule.get(node.name, ()) if _holds(entry, local)
        ]
        caps.append(_valid(self._limits.get(node.name), at) or _unheard(node))
        return self._links(node, caps, self._base_ma(node, at))

    def _links(
        self, node: NodeDescription, caps: list[DynamicLimit | ScheduledLimit], base_ma: Amounts
    ) -> list[int | None]:
        """Return what the four links of a node carry under `caps`."""
        watts = [limit_w for limit_w in (node.limit_w, *(cap.limit_w for cap in caps)) if limit_w is not None]
        base_mw = math.ceil(sum(base_ma) * self._network.description.voltage_v)
        links: list[int | None] = [min(watts) * 1000 - base_mw if watts else None]
        amperes = [limit_ma for limit_ma in (node.limit_ma, *(cap.limit_ma for cap in caps)) if limit_ma is not None]
        for phase in PHASES:
            links.append(min(limit[phase - 1] for limit in amperes) - base_ma[phase - 1] if amperes else None)
        return links

    def _base_ma(self, node: NodeDescription, at: float) -> Amounts:
        said = self._base_loads.get(node.name)
        return node.base_load_ma if said is None or _is_over(said.until, at) else said.base_load_ma

    def _changes(self, now: float, end: float) -> Iterator[float]:
        """Yield the moments after `now` at which something changes, those up to `end` at least."""
        both: list[Mapping[str, DynamicLimit | DynamicBaseLoad]] = [self._limits, self._base_loads]
        for said in both:
            for one in said.values():
                if one.until is not None and one.until > now:
                    yield one.until
        day = datetime.fromtimestamp(now, self._time_zone).date() - timedelta(days=1)
        last = datetime.fromtimestamp(end, self._time_zone).date()
        entries = [entry for entries in self._schedule.values() for entry in entries]
        while entries and day <= last:
            for entry in entries:
                for time in (entry.begins, entry.ends):
                    at = datetime.combine(day, time, self._time_zone).timestamp()
                    if at > now:
                        yield at
            day += timedelta(days=1)

    def _require_node(self, node: str) -> None:
        if all(node != known.name for known in self._nodes):
            raise ValueError(f"{node!r} is no node of this site")

    @staticmethod
    def _require_future(until: float | None, now: float) -> None:
        if until is not None and not now < until < math.inf:
            raise ValueError("it must be valid until some time to come")


def _holds(entry: ScheduledLimit, local: datetime) -> bool:
    time, weekday = local.time(), local.weekday()
    if entry.begins < entry.ends:
        return weekday in entry.weekdays and entry.begins <= time < entry.ends
    return (weekday in entry.weekdays and time >= entry.begins) or (
        (weekday - 1) % 7 in entry.weekdays and time < entry.ends
    )


def _unheard(node: NodeDescription) -> DynamicLimit:
    return DynamicLimit(limit_ma=node.unheard_limit_ma, limit_w=node.unheard_limit_w)


def _valid(limit: DynamicLimit | None, at: float) -> DynamicLimit | None:
    return None if limit is None or _is_over(limit.until, at) else limit


def _is_over(until: float | None, at: float) -> bool:
    return until is not None and until <= at


def _least(capacities: tuple[int | None, ...]) -> int | None:
    return min((capacity for capacity in capacities if capacity is not None), default=None)
