"""What each circuit of a site carries and must carry, reckoned from its description alone: what policies are judged by.

Nothing here is the gateway's, but its allocator, which the naive policies and the optimum use.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.core.charging.description import EvseKey, Phases, ScheduledLimit, SiteDescription
from gateway.hot import ALL_PHASES, Site

Link = tuple[str, int]

PHASES: Final = (1, 2, 3)


class Links:
    """The links of a site by number. Amperes are milliamperes, power is milliwatts."""

    def __init__(self, description: SiteDescription) -> None:
        self.description: Final = description
        self.nodes: Final = {node.name: node for node in description.nodes}
        self.evses: Final = {evse.key: evse for evse in description.evses}
        self.names: Final[tuple[Link, ...]] = tuple(
            (node.name, phase) for node in description.nodes for phase in (ALL_PHASES, *PHASES)
        )
        self._numbers = {link: number for number, link in enumerate(self.names)}
        self._paths: dict[str, list[str]] = {}
        for name in self.nodes:
            path, above = [], name
            while True:
                path.append(above)
                parent = self.nodes[above].parent
                if parent is None:
                    break
                above = parent
            self._paths[name] = path
        self._loads: dict[tuple[EvseKey, Phases], tuple[tuple[int, int], ...]] = {}

    def loads(self, key: EvseKey, phases: Phases) -> tuple[tuple[int, int], ...]:
        """Return what one milliampere on these phases is on which links."""
        loads = self._loads.get((key, phases))
        if loads is None:
            volts = int(self.description.voltage_v)
            path = self._paths[self.evses[key].node]
            loads = tuple((self._numbers[node, phase], 1) for node in path for phase in phases)
            loads += tuple((self._numbers[node, ALL_PHASES], volts * len(phases)) for node in path)
            self._loads[key, phases] = loads
        return loads

    def of(self, node: str) -> set[int]:
        """Return the links of a node itself."""
        return {self._numbers[node, phase] for phase in (ALL_PHASES, *PHASES)}

    def capacities(self, now: float, limits_ma: dict[str, int]) -> list[int | None]:
        """Return what is left for EVSEs on every link at `now`, with the limits that hold besides the site's own."""
        capacities: list[int | None] = []
        volts = int(self.description.voltage_v)
        scheduled = [limit for limit in self.description.schedule if holds(limit, now)]
        for node in self.description.nodes:
            base = node.base_load_ma
            watts = [node.limit_w] if node.limit_w is not None else []
            watts += [limit.limit_w for limit in scheduled if limit.node == node.name and limit.limit_w is not None]
            capacities.append(min(watts) * 1000 - volts * sum(base) if watts else None)
            for phase in PHASES:
                amperes = [node.limit_ma[phase - 1]] if node.limit_ma is not None else []
                amperes += [
                    limit.limit_ma[phase - 1]
                    for limit in scheduled
                    if limit.node == node.name and limit.limit_ma is not None
                ]
                if node.name in limits_ma:
                    amperes.append(limits_ma[node.name])
                capacities.append(min(amperes) - base[phase - 1] if amperes else None)
        return capacities

    def edges(self, begin: float, end: float) -> list[float]:
        """Return the instants at which the schedule changes what holds. Days are UTC."""
        edges = set()
        day = datetime.fromtimestamp(begin, UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
        while day.timestamp() < end:
            for limit in self.description.schedule:
                for at in (limit.begins, limit.ends):
                    edges.add((day + timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)).timestamp())
            day += timedelta(days=1)
        return sorted(at for at in edges if begin < at < end)

    def allocator(self) -> Site:
        """Return an allocator of the site without any session or capacity."""
        nodes = [(node.name, node.parent) for node in self.description.nodes]
        return Site(nodes, [(node, phase, None) for node, phase in self.names])

    def factors(self, key: EvseKey, phases: Phases) -> dict[Link, float]:
        """Return what the allocator must know besides the phases: watts for each ampere."""
        volts = self.description.voltage_v
        return {(node, ALL_PHASES): volts * len(phases) for node in self._paths[self.evses[key].node]}


def holds(limit: ScheduledLimit, now: float) -> bool:
    """Return whether a scheduled limit holds at `now`."""
    at = datetime.fromtimestamp(now, UTC)
    clock = at.time()
    if limit.begins <= limit.ends:
        return limit.begins <= clock < limit.ends and at.weekday() in limit.weekdays
    if clock >= limit.begins:
        return at.weekday() in limit.weekdays
    return clock < limit.ends and (at.weekday() - 1) % 7 in limit.weekdays
