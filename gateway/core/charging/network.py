"""A site's tree as numbers: its links, and what a current at an EVSE loads.

Every node has four links, numbered `4 * node + phase`: its phases 1 to 3 in mA, and at 0 all phases together in mW.
"""

import math
from collections.abc import Mapping
from typing import Final

from gateway.core.charging.description import EvseDescription, EvseKey, Phases, SiteDescription
from gateway.core.charging.site_faults import ancestors, faults_of
from gateway.hot import ALL_PHASES, Site
from gateway.hot.allocate import MILLION, PHASES, Link

LINKS_PER_NODE: Final = 4


class Network:
    """The tree of a description that has no faults. ValueError for one that has."""

    def __init__(self, description: SiteDescription) -> None:
        faults = faults_of(description)
        if faults:
            raise ValueError(f"{faults[0].path}: {faults[0].reason}")
        self.description: Final = description
        self.evses: Final[Mapping[EvseKey, EvseDescription]] = {evse.key: evse for evse in description.evses}
        self.links: Final[tuple[Link, ...]] = tuple(
            (node.name, phase) for node in description.nodes for phase in (ALL_PHASES, *PHASES)
        )
        self._numbers = {node.name: number for number, node in enumerate(description.nodes)}
        parents = {node.name: node.parent for node in description.nodes}
        self._paths = {
            name: (number, *(self._numbers[above] for above in ancestors(parents, name)))
            for name, number in self._numbers.items()
        }
        self._loads: dict[tuple[EvseKey, Phases], tuple[tuple[int, int], ...]] = {}
        self._watts_factor = math.ceil(round(description.voltage_v * MILLION, 3))

    def node_index(self, name: str) -> int:
        """Return the number of a node, or raise KeyError."""
        return self._numbers[name]

    def loads(self, key: EvseKey, phases: Phases) -> tuple[tuple[int, int], ...]:
        """Return the links that a current on `phases` of the site loads, with factors in millionths, up to the root.

        The loads of single phases add up to those of several.
        """
        loads = self._loads.get((key, phases))
        if loads is None:
            found: list[tuple[int, int]] = []
            for node in self._paths[self.evses[key].node]:
                first = LINKS_PER_NODE * node
                found.append((first + ALL_PHASES, self._watts_factor * len(phases)))
                found.extend((first + phase, MILLION) for phase in phases)
            loads = self._loads[key, phases] = tuple(found)
        return loads

    def factors(self, key: EvseKey, phases: Phases) -> dict[Link, float]:
        """Return the factors that `gateway.hot.Site.add` needs: those of the links of all phases together."""
        return {
            self.links[link]: factor / MILLION
            for link, factor in self.loads(key, phases)
            if link % LINKS_PER_NODE == ALL_PHASES
        }

    def watts_per_ampere(self, key: EvseKey, phases: Phases) -> float:
        """Return the power on the AC side of one ampere on each of `phases`."""
        return self.description.voltage_v * len(phases)

    def allocator(self) -> Site:
        """Return an allocator for the site, with no limits yet and no sessions."""
        nodes = [(node.name, node.parent) for node in self.description.nodes]
        return Site(nodes, [(node, phase, None) for node, phase in self.links])
