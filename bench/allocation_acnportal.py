"""acnportal's least-laxity-first and round-robin, timed: a script for a Python that has acnportal 0.3.3.

    python -m venv acn && acn/bin/pip install acnportal==0.3.3
    python -m bench.allocation --acnportal-python acn/bin/python

It reads [[EVSE, minimum A, maximum A], ...] for each instance from its input, all on Caltech's network, and writes the
shortest times in seconds by the name of the algorithm, a list for each. It imports nothing of this project.
"""

import json
import sys
import time
from types import SimpleNamespace

from acnportal.acnsim.interface import Interface, SessionInfo
from acnportal.acnsim.network.sites import caltech_acn
from acnportal.algorithms import RoundRobin, SortedSchedulingAlgo, least_laxity_first

PERIOD_MIN = 5
STAY_PERIODS = 48
ENERGY_KWH = 20.0
"""Of everyone, so that no request and no departure bounds a share: the question is the one that the others answer."""

TRIES = 3


def main() -> None:
    """Answer the question on standard input."""
    network = caltech_acn(basic_evse=True)
    simulator = SimpleNamespace(network=network, period=PERIOD_MIN, iteration=0, max_recompute=1)
    times: dict[str, list[float]] = {"least laxity first": [], "round robin": []}
    for instance in json.load(sys.stdin):
        for name, algorithm in (
            ("least laxity first", SortedSchedulingAlgo(least_laxity_first)),
            ("round robin", RoundRobin(least_laxity_first)),
        ):
            algorithm.register_interface(Interface(simulator))
            tries = []
            for _ in range(TRIES):
                sessions = [
                    SessionInfo(evse, evse, ENERGY_KWH, 0.0, 0, STAY_PERIODS, None, 0, minimum, maximum)
                    for evse, minimum, maximum in instance
                ]
                started = time.perf_counter()
                algorithm.schedule(sessions)
                tries.append(time.perf_counter() - started)
            times[name].append(min(tries))
    json.dump(times, sys.stdout)


if __name__ == "__main__":
    main()
