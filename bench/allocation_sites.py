"""Sites for the allocator: small ones with all that can go wrong, and large ones as they are built."""

import random
from collections.abc import Callable
from typing import Any

from gateway.hot import ALL_PHASES

Instance = dict[str, Any]
"""`nodes` and `links` as `Site` takes them, and `sessions`: the arguments of `Site.add` by session."""

MakeSite = Callable[..., Any]

MIX = (((1, 2, 3), 40), ((1,), 15), ((2,), 15), ((3,), 15), ((1, 2), 5), ((2, 3), 5), ((1, 3), 5))
"""Phases by percentage: 40 three-phase, 45 one-phase, 15 two-phase (US line to line)."""


def build(make_site: MakeSite, instance: Instance) -> Any:
    """Return the site of an instance."""
    site = make_site(instance["nodes"], instance["links"])
    for session, arguments in instance["sessions"].items():
        site.add(session, **arguments)
    return site


def random_instance(random_: random.Random, sessions_max: int = 40) -> Instance:
    """Return a small site with mixed phases, links in kW and behind a transformer, and capacities of any sign."""
    nodes: list[tuple[str, str | None]] = [("n0", None)]
    nodes += [(f"n{number}", f"n{random_.randrange(number)}") for number in range(1, random_.randint(1, 9))]
    sessions_count = random_.randint(1, random_.choice([3, 10, sessions_max]))
    scarcity = random_.uniform(4, 30)
    odd_capacities = random_.choice([[], [], [None], [0, -1, -5000, None, 6000]])
    links: list[tuple[str, int, int | None]] = []
    for name, parent in nodes:
        scale = sessions_count if parent is None else random_.uniform(0.5, max(1, sessions_count))
        capacity = round(scale * scarcity * random_.choice([1000, 1000, 977])) + random_.choice([0, 0, 1])
        for phase in (1, 2, 3):
            if random_.random() < 0.8:
                odd = random_.choice([capacity] * 12 + odd_capacities)
                links.append((name, phase, round(odd * random_.choice([1, 1, 0.8])) if odd is not None else None))
        if random_.random() < 0.25:
            links.append((name, ALL_PHASES, round(capacity * random_.choice([230, 690, 400]))))
    wye = random_.random() < 0.2
    paths = dict(nodes)
    sessions = {}
    for number in range(sessions_count):
        node = random_.choice(nodes)[0]
        phases = random_.choices([phases for phases, _ in MIX], [share for _, share in MIX])[0]
        step_ma = random_.choice([1, 100, 100, 1000])
        maximum_ma = random_.choice([6000, 10000, 13000, 16000, 16000, 20000, 32000, 32000, 63000])
        factors = {}
        above: str | None = node
        while above is not None:
            for name, phase, _ in links:
                if name == above and phase == ALL_PHASES:
                    factors[name, phase] = 230.0 * len(phases)
                elif name == above == "n0" and wye:
                    factors[name, phase] = round(0.57735 * len(phases) * random_.choice([0, 1, 1]), 6)
            above = paths[above]
        sessions[f"s{number}"] = {
            "node": node,
            "phases": phases,
            "minimum_ma": random_.choice([0, 6000, 6000, 6000, maximum_ma]),
            "maximum_ma": maximum_ma,
            "step_ma": step_ma,
            "weight": random_.choice([1, 1, 1, 2, 3, 10]),
            "pinned": random_.random() < 0.1,
            "priority": random_.randint(0, 2),
            "stride_pass": random_.randint(0, 5),
            "turn": number,
            "factors": factors,
        }
    return {"nodes": nodes, "links": links, "sessions": sessions}


def grown_instance(evses: int, *, mixed: bool, seed: int = 1) -> Instance:
    """Return a site as they are built: EVSEs of 32 A on panels of about ten, on feeders of about ten panels.

    Every level carries less than what is below may draw, unevenly, so links bind on each of them.
    """
    random_ = random.Random(seed)
    nodes: list[tuple[str, str | None]] = [("grid", None)]
    links: list[tuple[str, int, int | None]] = []
    sessions = {}
    panels = max(1, evses // 10)
    below = dict.fromkeys(["grid"], evses)
    for feeder in range(max(1, panels // 10)):
        nodes.append((f"feeder{feeder}", "grid"))
    for panel in range(panels):
        nodes.append((f"panel{panel}", f"feeder{panel % max(1, panels // 10)}"))
    for evse in range(evses):
        panel_name = f"panel{evse % panels}"
        nodes.append((f"evse{evse}", panel_name))
        feeder_name = f"feeder{evse % panels % max(1, panels // 10)}"
        for name in (panel_name, feeder_name):
            below[name] = below.get(name, 0) + 1
        phases = random_.choices([phases for phases, _ in MIX], [share for _, share in MIX])[0] if mixed else (1,)
        sessions[evse] = {
            "node": f"evse{evse}",
            "phases": phases,
            "minimum_ma": 6000,
            "maximum_ma": random_.choice([16000, 32000, 32000]),
            "step_ma": 100,
            "weight": random_.choice([1, 1, 1, 2]),
            "turn": evse,
        }
    used = 0.65 if mixed else 1.0
    for name, count in below.items():
        low, high = (9, 12) if name == "grid" else (9, 16) if name.startswith("feeder") else (9, 22)
        links.extend((name, phase, round(count * used * random_.uniform(low, high) * 1000)) for phase in (1, 2, 3))
    links.extend((f"evse{evse}", phase, 32000) for evse in range(evses) for phase in (1, 2, 3))
    return {"nodes": nodes, "links": links, "sessions": sessions}
