"""The allocator on random sites: its shares are those of HiGHS, its updates those of a site built anew."""

import multiprocessing
import os
import random
from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

from bench.allocation_rivals import problem_of, shares_by_linear_programs
from bench.allocation_sites import build, happen, random_instance
from gateway.hot import Share, Site

SHARE_FAULT_A = 1e-6
"""How far a share may be from that of the linear programs."""

ROUNDING_MA = 1e-6
"""How far the shares of an update may be from those of a site built anew; both are in double precision."""

EVENTS = 5
"""Changes to each instance, one update after each."""

BATCH = 250
"""Instances that a process checks before it tells."""

NICENESS = 10


class Checked(NamedTuple):
    """What was checked, and the first fault of each batch, with its seed."""

    instances: int
    sessions: int
    events: int
    worst_a: float
    faults: tuple[str, ...]

    def __add__(self, other: "Checked") -> "Checked":  # type: ignore[override]
        return Checked(
            self.instances + other.instances,
            self.sessions + other.sessions,
            self.events + other.events,
            max(self.worst_a, other.worst_a),
            self.faults + other.faults,
        )


def check(instances: int, first_seed: int) -> Checked:
    """Check so many instances, each of its own seed, on all cores and behind everybody else's work."""
    starts = range(first_seed, first_seed + instances, BATCH)
    batches = [range(start, min(start + BATCH, first_seed + instances)) for start in starts]
    checked = Checked(0, 0, 0, 0.0, ())
    context = multiprocessing.get_context("spawn")
    with context.Pool(len(os.sched_getaffinity(0)), os.nice, (NICENESS,)) as pool:
        for batch in pool.imap_unordered(check_batch, batches):
            checked += batch
    return checked


def check_batch(seeds: range) -> Checked:
    """Check the instances of `seeds`, up to the first fault."""
    sessions = events = 0
    worst_a = 0.0
    for count, seed in enumerate(seeds, 1):
        random_ = random.Random(seed)
        instance = random_instance(random_)
        sessions += len(instance["sessions"])
        site = build(Site, instance)
        told = dict.fromkeys(instance["sessions"], 0) | site.solve()
        problem = problem_of(instance)
        shares = site.shares()
        fault = site.certificate()
        if {session for session, share in shares.items() if share.admitted} != set(problem.sessions):
            fault = "admission is not that of the definition"
        else:
            for session, share_a in shares_by_linear_programs(problem).items():
                worst_a = max(worst_a, abs(shares[session].exact_ma / 1000 - share_a))
            if worst_a > SHARE_FAULT_A:
                fault = f"a share is {worst_a:.3g} A from that of HiGHS"
        away: dict[Hashable, dict[str, Any]] = {}
        for _ in range(EVENTS):
            happen(random_, site, instance["links"], instance["sessions"], away)
            told = {session: told.get(session, 0) for session in instance["sessions"]} | site.update()
            events += 1
            anew = build(Site, instance)
            anew.solve()
            fault = fault or site.certificate() or difference(site.shares(), anew.shares(), told)
        if fault:
            return Checked(count, sessions, events, worst_a, (f"seed {seed}: {fault}",))
    return Checked(len(seeds), sessions, events, worst_a, ())


def difference(
    updated: Mapping[Hashable, Share], anew: Mapping[Hashable, Share], told: Mapping[Hashable, int]
) -> str | None:
    """Return where an updated site, or what its updates told, is not the site built anew, or None."""
    for session, share in anew.items():
        one = updated[session]
        if abs(one.exact_ma - share.exact_ma) > ROUNDING_MA or one._replace(exact_ma=share.exact_ma) != share:
            return f"session {session!r} has {one} by updates and {share} anew"
        if told[session] != share.current_ma:
            return f"session {session!r} was told {told[session]} mA and has {share.current_ma}"
    return None
