"""The plans that are run: a site, a day of drivers, and limits that fall without warning while it is busy."""

from typing import Final

from bench.charging import acn
from bench.charging.plan import Plan, SuddenLimit
from bench.charging.sites import european
from bench.charging.visits import made_visits

SITES: Final = ("european", "caltech", "jpl")

US_WATTS: Final = (120.0, 208.0, 208.0)
"""By lines: two lines of 120/208 V are 120 degrees apart."""

EVSES: Final = 60
UNTRUSTED: Final = 0.05


def plan_of(site: str, *, seed: int, span_s: float) -> Plan:
    """Return the plan of a site. Raises NoSessionsError where real sessions are not installed."""
    if site == "european":
        return european_plan(EVSES, seed=seed, span_s=span_s, untrusted=UNTRUSTED)
    description = acn.caltech() if site == "caltech" else acn.jpl()
    root = description.nodes[0].name
    sudden = [SuddenLimit(root, limit_ma, 3600.0 * hour, 3600.0) for hour, limit_ma in ((9, 200_000), (13, 150_000))]
    return Plan(
        description=description,
        visits=acn.visits_of(description, day=seed - 1),
        span_s=span_s,
        watts_per_ampere=US_WATTS,
        sudden=sudden,
    )


def european_plan(evses: int, *, seed: int, span_s: float, untrusted: float = 0.0) -> Plan:
    """Return the plan of a generated site: every two hours, 60 % of what it has is left for twenty minutes."""
    description = european(evses, seed=seed)
    rating_ma = description.nodes[0].limit_ma
    assert rating_ma is not None
    dropped_ma = rating_ma[0] * 6 // 10
    return Plan(
        description=description,
        visits=made_visits(description, seed=seed, span_s=span_s),
        span_s=span_s,
        sudden=[SuddenLimit("grid", dropped_ma, float(at), 1200.0) for at in range(6000, int(span_s), 7200)],
        untrusted=untrusted,
    )
