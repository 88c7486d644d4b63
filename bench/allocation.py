"""`python -m bench.allocation`: how long the allocator takes beside its rivals; `--instances`: whether it is right."""

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench import machine
from bench.allocation_equality import check
from bench.allocation_rivals import Filling, problem_of, shares_by_linear_programs
from bench.allocation_sites import Instance, build, caltech_instance, grown_instance
from gateway.hot import Site

SIZES = (54, 1_000, 10_000, 50_000)

EVENT_EVSES = 60
EVENTS = 5_000

HIGHS_EVSES_MAX = 1_000
"""Above this only `--highs-large` runs the linear programs: they take half a minute at 10,000, and one run is all."""

HIGHS_LARGE_EVSES = 10_000
NUMPY_EVSES_MAX = 10_000

SECONDS_LEAST = 0.5
"""A question is answered again until so much time is over, so that medians do not hang on one interrupt."""

CALTECH_INSTANCES = 5


def main() -> int:
    """Run what the command line asks for and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.allocation", description=__doc__)
    parser.add_argument("--instances", type=int, help="check so many random sites against HiGHS, and time nothing")
    parser.add_argument("--seed", type=int, default=0, help="of the first of them (%(default)s)")
    parser.add_argument("--highs-large", action="store_true", help="linear programs for 10,000 EVSEs, too: minutes")
    parser.add_argument("--acnportal-python", type=Path, help="a Python that has acnportal 0.3.3; default: without it")
    options = parser.parse_args()
    if options.instances is not None:
        return _equality(options.instances, options.seed)
    print(machine.description(Path.cwd()), end="\n\n")
    print("| full solve, median | allocator | numpy | HiGHS | HiGHS / allocator |\n| --- | --: | --: | --: | --: |")
    for evses in SIZES:
        for mixed in (False, True):
            print(_row(evses, mixed, highs_large=options.highs_large), flush=True)
    print(f"\nOne event in a site of {EVENT_EVSES}, mixed:\n")
    print("| event | p50 | p99 |\n| --- | --: | --: |")
    for name, times in _events():
        times.sort()
        print(f"| {name} | {_time(statistics.median(times))} | {_time(times[len(times) * 99 // 100])} |")
    print(f"\n54 EVSEs of Caltech, median of {CALTECH_INSTANCES} instances:\n")
    print("| way | time | multiple |\n| --- | --: | --: |")
    for row in _caltech(options.acnportal_python):
        print(row, flush=True)
    return 0


def _equality(instances: int, seed: int) -> int:
    started = time.perf_counter()
    checked = check(instances, seed)
    print(
        f"{checked.instances:,} sites with {checked.sessions:,} sessions and {checked.events:,} updates in "
        f"{time.perf_counter() - started:.0f} s: largest distance from HiGHS {checked.worst_a:.1e} A, "
        f"{len(checked.faults)} faults"
    )
    for fault in checked.faults:
        print(fault)
    return 1 if checked.faults else 0


def _row(evses: int, mixed: bool, *, highs_large: bool) -> str:
    instance = grown_instance(evses, mixed=mixed)
    ours_s = _solve_s(instance)
    problem = problem_of(instance)
    numpy_s = _median_s(Filling(problem).shares, tries_least=1) if evses <= NUMPY_EVSES_MAX else None
    highs_s = None
    if evses <= HIGHS_EVSES_MAX or (highs_large and mixed and evses == HIGHS_LARGE_EVSES):
        highs_s = _median_s(partial(shares_by_linear_programs, problem), tries_least=1)
    multiple = "-" if highs_s is None else f"{highs_s / ours_s:,.0f}"
    kind = "mixed" if mixed else "one phase"
    return f"| {evses:,} EVSE, {kind} | {_time(ours_s)} | {_time(numpy_s)} | {_time(highs_s)} | {multiple} |"


def _solve_s(instance: Instance) -> float:
    """Return how long a full solve takes when the capacities of the root are not what they were, so currents change."""
    site = build(Site, instance)
    links = [(node, phase, capacity) for node, phase, capacity in instance["links"] if node == "grid"]
    turns = 0

    def change() -> None:
        nonlocal turns
        turns += 1
        for node, phase, capacity in links:
            site.set_capacity(node, phase, capacity if turns % 2 else round(capacity * 0.8))

    return _median_s(site.solve, change)


def _median_s(answer: Callable[[], object], change: Callable[[], None] | None = None, tries_least: int = 5) -> float:
    times: list[float] = []
    while len(times) < tries_least or sum(times) < SECONDS_LEAST:
        if change is not None:
            change()
        started = time.perf_counter()
        answer()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _events() -> Iterator[tuple[str, list[float]]]:
    """Yield kinds of events, and how long each took with the update that follows it."""
    instance = grown_instance(EVENT_EVSES, mixed=True)
    site = build(Site, instance)
    site.solve()
    random_ = random.Random(1)

    def timed(event: Callable[[], object]) -> float:
        started = time.perf_counter()
        event()
        site.update()
        return time.perf_counter() - started

    limits, leaves, comes, capacities = [], [], [], []
    for _ in range(EVENTS):
        evse = random_.randrange(EVENT_EVSES)
        maximum_ma = random_.choice([8000, 16000, 32000])
        limits.append(timed(lambda evse=evse, maximum_ma=maximum_ma: site.set_limits(evse, 6000, maximum_ma)))
        leaves.append(timed(lambda evse=evse: site.remove(evse)))
        comes.append(timed(lambda evse=evse: site.add(evse, **instance["sessions"][evse])))
        node, phase, capacity = random_.choice(instance["links"])
        changed = round(capacity * random_.uniform(0.7, 1.0))
        capacities.append(timed(lambda link=(node, phase, changed): site.set_capacity(*link)))
    yield "another maximum", limits
    yield "a car leaves", leaves
    yield "a car comes", comes
    yield "another capacity of a link", capacities


def _caltech(acnportal_python: Path | None) -> Iterator[str]:
    instances = [caltech_instance(seed) for seed in range(CALTECH_INSTANCES)]
    ours_s = statistics.median(_solve_s(instance) for instance in instances)
    problems = [problem_of(instance) for instance in instances]
    ways = {
        "allocator": ours_s,
        "numpy": statistics.median(_median_s(Filling(problem).shares) for problem in problems),
        "HiGHS": statistics.median(_median_s(partial(shares_by_linear_programs, problem)) for problem in problems),
    }
    if acnportal_python is not None:
        ways |= {f"acnportal, {name}": seconds for name, seconds in _acnportal_s(acnportal_python, instances).items()}
    for name, seconds in ways.items():
        yield f"| {name} | {_time(seconds)} | {seconds / ours_s:,.0f} |"


def _acnportal_s(python: Path, instances: list[Instance]) -> dict[str, float]:
    question = [
        [(evse, asked["minimum_ma"] / 1000, asked["maximum_ma"] / 1000) for evse, asked in instance["sessions"].items()]
        for instance in instances
    ]
    script = Path(__file__).with_name("allocation_acnportal.py")
    run = subprocess.run([python, script], input=json.dumps(question), stdout=subprocess.PIPE, text=True, check=True)
    return {name: statistics.median(times) for name, times in json.loads(run.stdout).items()}


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    unit, scale = ("s", 1.0) if seconds >= 1 else ("ms", 1e3) if seconds >= 1e-3 else ("us", 1e6)
    return f"{seconds * scale:.3g} {unit}"


if __name__ == "__main__":
    sys.exit(main())
