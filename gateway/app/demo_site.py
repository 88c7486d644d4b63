"""The site of the demo: its file, made to fit the simulated stations, and a grid operator who caps it now and then."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Final

from gateway.app.site_api import SiteApi
from gateway.core.charging.description import EvseKey
from gateway.core.charging.views import SiteView
from gateway.fleet.station import SimulatedStation
from gateway.io.http_sites import NodeLimitRequest

SITE: Final = "demo"
ROOT: Final = "grid"

RATED_SHARE: Final = 0.4
"""What the grid connection carries, of all that the EVSEs could draw at once: at busy times it binds."""

CAPPED_SHARE: Final = 0.3
"""What is left of that while the grid operator caps it."""

RATED_MIN_A: Final = 40

OPEN_S: Final = 900.0
CAPPED_S: Final = 600.0
"""For how long the site has all of its connection, and then only a part, in simulated seconds."""

EFFICIENCY: Final = 0.9
"""Of a DC station: what comes out of the current on its AC side."""


def rated_a(stations: Sequence[SimulatedStation]) -> int:
    """Return what the grid connection of the demo carries per phase."""
    return max(RATED_MIN_A, round(sum(row[2] for row in _evses(stations)) * RATED_SHARE))


def site_file(stations: Sequence[SimulatedStation]) -> str:
    """Return the site's file: every EVSE hangs on the grid connection, and falls back to nothing."""
    lines = [f'name = "{SITE}"', "", "[[node]]", f'name = "{ROOT}"', f"limit_a = {rated_a(stations)}"]
    for (identity, evse), phases, maximum_a, current in _evses(stations):
        lines += ["", "[[evse]]", f'station = "{identity}"', f"evse = {evse}", f'node = "{ROOT}"']
        lines += [f"phases = {list(phases)}", f"maximum_a = {maximum_a}", f'current = "{current}"']
    return "\n".join(lines) + "\n"


def _evses(stations: Sequence[SimulatedStation]) -> Iterator[tuple[EvseKey, tuple[int, ...], float, str]]:
    """Yield key, phases, most amperes on the AC side and kind of each EVSE. Phases are rotated from one to the next."""
    rotation = 0
    for station in stations:
        for number, outlet in enumerate(station.outlets, start=1):
            evse = outlet.evse
            phases = ((1, 2, 3), (2, 3, 1), (3, 1, 2))[rotation % 3][: 3 if evse.dc else evse.phases]
            rotation += 1
            maximum_a = evse.power_max_w / EFFICIENCY / 690 if evse.dc else evse.current_max_a
            yield (station.identity, number), phases, round(maximum_a, 1), "DC" if evse.dc else "AC"


async def cap_now_and_then(sites: SiteApi, rated: int, sleep: Callable[[float], Awaitable[None]]) -> None:
    """Cap the site for a while, again and again; `sleep` takes simulated seconds. The cap ends by its validity."""
    while True:
        await sleep(OPEN_S)
        await sites.set_limit(SITE, ROOT, NodeLimitRequest(limit_a=round(rated * CAPPED_SHARE, 1), valid_s=CAPPED_S))
        await sleep(CAPPED_S)


def site_figures(view: SiteView) -> list[str]:
    """Return what there is to say of the site, in a few words each."""
    phases = [link for link in view.links if link.node == ROOT and link.phase]
    capacity = min(link.capacity for link in phases if link.capacity is not None)
    reserved, measured = max(link.reserved for link in phases), max(link.measured for link in phases)
    waiting = sum(evse.state == "waiting" for evse in view.evses)
    return [
        f"site {capacity / 1000:.0f} A",
        f"reserved {reserved / 1000:.0f} A",
        f"measured {measured / 1000:.0f} A",
        f"waiting {waiting}",
    ]


def limits_in_words(view: SiteView) -> Mapping[EvseKey, str]:
    """Return what each EVSE that charges is allowed."""
    return {
        (evse.station, evse.evse): f"{evse.limit_ma / 1000:.1f} A"
        for evse in view.evses
        if evse.transaction is not None
    }
