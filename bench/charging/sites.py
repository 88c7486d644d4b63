"""A European site with mixed phases, as large as one likes, from a seed."""

import random
from datetime import time

from gateway.core.charging.description import (
    EvseDescription,
    NodeDescription,
    Phases,
    ScheduledLimit,
    SiteDescription,
)

ROTATIONS: tuple[Phases, ...] = ((1, 2, 3), (2, 3, 1), (3, 1, 2))
"""How electricians spread L1 of three-phase EVSEs, since most vehicles with one phase use that."""

PANEL_EVSES = 10
FEEDER_PANELS = 3


def european(evses: int, *, seed: int = 1, scarcity_ma: int = 7000, scheduled: bool = True) -> SiteDescription:
    """Return a site: grid, feeders, panels with about ten EVSEs each, in stations of one or two EVSEs.

    The grid carries `scarcity_ma` on a phase for each EVSE. 70 % of them have three phases, 15 % one, 15 % two; one in
    six falls back to 6 A, the others to 0. A building is behind the same grid connection, and if `scheduled`, less is
    allowed from half past two to half past three every day.
    """
    dice = random.Random(f"european {seed} {evses}")
    building_ma = (20_000, 26_000, 15_000)
    grid_ma = evses * scarcity_ma
    nodes = [
        NodeDescription(
            name="grid",
            limit_ma=(grid_ma + 20_000,) * 3,
            limit_w=int(3 * 230 * (grid_ma + 15_000) / 1000),
            base_load_ma=building_ma,
        )
    ]
    places: list[EvseDescription] = []
    station = 0
    while len(places) < evses:
        panel = len(places) // PANEL_EVSES
        feeder = f"feeder-{panel // FEEDER_PANELS + 1}"
        name = f"panel-{panel + 1}"
        if all(node.name != feeder for node in nodes):
            carries = round(FEEDER_PANELS * PANEL_EVSES * scarcity_ma * dice.uniform(1.0, 1.3) / 1000) * 1000
            nodes.append(NodeDescription(name=feeder, parent="grid", limit_ma=(carries,) * 3))
        if all(node.name != name for node in nodes):
            carries = round(PANEL_EVSES * scarcity_ma * dice.uniform(1.0, 1.5) / 1000) * 1000
            nodes.append(NodeDescription(name=name, parent=feeder, limit_ma=(carries,) * 3))
        station += 1
        for number in range(1, dice.choice([1, 1, 2]) + 1):
            rotation = ROTATIONS[len(places) % 3]
            places.append(
                EvseDescription(
                    station=f"EU-{station:04}",
                    evse=number,
                    node=name,
                    phases=rotation[: dice.choices([3, 1, 2], [70, 15, 15])[0]],
                    maximum_ma=dice.choice([16_000, 32_000, 32_000]),
                    fallback_ma=dice.choice([0, 0, 0, 0, 0, 6000]),
                    weight=dice.choice([10, 10, 10, 20]),
                )
            )
    schedule: tuple[ScheduledLimit, ...] = ()
    if scheduled:
        evening_ma = round(0.7 * grid_ma) + 20_000
        schedule = (ScheduledLimit(node="grid", begins=time(2, 30), ends=time(3, 30), limit_ma=(evening_ma,) * 3),)
    return SiteDescription(
        name="european", nodes=tuple(nodes), evses=tuple(places[:evses]), schedule=schedule, slot_s=900.0
    )
