"""What the allocator is held against: linear programs by HiGHS, written from the definition, and numpy.

They read an instance themselves and share no code with the allocator.
"""

import math
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import highspy
import numpy as np

from bench.allocation_sites import Instance

DUAL_LEAST = 1e-7
"""A dual above this is one. They add up to 1 over the levels of up to 50,000 sessions."""

SLACK_A = 1e-9
"""How far a share that is kept may sink, so that what its rounding takes from a link makes no program infeasible."""

BISECTIONS = 40
"""Halvings of 63 A: what is left is less than a nanoampere."""


class Problem(NamedTuple):
    """An instance as numbers: a list of (link, factor) for each session, capacities and limits in A (kW links: W)."""

    sessions: Sequence[Hashable]
    capacities: Sequence[float]
    loads: Sequence[Sequence[tuple[int, float]]]
    minima: Sequence[float]
    maxima: Sequence[float]
    weights: Sequence[float]


def problem_of(instance: Instance) -> Problem:
    """Return the instance with those admitted: in order, whoever's minimum fits beside the others'."""
    capacities = [math.inf if capacity is None else capacity / 1000 for _, _, capacity in instance["links"]]
    links_of: dict[str, list[tuple[int, int]]] = {}
    for number, (name, phase, _) in enumerate(instance["links"]):
        links_of.setdefault(name, []).append((number, phase))
    parents = dict(instance["nodes"])
    left = list(capacities)
    rows = []
    in_order = sorted(
        instance["sessions"].items(),
        key=lambda item: (
            not item[1].get("pinned"),
            item[1].get("priority", 0),
            item[1].get("stride_pass", 0),
            item[1]["turn"],
        ),
    )
    for session, asked in in_order:
        loads = []
        above: str | None = asked["node"]
        while above is not None:
            for number, phase in links_of.get(above, ()):
                factor = asked.get("factors", {}).get((above, phase), float(phase in asked["phases"]))
                if factor:
                    loads.append((number, factor))
            above = parents[above]
        minimum = asked["minimum_ma"] / 1000
        if all(left[number] >= factor * minimum - 1e-9 for number, factor in loads):
            for number, factor in loads:
                left[number] -= factor * minimum
            rows.append((session, loads, minimum, asked["maximum_ma"] / 1000, float(asked["weight"])))
    sessions, loads_of, minima, maxima, weights = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    return Problem(sessions, capacities, loads_of, minima, maxima, weights)


def shares_by_linear_programs(problem: Problem) -> dict[Hashable, float]:
    """Return everyone's share in A: raise the lowest level as far as it goes, keep those who bound it, and again.

    Whose level has a positive dual has this level in every optimum of that program, so it is kept for good. At least
    one has, so there are at most as many programs as sessions.
    """
    count = len(problem.sessions)
    if count == 0:
        return {}
    solver = highspy.Highs()
    for option, value in (
        ("output_flag", False),
        ("presolve", "off"),
        ("threads", 1),
        ("primal_feasibility_tolerance", 1e-9),
        ("dual_feasibility_tolerance", 1e-9),
    ):
        solver.setOptionValue(option, value)
    solver.passModel(_program(problem))
    rising = set(range(count))
    values: Any = None
    while rising:
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise ArithmeticError(f"HiGHS: {solver.modelStatusToString(solver.getModelStatus())}")
        solution = solver.getSolution()
        values = solution.col_value
        duals = solution.row_dual
        kept = [index for index in rising if abs(duals[index]) > DUAL_LEAST]
        if not kept:
            raise ArithmeticError("HiGHS: no session bounds the level")
        for index in kept:
            solver.changeColBounds(index, values[index] - SLACK_A, values[index])
            solver.changeRowBounds(index, -highspy.kHighsInf, highspy.kHighsInf)
        rising.difference_update(kept)
    return dict(zip(problem.sessions, values, strict=False))


def _program(problem: Problem) -> highspy.HighsLp:
    """Maximise t where x_i >= w_i t (the first rows), every link carries its load, and x_i is within its limits."""
    count = len(problem.sessions)
    numbers = {number for loads in problem.loads for number, _ in loads if problem.capacities[number] < math.inf}
    rows = {number: count + row for row, number in enumerate(sorted(numbers))}
    program = highspy.HighsLp()
    program.num_col_ = count + 1
    program.num_row_ = count + len(rows)
    program.sense_ = highspy.ObjSense.kMaximize
    program.col_cost_ = np.array([0.0] * count + [1.0])
    program.col_lower_ = np.array([*problem.minima, 0.0])
    program.col_upper_ = np.array([*problem.maxima, highspy.kHighsInf])
    program.row_lower_ = np.array([0.0] * count + [-highspy.kHighsInf] * len(rows))
    program.row_upper_ = np.array([highspy.kHighsInf] * count + [problem.capacities[number] for number in sorted(rows)])
    starts, indices, values = [0], [], []
    for index, loads in enumerate(problem.loads):
        indices.append(index)
        values.append(1.0)
        for number, factor in loads:
            if number in rows:
                indices.append(rows[number])
                values.append(factor)
        starts.append(len(indices))
    indices.extend(range(count))
    values.extend(-weight for weight in problem.weights)
    starts.append(len(indices))
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.array(starts)
    program.a_matrix_.index_ = np.array(indices)
    program.a_matrix_.value_ = np.array(values)
    return program


class Filling:
    """Progressive filling with numpy: the same rule in whole-array steps, for the times only."""

    def __init__(self, problem: Problem) -> None:
        entries = [
            (index, number, factor)
            for index, loads in enumerate(problem.loads)
            for number, factor in loads
            if problem.capacities[number] < math.inf
        ]
        session, link, factor = zip(*entries, strict=True) if entries else ((), (), ())
        self._session, self._link = np.array(session, np.int64), np.array(link, np.int64)
        self._factor = np.array(factor, np.float64)
        self._capacities = np.array(problem.capacities)
        self._minima, self._maxima = np.array(problem.minima), np.array(problem.maxima)
        self._weights = np.array(problem.weights)

    def shares(self) -> np.ndarray:
        """Return the shares in A: find every link's level, let the lowest among neighbours fill up, and again."""
        links = len(self._capacities)
        shares = self._maxima.copy()
        room = self._capacities.copy()
        session, link, factor = self._session, self._link, self._factor
        while len(session):
            can_fill = np.bincount(link, factor * self._maxima[session], links) > room
            kept = can_fill[link]
            session, link, factor = session[kept], link[kept], factor[kept]
            levels = self._levels(session, link, factor, room)
            lowest = np.full(len(shares), np.inf)
            np.minimum.at(lowest, session, levels[link])
            undercut = np.bincount(link, levels[link] > lowest[session], links) > 0
            freezing = np.unique(session[~undercut[link]])
            shares[freezing] = self._at(lowest[freezing], freezing)
            frozen = np.zeros(len(shares), bool)
            frozen[freezing] = True
            gone = frozen[session]
            room -= np.bincount(link[gone], factor[gone] * shares[session[gone]], links)
            session, link, factor = session[~gone], link[~gone], factor[~gone]
        return shares

    def _levels(self, session: np.ndarray, link: np.ndarray, factor: np.ndarray, room: np.ndarray) -> np.ndarray:
        """Return the level at which each link is full, by halving all brackets at once."""
        low = np.zeros(len(room))
        high = np.full(len(room), float((self._maxima / self._weights).max()))
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            fits = np.bincount(link, factor * self._at(middle[link], session), len(room)) <= room
            low, high = np.where(fits, middle, low), np.where(fits, high, middle)
        return low

    def _at(self, levels: np.ndarray, sessions: np.ndarray) -> np.ndarray:
        return np.clip(levels * self._weights[sessions], self._minima[sessions], self._maxima[sessions])
