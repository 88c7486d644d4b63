"""Who may charge on a site, and with how much current: an exact answer, and a pure function of the question.

A site is a tree of nodes. A link is a phase of a node, or all its phases together, and carries no more than its
capacity. A session hangs on a node and draws one current on all its phases, so it loads every link between itself and
the root. The answer comes in three parts, each defined to the last step:

1. *Admission.* In strict order (pinned sessions, then priority, then the pass of stride scheduling, then turn) a
   session is admitted if its minimum fits every link beside the minima of those admitted before it.
2. *Shares.* The weighted lexicographic max-min of current / weight over the admitted, each within its limits. It is
   found by raising one common level; where a link fills up, its sessions stay at that level.
3. *Steps.* A station takes whole steps only (0.1 A or 1 A). Shares are cut down to whole steps, and what that leaves
   is handed out step by step: the lowest level first, then the next in turn.

Capacities, limits and the resulting currents are integers: milliamperes, and millionths for how much of a link one
ampere takes. Sums of them are exact in 64 bits in any order, so a link is never over its capacity by a rounding error,
and a site that was changed a million times has the same loads as one built anew. Shares lie between steps and are
fractions here; the compiled form computes them in double precision.

This is the plain twin of `_speedups/allocate.pyx`, in exact fractions, and slow.
"""

import heapq
import math
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

Link = tuple[str, int]
"""A node's name and a phase, 1 to 3, or ALL_PHASES."""

ALL_PHASES = 0
"""The phase of a link that carries all phases together, such as a limit in kW."""

PHASES = (1, 2, 3)

MILLION = 1_000_000
"""Factors are kept in millionths: that is 0.0002 % of 0.577350, from delta to wye."""

FACTOR_MAX = 1000
"""Largest load on a link for one ampere: 690 W with three phases, up to 1,000 V with direct current."""

CURRENT_MA_MAX = 1_000_000
"""Largest current of a session: 1,000 A, twice what a CCS connector carries."""

CAPACITY_MAX = 10**12
"""Largest capacity of a link: a gigawatt in milliwatts. Its millionths fit in 64 bits."""

LOAD_MAX = 1 << 62
"""Largest sum of maxima on a link, in millionths of a milliampere (or milliwatt), so that sums fit in 64 bits."""

WEIGHT_MAX = 1000
"""Largest weight. Levels of whole currents then differ by 1e-6 mA or not at all, which double precision can tell."""

ORDER_MAX = (1 << 62) - 1
"""Largest priority, pass or turn: they fit in 64 bits, and so does their difference."""

DEPTH_MAX = 16
"""Most nodes from a session to the root; grid, transformer, feeder, panel, station and EVSE are six."""

SNAP_MA = 1e-6
"""A share this close below a whole step is that step: double precision is some 1e-9 mA off; a step is 1 mA or more."""

TOLERANCE_MA = 1e-3
"""What a certificate forgives: 1 microampere."""


class Share(NamedTuple):
    """What one session gets. `binding` is the link that refused it or keeps its share below its maximum."""

    admitted: bool
    exact_ma: float
    current_ma: int
    binding: Link | None


class Demand(NamedTuple):
    """What one session asks for. `loads` are the links from its node to the root, by number, and its factor on each."""

    loads: tuple[tuple[int, int], ...]
    minimum_ma: int
    maximum_ma: int
    step_ma: int
    weight: int
    pinned: bool
    priority: int
    stride_pass: int
    turn: int
    sequence: int


class Tree(NamedTuple):
    """A checked site. Nodes come before their children and subtrees are unbroken; links follow their nodes."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    links: tuple[Link, ...]
    capacities: tuple[int | None, ...]
    node_numbers: dict[str, int]
    link_numbers: dict[Link, int]


def checked_tree(nodes: Iterable[tuple[str, str | None]], links: Iterable[tuple[str, int, int | None]]) -> Tree:
    """Return the tree of nodes (name, parent) and links (node, phase, capacity); ValueError names what is wrong."""
    parent_of: dict[str, str | None] = {}
    for name, parent in nodes:
        if name in parent_of:
            raise ValueError(f"node {name!r} is there twice")
        parent_of[name] = parent
    children: dict[str | None, list[str]] = {}
    for name, parent in parent_of.items():
        if parent is not None and parent not in parent_of:
            raise ValueError(f"node {name!r} has parent {parent!r}, which is no node")
        children.setdefault(parent, []).append(name)
    roots = children.get(None, [])
    if len(roots) > 1:
        raise ValueError(f"nodes {roots[0]!r} and {roots[1]!r} both have no parent; a site has one root")
    order: dict[str, int] = {}
    waiting = [(name, 1) for name in roots]
    while waiting:
        name, depth = waiting.pop()
        if depth > DEPTH_MAX:
            raise ValueError(f"node {name!r} is deeper than {DEPTH_MAX} nodes")
        order[name] = len(order)
        waiting.extend((child, depth + 1) for child in reversed(children.get(name, [])))
    for name in parent_of:
        if name not in order:
            raise ValueError(f"node {name!r} is part of a cycle, or below one")
    if not order:
        raise ValueError("a site has at least one node")
    capacities: dict[tuple[int, int], int | None] = {}
    for name, phase, capacity in links:
        if name not in order:
            raise ValueError(f"link {(name, phase)!r} is on no node")
        if phase not in (ALL_PHASES, *PHASES):
            raise ValueError(f"link {(name, phase)!r} has a phase that cannot be")
        if (order[name], phase) in capacities:
            raise ValueError(f"link {(name, phase)!r} is there twice")
        capacities[order[name], phase] = checked_capacity((name, phase), capacity)
    names = tuple(order)
    parents = tuple(-1 if (parent := parent_of[name]) is None else order[parent] for name in names)
    numbered = sorted(capacities)
    numbered_links = tuple((names[node], phase) for node, phase in numbered)
    return Tree(
        names,
        parents,
        numbered_links,
        tuple(capacities[link] for link in numbered),
        order,
        {link: number for number, link in enumerate(numbered_links)},
    )


def checked_capacity(link: Link, capacity: int | None) -> int | None:
    """Return `capacity` if it is one: mA (or mW), negative if the base load is above the rating, None if unlimited."""
    if capacity is None:
        return None
    if type(capacity) is not int or abs(capacity) > CAPACITY_MAX:
        raise ValueError(f"link {link!r}: capacity {capacity!r} is no integer within {CAPACITY_MAX}")
    return capacity


def checked_limits(session: Hashable, minimum_ma: int, maximum_ma: int, step_ma: int) -> None:
    """Raise ValueError unless the limits are whole steps and in order."""
    for name, value, least in (("step_ma", step_ma, 1), ("minimum_ma", minimum_ma, 0), ("maximum_ma", maximum_ma, 0)):
        if type(value) is not int or not least <= value <= CURRENT_MA_MAX:
            raise ValueError(f"session {session!r}: {name} {value!r} is no integer from {least} to {CURRENT_MA_MAX}")
    if minimum_ma > maximum_ma:
        raise ValueError(f"session {session!r}: minimum_ma {minimum_ma} is above maximum_ma {maximum_ma}")
    for name, value in (("minimum_ma", minimum_ma), ("maximum_ma", maximum_ma)):
        if value % step_ma:
            raise ValueError(f"session {session!r}: {name} {value} is no whole number of steps of {step_ma} mA")


def checked_order(session: Hashable, priority: int, stride_pass: int, turn: int) -> None:
    """Raise ValueError unless all are integers from 0 to ORDER_MAX."""
    for name, value in (("priority", priority), ("stride_pass", stride_pass), ("turn", turn)):
        if type(value) is not int or not 0 <= value <= ORDER_MAX:
            raise ValueError(f"session {session!r}: {name} {value!r} is no integer from 0 to {ORDER_MAX}")


def checked_weight(session: Hashable, weight: int) -> None:
    """Raise ValueError unless it is an integer from 1 to WEIGHT_MAX."""
    if type(weight) is not int or not 1 <= weight <= WEIGHT_MAX:
        raise ValueError(f"session {session!r}: weight {weight!r} is no integer from 1 to {WEIGHT_MAX}")


def checked_loads(
    tree: Tree, session: Hashable, node: str, phases: Collection[int], factors: Mapping[Link, float]
) -> tuple[tuple[int, int], ...]:
    """Return the links that a session loads, from its node up to the root, each with its factor in millionths.

    A factor is rounded up to millionths, so that no link carries more than it is said to; what is beyond nine places is
    noise of binary fractions. Factors of zero are left out.
    """
    if node not in tree.node_numbers:
        raise ValueError(f"session {session!r} is on node {node!r}, which is none")
    if not phases or len(set(phases)) != len(phases) or not set(phases) <= set(PHASES):
        raise ValueError(f"session {session!r} has phases that cannot be: {phases!r}")
    loads = []
    known = set()
    index = tree.node_numbers[node]
    while index >= 0:
        for phase in (ALL_PHASES, *PHASES):
            link = (tree.names[index], phase)
            if link not in tree.link_numbers:
                continue
            known.add(link)
            factor = factors.get(link, None if phase == ALL_PHASES else float(phase in phases))
            if factor is None:
                raise ValueError(f"session {session!r} needs a factor for link {link!r}, which carries all phases")
            if not 0 <= factor <= FACTOR_MAX:
                raise ValueError(f"session {session!r}: factor {factor!r} of link {link!r} is not in 0 to {FACTOR_MAX}")
            if factor > 0:
                loads.append((tree.link_numbers[link], math.ceil(round(factor * MILLION, 3))))
        index = tree.parents[index]
    for link in factors:
        if link not in known:
            raise ValueError(f"session {session!r} has a factor for {link!r}, which is no link above it")
    return tuple(loads)


class Site:
    """A tree, the sessions on it, and what each may draw.

    `nodes` are pairs of a name and the name of its parent, None for the root. `links` are triples of node, phase and
    capacity in mA, or mW where the factors are watts for an ampere; None is unlimited. ValueError names what is wrong.
    Sessions go by any hashable name of the caller's. A method that raises has changed nothing.
    """

    def __init__(self, nodes: Sequence[tuple[str, str | None]], links: Sequence[tuple[str, int, int | None]]) -> None:
        self._tree = checked_tree(nodes, links)
        self._capacities = list(self._tree.capacities)
        self._demands: dict[Hashable, Demand] = {}
        self._shares: dict[Hashable, Share] = {}
        self._first_turn = 0
        self._added = 0

    def add(
        self,
        session: Hashable,
        node: str,
        phases: Collection[int],
        *,
        minimum_ma: int,
        maximum_ma: int,
        step_ma: int = 100,
        weight: int = 1,
        pinned: bool = False,
        priority: int = 0,
        stride_pass: int = 0,
        turn: int = 0,
        factors: Mapping[Link, float] | None = None,
    ) -> None:
        """Add a session at `node` that draws on `phases`, and gets 0 or a current within its limits, in whole steps.

        `factors` are for links on which an ampere is not an ampere on the phases of the session: those of ALL_PHASES,
        which always need one, and those behind a transformer. The lowest priority, pass and turn come first.
        """
        if session in self._demands:
            raise ValueError(f"session {session!r} is there already")
        checked_limits(session, minimum_ma, maximum_ma, step_ma)
        checked_order(session, priority, stride_pass, turn)
        checked_weight(session, weight)
        loads = checked_loads(self._tree, session, node, phases, factors or {})
        demand = Demand(
            loads, minimum_ma, maximum_ma, step_ma, weight, pinned, priority, stride_pass, turn, self._added
        )
        self._check_sums(session, demand)
        self._demands[session] = demand
        self._shares[session] = Share(False, 0.0, 0, None)
        self._added += 1

    def remove(self, session: Hashable) -> None:
        """Take the session away, or raise KeyError."""
        del self._demands[session]
        del self._shares[session]

    def set_limits(self, session: Hashable, minimum_ma: int, maximum_ma: int) -> None:
        """Change what the session may draw, or raise KeyError or ValueError."""
        demand = self._demands[session]
        checked_limits(session, minimum_ma, maximum_ma, demand.step_ma)
        demand = demand._replace(minimum_ma=minimum_ma, maximum_ma=maximum_ma)
        self._check_sums(session, demand)
        self._demands[session] = demand

    def set_order(self, session: Hashable, *, pinned: bool, priority: int, stride_pass: int) -> None:
        """Change the session's place in the order of admission, or raise KeyError or ValueError."""
        demand = self._demands[session]
        checked_order(session, priority, stride_pass, demand.turn)
        self._demands[session] = demand._replace(pinned=pinned, priority=priority, stride_pass=stride_pass)

    def set_capacity(self, node: str, phase: int, capacity: int | None) -> None:
        """Change what the link carries, in the unit it was built with, or raise ValueError."""
        if (node, phase) not in self._tree.link_numbers:
            raise ValueError(f"{(node, phase)!r} is no link")
        self._capacities[self._tree.link_numbers[node, phase]] = checked_capacity((node, phase), capacity)

    def set_first_turn(self, turn: int) -> None:
        """Let sessions with this turn or a later one go before the others where only their turn tells them apart."""
        checked_order(None, 0, 0, turn)
        self._first_turn = turn

    def solve(self) -> dict[Hashable, int]:
        """Allocate all anew. Returns the currents, in mA, that are not what they were."""
        admitted, refused = self._admit()
        exact, binding = self._fill(admitted)
        currents = self._hand_out({session: self._whole_steps(session, share) for session, share in exact.items()})
        before = self._shares
        self._shares = {
            session: Share(True, float(exact[session]), currents[session], self._link(binding[session]))
            if session in exact
            else Share(False, 0.0, 0, self._link(refused[session]))
            for session in self._demands
        }
        return {
            session: share.current_ma
            for session, share in self._shares.items()
            if share.current_ma != before[session].current_ma
        }

    def update(self) -> dict[Hashable, int]:
        """Allocate after changes: the same answer as `solve`; the compiled form looks only at what they can reach."""
        return self.solve()

    def share(self, session: Hashable) -> Share:
        """Return what the session got when last solved, or raise KeyError."""
        return self._shares[session]

    def shares(self) -> dict[Hashable, Share]:
        """Return what every session got when last solved; nothing, if it was added since."""
        return dict(self._shares)

    def certificate(self, shares: Mapping[Hashable, Share] | None = None) -> str | None:
        """Return None if `shares` (by default the site's own) are the one right answer, or else what is wrong.

        It adds up every load itself and believes nothing of what `solve` keeps. Shares may be TOLERANCE_MA off;
        admission and currents must be exact. It takes time in proportion to sessions times depth, and a sort.
        """
        given = self._shares if shares is None else shares
        if given.keys() != self._demands.keys():
            return "not the sessions of the site"
        return self._admission_fault(given) or self._share_fault(given) or self._step_fault(given)

    # --- the answer

    def _order(self, session: Hashable) -> tuple[bool, int, int, bool, int, int]:
        demand = self._demands[session]
        return (not demand.pinned, demand.priority, demand.stride_pass, *self._turn(demand))

    def _turn(self, demand: Demand) -> tuple[bool, int, int]:
        return (demand.turn < self._first_turn, demand.turn, demand.sequence)

    def _admit(self) -> tuple[list[Hashable], dict[Hashable, int]]:
        """Return who is admitted, and which link refused each of the others."""
        loads = [0] * len(self._capacities)
        admitted = []
        refused = {}
        for session in sorted(self._demands, key=self._order):
            demand = self._demands[session]
            full = self._full_link(demand, demand.minimum_ma, loads)
            if full is None:
                admitted.append(session)
                for link, factor in demand.loads:
                    loads[link] += factor * demand.minimum_ma
            else:
                refused[session] = full
        return admitted, refused

    def _full_link(self, demand: Demand, current_ma: int, loads: list[int]) -> int | None:
        """Return the first link, upwards, that has no room for so much more current."""
        for link, factor in demand.loads:
            capacity = self._capacities[link]
            if capacity is not None and loads[link] + factor * current_ma > capacity * MILLION:
                return link
        return None

    def _fill(self, admitted: list[Hashable]) -> tuple[dict[Hashable, Fraction], dict[Hashable, int | None]]:
        """Return everyone's share, and the link that keeps it below the maximum: progressive filling, link by link."""
        rising = [self._demands[session] for session in admitted]
        shares: dict[int, Fraction] = {}
        binding: dict[int, int | None] = {}
        while rising:
            levels = [
                (level, link)
                for link in range(len(self._capacities))
                if (level := self._level(link, rising, admitted, shares)) is not None
            ]
            if not levels:
                shares |= {demand.sequence: Fraction(demand.maximum_ma) for demand in rising}
                break
            level, full = min(levels)
            for demand in [demand for demand in rising if full in dict(demand.loads)]:
                shares[demand.sequence] = _at_level(demand, level)
                binding[demand.sequence] = full
                rising.remove(demand)
        sequences = {session: self._demands[session].sequence for session in admitted}
        exact = {session: shares[sequence] for session, sequence in sequences.items()}
        return exact, {
            session: binding.get(sequence) if exact[session] < self._demands[session].maximum_ma else None
            for session, sequence in sequences.items()
        }

    def _level(
        self, link: int, rising: list[Demand], admitted: list[Hashable], shares: dict[int, Fraction]
    ) -> Fraction | None:
        """Return the lowest level at which `link` is full, or None if nobody rising can fill it."""
        capacity = self._capacities[link]
        on_it = [(demand, factor) for demand in rising for number, factor in demand.loads if number == link]
        if capacity is None or not on_it:
            return None
        room = Fraction(capacity * MILLION)
        for demand in map(self._demands.__getitem__, admitted):
            if demand.sequence in shares:
                room -= dict(demand.loads).get(link, 0) * shares[demand.sequence]
        turns = sorted(
            {Fraction(limit, demand.weight) for demand, _ in on_it for limit in (demand.minimum_ma, demand.maximum_ma)}
        )
        below = Fraction(0)
        load_below = sum(factor * _at_level(demand, below) for demand, factor in on_it)
        if load_below >= room:
            return below
        for level in turns:
            load = sum(factor * _at_level(demand, level) for demand, factor in on_it)
            if load >= room:
                return below + (level - below) * (room - load_below) / (load - load_below)
            below, load_below = level, load
        return None

    def _whole_steps(self, session: Hashable, share: Fraction) -> int:
        step_ma = self._demands[session].step_ma
        return math.floor(share / step_ma) * step_ma

    def _hand_out(self, currents: dict[Hashable, int]) -> dict[Hashable, int]:
        """Give what the cut to whole steps left, one step at a time: the lowest level first, then the next in turn."""
        loads = self._loads(currents)
        waiting = [
            (Fraction(current, self._demands[session].weight), self._turn(self._demands[session]), session)
            for session, current in currents.items()
        ]
        heapq.heapify(waiting)
        while waiting:
            _, turn, session = heapq.heappop(waiting)
            demand = self._demands[session]
            raised_ma = currents[session] + demand.step_ma
            if raised_ma > demand.maximum_ma or self._full_link(demand, demand.step_ma, loads) is not None:
                continue
            currents[session] = raised_ma
            for link, factor in demand.loads:
                loads[link] += factor * demand.step_ma
            heapq.heappush(waiting, (Fraction(raised_ma, demand.weight), turn, session))
        return currents

    def _loads(self, currents: Mapping[Hashable, int]) -> list[int]:
        loads = [0] * len(self._capacities)
        for session, current in currents.items():
            for link, factor in self._demands[session].loads:
                loads[link] += factor * current
        return loads

    def _link(self, number: int | None) -> Link | None:
        return None if number is None else self._tree.links[number]

    def _check_sums(self, session: Hashable, demand: Demand) -> None:
        maxima = {link: factor * demand.maximum_ma for link, factor in demand.loads}
        for name, other in self._demands.items():
            for link, factor in other.loads if name != session else ():
                maxima[link] = maxima.get(link, 0) + factor * other.maximum_ma
        for link, load in maxima.items():
            if load > LOAD_MAX:
                raise ValueError(f"session {session!r}: the maxima on {self._tree.links[link]!r} are beyond 64 bits")

    # --- the certificate

    def _admission_fault(self, given: Mapping[Hashable, Share]) -> str | None:
        loads = [0] * len(self._capacities)
        for session in sorted(self._demands, key=self._order):
            demand = self._demands[session]
            fits = self._full_link(demand, demand.minimum_ma, loads) is None
            if given[session].admitted != fits:
                return f"session {session!r} is {'refused' if fits else 'admitted'} wrongly"
            if fits:
                for link, factor in demand.loads:
                    loads[link] += factor * demand.minimum_ma
            elif (given[session].exact_ma, given[session].current_ma) != (0, 0):
                return f"session {session!r} is refused and gets current"
        return None

    def _share_fault(self, given: Mapping[Hashable, Share]) -> str | None:
        """Feasible, and whoever is below the maximum has a full link on which nobody above the minimum is higher."""
        tolerance = TOLERANCE_MA
        loads = [0.0] * len(self._capacities)
        factors = [0] * len(self._capacities)
        highest = [0.0] * len(self._capacities)
        for session, share in given.items():
            demand = self._demands[session]
            if not share.admitted:
                continue
            if not demand.minimum_ma - tolerance <= share.exact_ma <= demand.maximum_ma + tolerance:
                return f"session {session!r}: its share is not within its limits"
            for link, factor in demand.loads:
                loads[link] += factor * share.exact_ma
                factors[link] += factor
                if share.exact_ma > demand.minimum_ma + tolerance:
                    highest[link] = max(highest[link], share.exact_ma / demand.weight)
        room = [
            math.inf if capacity is None else capacity * MILLION - load
            for capacity, load in zip(self._capacities, loads, strict=True)
        ]
        for link, left in enumerate(room):
            if factors[link] and left < -tolerance * factors[link]:
                return f"link {self._tree.links[link]!r}: the shares are above its capacity"
        for session, share in given.items():
            demand = self._demands[session]
            if share.admitted and share.exact_ma < demand.maximum_ma - tolerance:
                level = share.exact_ma / demand.weight + tolerance
                if not any(
                    room[link] <= tolerance * factors[link] and highest[link] <= level for link, _ in demand.loads
                ):
                    return f"session {session!r}: its share could be larger"
        return None

    def _step_fault(self, given: Mapping[Hashable, Share]) -> str | None:
        """Give the given steps in the order of levels: whoever gets no further one must find no room at that moment."""
        exact = {session: share.exact_ma for session, share in given.items() if share.admitted}
        cut = {session: self._cut(session, share_ma + SNAP_MA) for session, share_ma in exact.items()}
        if self._overloaded(cut) is not None:
            cut = {session: self._cut(session, share_ma - SNAP_MA) for session, share_ma in exact.items()}
        moments: list[tuple[Fraction, tuple[bool, int, int], Hashable]] = []
        for session, base in cut.items():
            demand = self._demands[session]
            current = given[session].current_ma
            if (current - base) % demand.step_ma or not base <= current <= demand.maximum_ma:
                return f"session {session!r}: its current is no whole step from its share to its maximum"
            moments.extend(
                (Fraction(reached, demand.weight), self._turn(demand), session)
                for reached in range(base, current + 1, demand.step_ma)
            )
        full = self._overloaded({session: given[session].current_ma for session in cut})
        if full is not None:
            return f"link {full!r}: the currents are above its capacity"
        loads = self._loads(cut)
        for level, _, session in sorted(moments):
            demand = self._demands[session]
            if level * demand.weight < given[session].current_ma:
                for link, factor in demand.loads:
                    loads[link] += factor * demand.step_ma
            elif (
                given[session].current_ma + demand.step_ma <= demand.maximum_ma
                and self._full_link(demand, demand.step_ma, loads) is None
            ):
                return f"session {session!r}: there was room for a further step"
        return None

    def _overloaded(self, currents: Mapping[Hashable, int]) -> Link | None:
        for link, (load, capacity) in enumerate(zip(self._loads(currents), self._capacities, strict=True)):
            if capacity is not None and load > max(0, capacity * MILLION):
                return self._tree.links[link]
        return None

    def _cut(self, session: Hashable, share_ma: float) -> int:
        demand = self._demands[session]
        return min(demand.maximum_ma, max(demand.minimum_ma, math.floor(share_ma / demand.step_ma) * demand.step_ma))


def _at_level(demand: Demand, level: Fraction) -> Fraction:
    return min(max(level * demand.weight, Fraction(demand.minimum_ma)), Fraction(demand.maximum_ma))
