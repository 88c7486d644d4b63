"""A site of which nothing is heard: every EVSE at its fallback beside all base loads, on the lowest that nodes carry.

That it fits is what every other promise rests on: limits that are not refreshed end there.
"""

from collections.abc import Iterator

from msgspec import Struct

from gateway.core.charging.capacities import Capacities
from gateway.core.charging.network import Network
from gateway.core.charging.site_faults import SiteFault
from gateway.hot import ALL_PHASES, Link
from gateway.hot.allocate import MILLION


class DarkLink(Struct, frozen=True):
    """A link with a limit, in mA or mW. `carried` is the lowest ever: rating, schedule, limit while unheard."""

    link: Link
    fallbacks: int
    base: int
    carried: int

    @property
    def over(self) -> int:
        """By how much it is overloaded; negative: what is left."""
        return self.fallbacks + self.base - self.carried

    def __str__(self) -> str:
        """Return what is needed there, for a person."""
        node, phase = self.link
        where = "all phases together" if phase == ALL_PHASES else f"phase {phase}"
        fallbacks, base, carried = (self.shown(amount) for amount in (self.fallbacks, self.base, self.carried))
        return f"{node!r} on {where}: fallbacks of {fallbacks} and a base load of {base}, of {carried} that it carries"

    def shown(self, amount: int) -> str:
        """Return an amount with its unit."""
        return f"{amount / 10**6:.10g} kW" if self.link[1] == ALL_PHASES else f"{amount / 1000:.10g} A"


def dark_links(network: Network) -> Iterator[DarkLink]:
    """Yield each link that has a limit."""
    loads = [0] * len(network.links)
    for key, evse in network.evses.items():
        for link, factor in network.loads(key, evse.phases):
            loads[link] += evse.fallback_ma * factor
    capacities = Capacities(network)
    for link, capacity in enumerate(capacities.lowest_ever()):
        if capacity is not None:
            base = capacities.base(link, now=0.0)  # the configured one: nobody said another
            yield DarkLink(network.links[link], -(-loads[link] // MILLION), base, capacity + base)


def dark_faults(network: Network) -> list[SiteFault]:
    """Return the links that are overloaded when nothing is heard: node, phase, by how much, and what helps."""
    return [
        SiteFault(
            f"node[{network.node_index(dark.link[0])}]",
            f"{dark}: {dark.shown(dark.over)} too much when nothing is heard of any station; lower fallbacks or the "
            "base load, or raise the limit",
        )
        for dark in dark_links(network)
        if dark.over > 0
    ]
