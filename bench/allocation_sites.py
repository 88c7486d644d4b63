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


def happen(
    random_: random.Random,
    site: Any,
    links: list[tuple[str, int, int | None]],
    sessions: dict[Any, dict[str, Any]],
    away: dict[Any, dict[str, Any]],
) -> None:
    """Let one event happen to the site and to its description; who left is kept in `away` and may come back."""
    kind = random_.choice(["leave", "come", "limits", "limits", "capacity", "order"])
    if kind == "come" and away:
        session = random_.choice(list(away))
        sessions[session] = away.pop(session)
        site.add(session, **sessions[session])
    elif kind == "capacity" and links:
        index = random_.randrange(len(links))
        node, phase, capacity = links[index]
        changed = max(-5000, round((capacity or 0) * random_.uniform(0.4, 1.6)) + random_.randint(-5000, 5000))
        links[index] = (node, phase, changed)
        site.set_capacity(*links[index])
    elif sessions:
        session = random_.choice(list(sessions))
        arguments = sessions[session]
        if kind == "leave":
            site.remove(session)
            away[session] = sessions.pop(session)
        elif kind == "limits":
            minimum_ma = random_.choice([0, 6000, 8000])
            maximum_ma = random_.choice([8000, 16000, 32000])
            sessions[session] = {**arguments, "minimum_ma": minimum_ma, "maximum_ma": maximum_ma}
            site.set_limits(session, minimum_ma, maximum_ma)
        elif kind == "order":
            order = {
                "pinned": random_.random() < 0.2,
                "priority": random_.randint(0, 1),
                "stride_pass": random_.randint(0, 9),
            }
            sessions[session] = {**arguments, **order}
            site.set_order(session, **order)


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


CALTECH_PAIRS = (
    ((1, 2), "308 508 303 513 310 506 316 500 318 498 324 325 326 327 489 490 491 492 322 493 496 320 495 321 323 494"),
    ((2, 3), "304 512 305 511 313 503 311 505 317 499 148 149 212 213"),
    ((1, 3), "307 509 309 507 306 510 315 501 319 497 312 504 314 502"),
)
"""The phases between which the EVSEs of Caltech's garage are, by number: those of acnportal 0.3.3, `caltech_acn`."""

CALTECH_PODS = {"AV pod": range(10, 18), "CC pod": range(18, 26)}
"""EVSEs between phases 1 and 2 that share 80 A, by their place in the list."""

CALTECH_PRIMARY = {(1, 2): (0.25, 0.5, 0.25), (2, 3): (0.25, 0.25, 0.5), (1, 3): (0.5, 0.25, 0.25)}
"""What an ampere between two phases is on each phase of the primary side of the transformer, angles left aside."""

CALTECH_TRANSFORMER_W = 150_000


def caltech_instance(seed: int) -> Instance:
    """Return Caltech's garage of 54 EVSEs behind a transformer, all in use, with cars of 16 A and 32 A.

    The tree adds up amounts of currents, as acnportal does where asked for linear constraints; by default it adds up
    currents with their angles, which allows more on the lines of the transformer.
    """
    random_ = random.Random(seed)
    links: list[tuple[str, int, int | None]] = []
    for node, voltage in (("primary", 277), ("secondary", 120)):
        links.extend((node, phase, CALTECH_TRANSFORMER_W * 1000 // 3 // voltage) for phase in (1, 2, 3))
    links.extend((pod, 1, 80_000) for pod in CALTECH_PODS)
    sessions: dict[str, dict[str, Any]] = {}
    for phases, numbers in CALTECH_PAIRS:
        for place, number in enumerate(numbers.split()):
            pods = [pod for pod, places in CALTECH_PODS.items() if phases == (1, 2) and place in places]
            sessions[f"CA-{number}"] = {
                "node": pods[0] if pods else "secondary",
                "phases": phases,
                "minimum_ma": 6000,
                "maximum_ma": random_.choice([16000, 32000]),
                "step_ma": 100,
                "weight": 1,
                "turn": len(sessions),
                "factors": {("primary", phase): CALTECH_PRIMARY[phases][phase - 1] for phase in (1, 2, 3)},
            }
    nodes = [("primary", None), ("secondary", "primary"), *((pod, "secondary") for pod in CALTECH_PODS)]
    return {"nodes": nodes, "links": links, "sessions": sessions}
