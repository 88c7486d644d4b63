"""The compiled allocator against its twin in fractions, against linear programs, and against itself built anew."""

import importlib
import random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bench.allocation_rivals import problem_of, shares_by_linear_programs
from bench.allocation_sites import build, grown_instance, happen, random_instance
from gateway.hot import ALL_PHASES, Share
from gateway.hot import allocate as plain

compiled = importlib.import_module("gateway._speedups.allocate")

SEEDS = st.integers(0, 10_000)


def assert_same(one: dict[Any, Share], other: dict[Any, Share]) -> None:
    assert one.keys() == other.keys()
    for session, share in one.items():
        assert other[session].admitted == share.admitted
        assert other[session].current_ma == share.current_ma
        assert abs(other[session].exact_ma - share.exact_ma) < 1e-6


def test_compiled_and_plain_agree_on_random_sites() -> None:
    for seed in range(700):
        instance = random_instance(random.Random(seed))
        one, other = build(plain.Site, instance), build(compiled.Site, instance)
        assert one.solve() == other.solve(), seed
        assert_same(one.shares(), other.shares())
        for shares in (one.shares(), other.shares()):
            assert one.certificate(shares) is None
            assert other.certificate(shares) is None


def test_shares_are_those_of_linear_programs_within_a_microampere() -> None:
    refused = bound = whole = power = negative = crowded = 0
    for seed in range(5000):
        instance = random_instance(random.Random(seed))
        site = build(compiled.Site, instance)
        site.solve()
        shares = site.shares()
        problem = problem_of(instance)
        assert {session for session, share in shares.items() if share.admitted} == set(problem.sessions), seed
        for session, share_a in shares_by_linear_programs(problem).items():
            assert abs(shares[session].exact_ma / 1000 - share_a) < 1e-6, seed
        assert site.certificate() is None, seed
        refused += len(problem.sessions) < len(shares)
        bound += any(share.admitted and share.binding for share in shares.values())
        whole += any(share.admitted and not share.binding for share in shares.values())
        power += any(share.admitted and share.binding and share.binding[1] == 0 for share in shares.values())
        negative += any(capacity is not None and capacity < 0 for _, _, capacity in instance["links"])
        crowded += len(problem.sessions) > 20
    assert min(refused, bound, whole, power, negative, crowded) > 300, "the instances no longer show every case"


def test_both_forms_agree_on_what_a_certificate_refuses() -> None:
    for seed in range(300):
        random_ = random.Random(seed)
        instance = random_instance(random_, 12)
        one, other = build(plain.Site, instance), build(compiled.Site, instance)
        one.solve()
        other.solve()
        shares = one.shares()
        for session in shares:
            field = random_.choice(["exact_ma", "current_ma"])
            change = random_.choice([-1, 1]) * random_.choice([1e-5, 0.5, 1, 100, 1000])
            mutant = shares[session]._replace(
                **{field: type(getattr(shares[session], field))(change) + getattr(shares[session], field)}
            )
            mutated = {**shares, session: mutant}
            assert (one.certificate(mutated) is None) == (other.certificate(mutated) is None), (seed, mutated)


def test_sums_beyond_64_bits_are_refused() -> None:
    site = compiled.Site([("grid", None)], [("grid", ALL_PHASES, None)])
    heavy = {"minimum_ma": 0, "maximum_ma": 10**6, "factors": {("grid", ALL_PHASES): 1000.0}}
    for number in range(4611):
        site.add(number, "grid", (1,), **heavy)
    with pytest.raises(ValueError, match=r"session 'one too many': the maxima on \('grid', 0\) are beyond 64 bits"):
        site.add("one too many", "grid", (1,), **heavy)
    with pytest.raises(KeyError):
        site.share("one too many")


@pytest.mark.parametrize("seed", range(12))
def test_a_large_site_after_many_events_is_the_site_built_anew(seed: int) -> None:
    random_ = random.Random(seed)
    evses = random_.choice([60, 60, 400])
    instance = grown_instance(evses, mixed=seed % 2 == 0, seed=seed)
    away: dict[Any, dict[str, Any]] = {}
    site = build(compiled.Site, instance)
    told = site.solve()
    links, sessions = instance["links"], instance["sessions"]
    for round_ in range(150):
        for _ in range(random_.choice([1, 1, 1, 3])):
            happen(random_, site, links, sessions, away)
        told |= site.update()
        assert site.certificate() is None
        if round_ % 5 == 0:
            anew = build(compiled.Site, instance)
            anew.solve()
            assert_same(site.shares(), anew.shares())
            assert all(site.share(session).binding == anew.share(session).binding for session in sessions)
        assert {session: told[session] for session in sessions if session in told} == {
            session: share.current_ma for session, share in site.shares().items() if session in told
        }
        told = {session: current for session, current in told.items() if session in sessions}


class Events(RuleBasedStateMachine):
    """Events on a small random site: after each batch the incremental answer is that of the twin built anew."""

    def __init__(self) -> None:
        super().__init__()
        self.instance: dict[str, Any] = {}

    @precondition(lambda self: not self.instance)
    @rule(seed=SEEDS)
    def open(self, seed: int) -> None:
        self.instance = random_instance(random.Random(seed), 12)
        self.away: dict[Any, dict[str, Any]] = {}
        self.first_turn = 0
        self.site = build(compiled.Site, self.instance)
        self.currents = dict.fromkeys(self.instance["sessions"], 0) | self.site.update()

    @precondition(lambda self: self.instance)
    @rule(seeds=st.lists(SEEDS, min_size=1, max_size=3))
    def change(self, seeds: list[int]) -> None:
        for seed in seeds:
            happen(random.Random(seed), self.site, self.instance["links"], self.instance["sessions"], self.away)
        self.update()

    @precondition(lambda self: self.instance)
    @rule(turn=st.integers(0, 12))
    def rotate(self, turn: int) -> None:
        self.first_turn = turn
        self.site.set_first_turn(turn)
        self.update()

    def update(self) -> None:
        self.currents = {session: self.currents.get(session, 0) for session in self.instance["sessions"]}
        self.currents |= self.site.update()

    @precondition(lambda self: self.instance)
    @invariant()
    def is_the_answer_of_the_twin(self) -> None:
        anew = build(plain.Site, self.instance)
        anew.set_first_turn(self.first_turn)
        anew.solve()
        assert_same(anew.shares(), self.site.shares())
        assert self.currents == {session: share.current_ma for session, share in anew.shares().items()}
        assert self.site.certificate() is None


TestEvents = Events.TestCase
TestEvents.settings = settings(max_examples=80, stateful_step_count=25, deadline=None)
