"""One end-to-end run: every server in turn, over and over, so that a noisy moment does not fall upon one alone."""

import contextlib
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from msgspec import Struct

from bench import machine, measures, rivals, servers
from bench.load import Report
from bench.measures import Closed, Idle, Step
from bench.servers import Server, Start

FLOOR: Final = "floor"
GATEWAY: Final = "gateway"

FILES_SPARE = 200
"""Files that a process needs beside its connections."""


class Plan(Struct, frozen=True):
    """How much is measured, and for how long."""

    rounds: int
    warmup_s: float
    duration_s: float
    idle_stations: tuple[int, ...]
    idle_settle_s: float
    open_rate_per_s: float
    open_duration_s: float
    first_rate_per_s: float
    steps: int
    step_duration_s: float


FULL = Plan(
    rounds=5,
    warmup_s=1.0,
    duration_s=3.0,
    idle_stations=(2000, 8000),
    idle_settle_s=3.0,
    open_rate_per_s=2000.0,
    open_duration_s=8.0,
    first_rate_per_s=8000.0,
    steps=8,
    step_duration_s=5.0,
)
"""About three minutes."""

QUICK = Plan(
    rounds=1,
    warmup_s=0.5,
    duration_s=1.0,
    idle_stations=(500,),
    idle_settle_s=0.5,
    open_rate_per_s=1000.0,
    open_duration_s=2.0,
    first_rate_per_s=8000.0,
    steps=3,
    step_duration_s=2.0,
)
"""Under 40 seconds: shows that everything works, and the magnitude."""


class Results(Struct, frozen=True):
    """All that was measured. `closed` and `idle` are by server, `closed` in rounds."""

    machine: str
    plan: Plan
    closed: dict[str, list[Closed]]
    idle: dict[str, list[Idle]]
    steps: list[Step]
    answer_times: Report
    left_out: list[str]


def run(plan: Plan, folder: Path) -> Results:
    """Measure everything, with the gateway's data in new directories in `folder`. Raises ServerError or LoadError."""
    starts: dict[str, Start] = {FLOOR: servers.floor, GATEWAY: partial(_fresh_gateway, folder)}
    starts |= {name: partial(servers.rival, name) for name in rivals.installed()}
    left_out = [f"{name}: not installed" for name in rivals.SERVERS if name not in starts]
    described = machine.description(folder)

    closed: dict[str, list[Closed]] = {name: [] for name in starts}
    for number in range(plan.rounds):
        _say(f"closed loop, round {number + 1} of {plan.rounds}")
        for name, start in starts.items():
            with start() as server:
                closed[name].append(measures.closed(server, warmup_s=plan.warmup_s, duration_s=plan.duration_s))

    idle: dict[str, list[Idle]] = {name: [] for name in starts}
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for stations in plan.idle_stations:
        if stations + FILES_SPARE > files:
            left_out.append(f"{stations} idle stations: a process may open {files} files")
            continue
        _say(f"{stations} idle stations")
        for name, start in starts.items():
            with start() as server:
                idle[name].append(measures.idle(server, stations=stations, settle_s=plan.idle_settle_s))

    _say("answer times in an open loop")
    with starts[GATEWAY]() as server:
        times = measures.answer_times(server, rate_per_s=plan.open_rate_per_s, duration_s=plan.open_duration_s)

    _say("the highest rate that the store holds")
    steps = measures.search_flat_rate(
        starts[GATEWAY],
        first_per_s=plan.first_rate_per_s,
        steps=plan.steps,
        duration_s=plan.step_duration_s,
    )
    return Results(described, plan, closed, idle, steps, times, left_out)


@contextlib.contextmanager
def _fresh_gateway(folder: Path) -> Iterator[Server]:
    """A gateway in a new directory, which is removed with all that it kept."""
    own = Path(tempfile.mkdtemp(prefix="ocpp-gateway-bench-", dir=folder))
    try:
        with servers.gateway(own) as server:
            yield server
    finally:
        shutil.rmtree(own)


def _say(what: str) -> None:
    print(f"... {what}", file=sys.stderr, flush=True)
