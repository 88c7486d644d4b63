"""Drivers: when they come and go, what they need, and what their vehicles do with a limit."""

import random
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from gateway.core.charging.description import EvseKey, SiteDescription

DAY_S: Final = 86_400.0

LINES: Final = ((3, 45), (1, 40), (2, 15))
"""Lines that vehicles use, by percentage: those of cars sold in Europe, about."""

CURRENTS_MA: Final = {1: (16_000, 32_000, 32_000), 2: (16_000,), 3: (16_000, 16_000, 32_000)}
"""What on-board chargers take, by lines: 3.7, 7.4, 11 and 22 kW."""

GAP_S: Final = (60.0, 1800.0)
"""How long a place is free between two vehicles."""


class Visit(Struct, frozen=True, kw_only=True):
    """One vehicle at one EVSE. Times are seconds from the begin of a run.

    It uses the first `lines` of the EVSE's lines, each with `maximum_ma` at most. In `pauses` (begin and end, from its
    arrival) it draws nothing although it may.
    """

    key: EvseKey
    arrives_at: float
    leaves_at: float
    energy_wh: float
    lines: int
    maximum_ma: int
    pauses: tuple[tuple[float, float], ...] = ()


def made_visits(description: SiteDescription, *, seed: int, span_s: float, busy: float = 0.85) -> list[Visit]:
    """Return visits to a site: at every EVSE one after the other, `busy` of the time, with mixed vehicles."""
    visits = []
    for evse in description.evses:
        dice = random.Random(f"{seed} {evse.key}")
        at = dice.uniform(120.0, 3600.0)
        while at < span_s:
            stay_s = min(dice.lognormvariate(9.0, 0.6), 6 * 3600.0)
            lines = min(dice.choices([lines for lines, _ in LINES], [share for _, share in LINES])[0], len(evse.phases))
            maximum_ma = min(dice.choice(CURRENTS_MA[lines]), evse.maximum_ma)
            watts = lines * maximum_ma / 1000 * description.voltage_v
            pauses = []
            if dice.random() < 0.25:
                begin = dice.uniform(0.1, 0.7) * stay_s
                pauses.append((begin, begin + dice.uniform(120.0, 1500.0)))
            visits.append(
                Visit(
                    key=evse.key,
                    arrives_at=at,
                    leaves_at=at + stay_s,
                    energy_wh=watts * stay_s / 3600 * dice.uniform(0.2, 1.2),
                    lines=lines,
                    maximum_ma=maximum_ma,
                    pauses=tuple(pauses),
                )
            )
            at += stay_s + dice.uniform(*GAP_S) + stay_s * (1 / busy - 1) * dice.random()
    return visits


def by_evse(visits: Iterable[Visit]) -> Mapping[EvseKey, list[Visit]]:
    """Return visits by EVSE in their order. One that begins before the former has ended is left out."""
    of: dict[EvseKey, list[Visit]] = {}
    for visit in sorted(visits, key=lambda visit: visit.arrives_at):
        former = of.setdefault(visit.key, [])
        if not former or visit.arrives_at > former[-1].leaves_at + GAP_S[0]:
            former.append(visit)
    return of
