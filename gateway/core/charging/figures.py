"""Sites in numbers, for metrics: brought up to date at the cost of what changed, as there may be 50,000 EVSEs."""

from collections.abc import Mapping
from typing import Final, get_args

from msgspec import Struct

from gateway.core.charging.description import EvseKey
from gateway.core.charging.evses import Evse
from gateway.core.charging.explaining import state_of
from gateway.core.charging.targets import Targets
from gateway.core.charging.views import EvseState

NEAR: Final = 0.95
"""Share of what a link carries from which on, reserved, it counts as near its limit."""

EVSE_STATES: Final[tuple[EvseState, ...]] = get_args(EvseState)


class SiteFigures(Struct, frozen=True, kw_only=True):
    """One site, or several together: EVSEs by what they do, and links with a limit by how full they are.

    `deficit_ma` is by how much more than it carries is reserved on the phase where that is most; 0 if it is on none.
    `oldest_lease_at` is when the oldest limit in force that ends by itself was sent, in seconds of the epoch;
    None: there is none, or it is from before a restart.
    """

    evses: Mapping[EvseState, int]
    links: int
    links_near: int
    links_over: int
    deficit_ma: int
    sites_with_fault: int
    oldest_lease_at: float | None


class StateCounts:
    """Counts EVSEs by their states. Whoever changes one adds it to `stale`."""

    def __init__(self, evses: Mapping[EvseKey, Evse], targets: Targets) -> None:
        self._evses = evses
        self._targets = targets
        self._states: dict[EvseKey, EvseState] = {}
        self._counts: dict[EvseState, int] = dict.fromkeys(EVSE_STATES, 0)
        self.stale: Final = set(evses)

    def count(self, now: float) -> Mapping[EvseState, int]:
        """Return how many EVSEs are in each state."""
        for key in self.stale:
            former = self._states.get(key)
            state = state_of(self._evses[key], self._targets, now)
            if state != former:
                self._states[key] = state
                self._counts[state] += 1
                if former is not None:
                    self._counts[former] -= 1
        self.stale.clear()
        return dict(self._counts)
