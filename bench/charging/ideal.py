"""What every vehicle would get if all were known and done at once: how far from it a policy is."""

from collections.abc import Iterable, Sequence
from typing import Final

from bench.charging.links import Links
from bench.charging.stations import Outlet
from gateway.core.charging.description import EvseKey

STEP_MA: Final = 100


class Ideal:
    """Compares currents with the weighted max-min over the vehicles that want any, by what they want right now.

    `missing_ma` is what vehicles get less than they would then, summed over looks, `ideal_ma` what they would get.
    """

    def __init__(self, links: Links) -> None:
        self.missing_ma = 0
        self.ideal_ma = 0
        self._links = links
        self._site = links.allocator()
        self._known: dict[EvseKey, tuple[object, ...]] = {}
        self._turn = 0

    @property
    def distance(self) -> float:
        """The share of the best currents that is missing."""
        return self.missing_ma / self.ideal_ma if self.ideal_ma else 0.0

    def look(self, outlets: Iterable[Outlet], capacities: Sequence[int | None]) -> None:
        """Compare what is drawn now."""
        site, known = self._site, self._known
        wants = {}
        for outlet in outlets:
            evse = outlet.description
            want = min(outlet.wants_ma(), evse.maximum_ma) // STEP_MA * STEP_MA
            if outlet.visit is not None and want >= evse.minimum_ma:
                wants[evse.key] = (evse.phases[: outlet.visit.lines], want, outlet)
        for key in [key for key in known if key not in wants or known[key] != wants[key][:2]]:
            site.remove(key)
            del known[key]
        for key, (phases, want, outlet) in wants.items():
            if key in known:
                continue
            known[key] = (phases, want)
            self._turn += 1
            site.add(
                key,
                outlet.description.node,
                phases,
                minimum_ma=outlet.description.minimum_ma,
                maximum_ma=want,
                step_ma=STEP_MA,
                weight=outlet.description.weight,
                pinned=False,
                priority=0,
                stride_pass=0,
                turn=self._turn,
                factors=self._links.factors(key, phases),
            )
        for (node, phase), capacity in zip(self._links.names, capacities, strict=True):
            site.set_capacity(node, phase, capacity)
        site.solve()
        for key, (phases, _, outlet) in wants.items():
            best = site.share(key).current_ma * len(phases)
            self.ideal_ma += best
            self.missing_ma += max(0, best - outlet.current_ma * len(outlet.lines))
