"""The tree of a site: what is wrong with a description, and what a current loads."""

from datetime import time
from typing import Any

import msgspec
import pytest

from gateway.core.charging.capacities import Capacities
from gateway.core.charging.dark_site import dark_faults
from gateway.core.charging.description import (
    EvseDescription,
    NodeDescription,
    ScheduledLimit,
    SiteDescription,
    TokenGroupDescription,
)
from gateway.core.charging.network import Network
from gateway.core.charging.site_faults import NODE_MAX, VOLTAGE_MAX_V, faults_of
from gateway.hot.allocate import DEPTH_MAX

GRID = NodeDescription(name="grid", limit_ma=(100_000,) * 3, limit_w=50_000)
PANEL = NodeDescription(name="panel", parent="grid", limit_ma=(63_000,) * 3)
NIGHT = ScheduledLimit(node="grid", begins=time(22), ends=time(6), limit_w=20_000)
STAFF = TokenGroupDescription(name="staff", tokens=frozenset({"T"}))
EVSE = EvseDescription(station="A", evse=1, node="panel")


def site(*evses: EvseDescription, nodes: tuple[NodeDescription, ...] = (GRID, PANEL), **others: Any) -> SiteDescription:
    return SiteDescription(name="site", nodes=nodes, evses=evses or (EVSE,), **others)


def changed(part: Any, **fields: Any) -> Any:
    return msgspec.structs.replace(part, **fields)


def test_a_whole_description_has_no_faults() -> None:
    assert faults_of(site()) == []
    assert dark_faults(Network(site())) == []


@pytest.mark.parametrize(
    ("description", "path", "words"),
    [
        (site(nodes=()), "node", "at least one node"),
        (site(nodes=(GRID, changed(PANEL, parent="attic"))), "node[1].parent", "'attic' is no node"),
        (site(nodes=(GRID, PANEL, PANEL)), "node[2].name", "twice"),
        (site(nodes=(GRID, PANEL, changed(GRID, name="other"))), "node", "both have no parent"),
        (site(nodes=(changed(GRID, parent="panel"), PANEL)), "node[0].parent", "cycle: grid -> panel -> grid"),
        (site(nodes=(changed(GRID, limit_ma=(-1, 0, 0)), PANEL)), "node[0].limit_a", "must be from 0"),
        (site(EVSE, EVSE), "evse[1]", "twice"),
        (site(changed(EVSE, node="roof")), "evse[0].node", "'roof' is no node"),
        (site(changed(EVSE, evse=0)), "evse[0].evse", "from 1 to 64"),
        (site(changed(EVSE, phases=())), "evse[0].phases", "phases"),
        (site(changed(EVSE, phases=(1, 1))), "evse[0].phases", "phases"),
        (site(changed(EVSE, phases=(4,))), "evse[0].phases", "phases"),
        (site(changed(EVSE, minimum_ma=33_000)), "evse[0].minimum_a", "to maximum_a"),
        (site(changed(EVSE, maximum_ma=0)), "evse[0].maximum_a", "above 0"),
        (site(changed(EVSE, fallback_ma=33_000)), "evse[0].fallback_a", "to maximum_a"),
        (site(changed(EVSE, fallback_ma=3_000)), "evse[0].fallback_a", "0, or at least 6"),
        (site(changed(EVSE, weight=0)), "evse[0].weight", "from 1"),
        (site(changed(EVSE, efficiency=float("nan"))), "evse[0].efficiency", "above 0"),
        (site(changed(EVSE, minimum_ma=5_900)), "evse[0].minimum_a", "at least 6"),
        (site(*(changed(EVSE, evse=n, maximum_ma=10**6) for n in range(1, 4613))), "evse", "all together"),
        (site(nodes=(changed(GRID, base_load_ma=(0, 0, -(10**8) - 1)), PANEL)), "node[0].base_load_a", "within 100000"),
        (site(nodes=(GRID, changed(PANEL, unheard_limit_w=-1))), "node[1].unheard_limit_kw", "from 0 to 100000"),
        (site(voltage_v=float("nan")), "voltage_v", "from 50"),
        (site(voltage_v=400.0), "voltage_v", "from phase to neutral"),
        (site(slot_s=float("inf")), "slot_s", "at least 1"),
        (site(schedule=(changed(NIGHT, node="x"),)), "schedule[0].node", "no node"),
        (site(schedule=(changed(NIGHT, limit_w=None),)), "schedule[0]", "limit_a or limit_kw"),
        (site(schedule=(changed(NIGHT, weekdays=frozenset({7})),)), "schedule[0].weekdays", "days"),
        (site(schedule=(changed(NIGHT, limit_w=-1),)), "schedule[0].limit_kw", "from 0"),
        (site(token_groups=(changed(STAFF, weight=0),)), "token_group[0].weight", "from 1"),
        (site(token_groups=(changed(STAFF, priority=-1),)), "token_group[0].priority", "from 0"),
        (site(token_groups=(STAFF, changed(STAFF, name="x"))), "token_group[1].tokens", "in the group 'staff' too"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(description: SiteDescription, path: str, words: str) -> None:
    faults = {fault.path: fault.reason for fault in faults_of(description)}
    assert path in faults, faults
    assert words in faults[path]
    with pytest.raises(ValueError, match=r"\w"):
        Network(description)


def test_an_all_dark_site_that_does_not_fit_names_node_phase_and_by_how_much() -> None:
    evses = [changed(EVSE, evse=number, fallback_ma=8_000, phases=(1,)) for number in range(1, 11)]
    (fault,) = dark_faults(Network(site(*evses, nodes=(GRID, changed(PANEL, base_load_ma=(3_000, 0, 0))))))
    assert fault.path == "node[1]"
    assert "'panel' on phase 1" in fault.reason
    assert "20 A too much" in fault.reason


def test_all_phases_together_may_not_fit_though_each_does() -> None:
    evses = [changed(EVSE, evse=number, node="grid", fallback_ma=16_000) for number in range(1, 6)]
    (fault,) = dark_faults(Network(site(*evses)))
    assert "all phases together" in fault.reason
    assert "5.2 kW too much" in fault.reason


def test_a_current_loads_its_phases_and_their_sum_up_to_the_root() -> None:
    network = Network(site(changed(EVSE, phases=(3, 1))))
    loads = {network.links[link]: factor for link, factor in network.loads(("A", 1), (3, 1))}
    assert loads == {
        ("panel", 0): 460_000_000,
        ("panel", 1): 1_000_000,
        ("panel", 3): 1_000_000,
        ("grid", 0): 460_000_000,
        ("grid", 1): 1_000_000,
        ("grid", 3): 1_000_000,
    }


def test_the_allocator_takes_the_factors_of_a_network() -> None:
    network = Network(site())
    allocator = network.allocator()
    allocator.set_capacity("grid", 0, 9_200_000)
    allocator.add(
        EVSE.key, "panel", (1, 2, 3), minimum_ma=6000, maximum_ma=32_000, factors=network.factors(EVSE.key, (1, 2, 3))
    )
    assert allocator.solve() == {EVSE.key: 13_300}


def test_the_deepest_tree_that_has_no_fault_is_one_that_the_allocator_takes() -> None:
    def chain(depth: int) -> SiteDescription:
        nodes = [NodeDescription(name=str(n), parent=None if n == 0 else str(n - 1)) for n in range(depth)]
        return site(changed(EVSE, node=str(depth - 1)), nodes=tuple(nodes))

    Network(chain(DEPTH_MAX)).allocator()
    (fault,) = faults_of(chain(DEPTH_MAX + 1))
    assert (fault.path, "deeper" in fault.reason) == (f"node[{DEPTH_MAX}]", True)


def test_the_allocator_takes_the_highest_voltage_and_the_largest_limits() -> None:
    base, limit = (-NODE_MAX,) * 3, (NODE_MAX,) * 3
    grid = changed(GRID, limit_ma=limit, limit_w=NODE_MAX, base_load_ma=base)
    network = Network(site(nodes=(grid, PANEL), voltage_v=float(VOLTAGE_MAX_V)))
    allocator = network.allocator()
    for (node, phase), capacity in zip(network.links, Capacities(network).lowest_ever(), strict=True):
        allocator.set_capacity(node, phase, capacity)
    factors = network.factors(EVSE.key, (1, 2, 3))
    allocator.add(EVSE.key, "panel", (1, 2, 3), minimum_ma=6000, maximum_ma=32_000, factors=factors)
    assert allocator.solve() == {EVSE.key: 32_000}


def test_a_schedule_counts_in_the_dark_and_what_feeds_in_for_certain() -> None:
    evse = changed(EVSE, fallback_ma=32_000)
    (fault,) = dark_faults(Network(site(evse, schedule=(NIGHT,))))
    assert "fallbacks of 22.08 kW and a base load of 0 kW, of 20 kW that it carries: 2.08 kW too much" in fault.reason
    solar = changed(GRID, base_load_ma=(-10_000, 0, 0))
    assert dark_faults(Network(site(evse, nodes=(solar, PANEL), schedule=(NIGHT,)))) == []
