"""Everything that can be wrong with the description of a site, but for what it carries in the dark (`dark_site`)."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from gateway.core.charging.description import EvseKey, NodeDescription, SiteDescription
from gateway.hot.allocate import CURRENT_MA_MAX, DEPTH_MAX, FACTOR_MAX, LOAD_MAX, MILLION, PHASES, WEIGHT_MAX

PILOT_MINIMUM_MA: Final = 6000
"""The least current that a control pilot can offer (IEC 61851-1, annex A)."""

NODE_MAX: Final = 10**8
"""Largest limit and base load of a node, in mA and in W: 100 kA and 100 MW are beyond any low-voltage network, and all
that is reckoned with them fits the allocator's `CAPACITY_MAX`."""

VOLTAGE_MAX_V: Final = 333
"""Highest voltage to neutral: three phases of it are within the allocator's `FACTOR_MAX`."""

PRIORITY_MAX: Final = 1_000_000
"""Largest priority; larger ones are given to sessions that have what they need."""

EVSES_PER_STATION_MAX: Final = 64
"""As many facts of one kind are kept of a station, and each EVSE needs one."""

_LIMIT_FAULT: Final = f"must be from 0 to {NODE_MAX // 1000}"


class SiteFault(Struct, frozen=True):
    """What is wrong with a description: where, such as `node[2].parent`, and why, for a person."""

    path: str
    reason: str


def faults_of(site: SiteDescription) -> list[SiteFault]:
    """Return everything that is wrong with a description; whether it fits in the dark is for `dark_site`."""
    faults = [
        *_tree_faults(site.nodes),
        *_node_faults(site.nodes),
        *_evse_faults(site),
        *_token_group_faults(site),
        *_schedule_faults(site),
    ]
    if not 50 <= site.voltage_v <= VOLTAGE_MAX_V:
        faults.append(SiteFault("voltage_v", f"must be from 50 to {VOLTAGE_MAX_V}: from phase to neutral"))
    if not (math.isfinite(site.slot_s) and site.slot_s >= 1):
        faults.append(SiteFault("slot_s", "must be at least 1"))
    return faults


def ancestors(parents: Mapping[str, str | None], name: str) -> Iterator[str]:
    """Yield the nodes above; in a cycle, until the first comes again."""
    above = parents.get(name)
    seen = set()
    while above is not None and above not in seen:
        yield above
        if above == name:
            return
        seen.add(above)
        above = parents.get(above)


def _tree_faults(nodes: tuple[NodeDescription, ...]) -> Iterator[SiteFault]:
    parents = {node.name: node.parent for node in nodes}
    seen: set[str] = set()
    roots = [node.name for node in nodes if node.parent is None]
    if not nodes:
        yield SiteFault("node", "a site has at least one node")
    elif len(roots) != 1 and all(node.parent is None or node.parent in parents for node in nodes):
        said = "no node is without a parent" if not roots else f"{roots[0]!r} and {roots[1]!r} both have no parent"
        yield SiteFault("node", f"{said}; a site has one root")
    for number, node in enumerate(nodes):
        path = f"node[{number}]"
        if node.name in seen:
            yield SiteFault(f"{path}.name", f"{node.name!r} is there twice")
        seen.add(node.name)
        if node.parent is not None and node.parent not in parents:
            yield SiteFault(f"{path}.parent", f"{node.parent!r} is no node of this site")
        above = list(ancestors(parents, node.name))
        if above and above[-1] == node.name:
            yield SiteFault(f"{path}.parent", f"{node.name!r} is part of a cycle: {' -> '.join([node.name, *above])}")
        elif len(above) >= DEPTH_MAX:
            yield SiteFault(path, f"{node.name!r} is deeper than {DEPTH_MAX} nodes")


def _node_faults(nodes: tuple[NodeDescription, ...]) -> Iterator[SiteFault]:
    for number, node in enumerate(nodes):
        limits = _limits(node.limit_ma, node.limit_w)
        unheard = _limits(node.unheard_limit_ma, node.unheard_limit_w, "unheard_")
        for key, limit in (*limits, *unheard):
            if not 0 <= limit <= NODE_MAX:
                yield SiteFault(f"node[{number}].{key}", _LIMIT_FAULT)
        if any(abs(base) > NODE_MAX for base in node.base_load_ma):
            yield SiteFault(f"node[{number}].base_load_a", f"must be within {NODE_MAX // 1000}, up or down")


def _limits(limit_ma: tuple[int, int, int] | None, limit_w: int | None, before: str = "") -> Iterator[tuple[str, int]]:
    """Yield each number of a limit behind the key that holds it."""
    for limit in limit_ma or ():
        yield f"{before}limit_a", limit
    if limit_w is not None:
        yield f"{before}limit_kw", limit_w


def _evse_faults(site: SiteDescription) -> Iterator[SiteFault]:
    names = {node.name for node in site.nodes}
    seen: set[EvseKey] = set()
    for number, evse in enumerate(site.evses):
        path = f"evse[{number}]"
        if evse.key in seen:
            yield SiteFault(path, f"EVSE {evse.evse} of station {evse.station!r} is there twice")
        seen.add(evse.key)
        if not 1 <= evse.evse <= EVSES_PER_STATION_MAX:
            yield SiteFault(f"{path}.evse", f"must be from 1 to {EVSES_PER_STATION_MAX}")
        if evse.node not in names:
            yield SiteFault(f"{path}.node", f"{evse.node!r} is no node of this site")
        if not _are_phases(evse.phases):
            yield SiteFault(f"{path}.phases", "must be one to three of the phases 1, 2, 3, each once")
        if not 0 < evse.maximum_ma <= CURRENT_MA_MAX:
            yield SiteFault(f"{path}.maximum_a", f"must be above 0, and at most {CURRENT_MA_MAX // 1000}")
        if not 0 <= evse.minimum_ma <= evse.maximum_ma:
            yield SiteFault(f"{path}.minimum_a", "must be from 0 to maximum_a")
        elif evse.current == "AC" and evse.minimum_ma < PILOT_MINIMUM_MA:
            yield SiteFault(f"{path}.minimum_a", "must be at least 6: a vehicle cannot be offered less")
        if not 0 <= evse.fallback_ma <= evse.maximum_ma:
            yield SiteFault(f"{path}.fallback_a", "must be from 0 to maximum_a")
        elif evse.current == "AC" and 0 < evse.fallback_ma < PILOT_MINIMUM_MA:
            yield SiteFault(f"{path}.fallback_a", "must be 0, or at least 6: a vehicle cannot be offered less")
        if not 1 <= evse.weight <= WEIGHT_MAX:
            yield SiteFault(f"{path}.weight", f"must be from 1 to {WEIGHT_MAX}")
        if not 0 <= evse.priority <= PRIORITY_MAX:
            yield SiteFault(f"{path}.priority", f"must be from 0 to {PRIORITY_MAX}")
        if not 0 < evse.efficiency <= 1:
            yield SiteFault(f"{path}.efficiency", "must be above 0, and at most 1")
    if sum(evse.maximum_ma for evse in site.evses) * FACTOR_MAX * MILLION > LOAD_MAX:
        yield SiteFault("evse", f"all together could draw more than {LOAD_MAX // FACTOR_MAX // MILLION // 1000} A")


def _are_phases(phases: Iterable[int]) -> bool:
    found = list(phases)
    return 1 <= len(found) == len(set(found)) and set(found) <= set(PHASES)


def _token_group_faults(site: SiteDescription) -> Iterator[SiteFault]:
    group_of: dict[str, str] = {}
    for number, group in enumerate(site.token_groups):
        path = f"token_group[{number}]"
        if group.weight is not None and not 1 <= group.weight <= WEIGHT_MAX:
            yield SiteFault(f"{path}.weight", f"must be from 1 to {WEIGHT_MAX}")
        if group.priority is not None and not 0 <= group.priority <= PRIORITY_MAX:
            yield SiteFault(f"{path}.priority", f"must be from 0 to {PRIORITY_MAX}")
        for token in sorted(group.tokens):
            if token in group_of:
                yield SiteFault(f"{path}.tokens", f"{token!r} is in the group {group_of[token]!r} too")
            group_of.setdefault(token, group.name)


def _schedule_faults(site: SiteDescription) -> Iterator[SiteFault]:
    names = {node.name for node in site.nodes}
    for number, entry in enumerate(site.schedule):
        path = f"schedule[{number}]"
        if entry.node not in names:
            yield SiteFault(f"{path}.node", f"{entry.node!r} is no node of this site")
        if not entry.weekdays or not entry.weekdays <= set(range(7)):
            yield SiteFault(f"{path}.weekdays", "must name days of the week")
        if entry.limit_ma is None and entry.limit_w is None:
            yield SiteFault(path, "must have limit_a or limit_kw")
        for key, limit in _limits(entry.limit_ma, entry.limit_w):
            if not 0 <= limit <= NODE_MAX:
                yield SiteFault(f"{path}.{key}", _LIMIT_FAULT)
