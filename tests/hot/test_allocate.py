"""The allocator, compiled and plain: worked examples, what it refuses, what must never change its answer."""

import random
import tracemalloc
from types import ModuleType
from typing import Any

import pytest

from bench.allocation_rivals import problem_of, shares_by_linear_programs
from bench.allocation_sites import Instance, build, random_instance
from gateway.hot import ALL_PHASES, Share

SEEDS = range(60)
ALL_THREE = (1, 2, 3)
ONE_LINK = ([("grid", None)], [("grid", 1, 32000)])


def asked(node: str = "grid", phases: tuple[int, ...] = (1,), **others: Any) -> dict[str, Any]:
    return {"node": node, "phases": phases, "minimum_ma": 6000, "maximum_ma": 32000, **others}


def currents(site: Any) -> dict[Any, int]:
    return {session: share.current_ma for session, share in site.shares().items()}


def solved(allocate: ModuleType, instance: Instance) -> dict[Any, Share]:
    site = build(allocate.Site, instance)
    site.solve()
    return site.shares()


def assert_alike(one: dict[Any, Share], other: dict[Any, Share], scale: int = 1) -> None:
    assert one.keys() == other.keys()
    for session, share in one.items():
        assert other[session].admitted == share.admitted
        assert other[session].exact_ma == pytest.approx(share.exact_ma * scale, abs=1e-6)
        assert other[session].current_ma == share.current_ma * scale


# --- worked examples


def test_two_cars_share_a_link_equally(allocate: ModuleType) -> None:
    site = allocate.Site(*ONE_LINK)
    for name in "ab":
        site.add(name, **asked())
    assert site.solve() == {"a": 16000, "b": 16000}
    assert site.share("a") == Share(True, 16000.0, 16000, ("grid", 1))


def test_what_one_car_cannot_take_the_other_gets(allocate: ModuleType) -> None:
    site = allocate.Site(*ONE_LINK)
    site.add("small", **asked(maximum_ma=10000))
    site.add("large", **asked())
    assert site.solve() == {"small": 10000, "large": 22000}
    assert site.share("small").binding is None


def test_weights_divide_a_link_but_not_below_the_minimum(allocate: ModuleType) -> None:
    site = allocate.Site([("grid", None)], [("grid", 1, 40000)])
    site.add("three", **asked(weight=3))
    site.add("one", **asked())
    assert site.solve() == {"three": 30000, "one": 10000}
    site.set_capacity("grid", 1, 20000)
    assert site.update() == {"three": 14000, "one": 6000}


def test_a_three_phase_car_is_held_by_its_fullest_phase(allocate: ModuleType) -> None:
    site = allocate.Site([("grid", None)], [("grid", phase, 32000) for phase in ALL_THREE])
    site.add("three", **asked(phases=ALL_THREE))
    site.add("first", **asked(phases=(1,)))
    site.add("second", **asked(phases=(2,)))
    site.add("second too", **asked(phases=(2,)))
    site.solve()
    assert currents(site) == {"three": 10700, "first": 21300, "second": 10700, "second too": 10600}
    assert site.share("three").binding == ("grid", 2)
    assert site.share("first").binding == ("grid", 1)


def test_a_link_in_kw_counts_every_phase(allocate: ModuleType) -> None:
    site = allocate.Site([("grid", None)], [("grid", ALL_PHASES, 22_080_000)])
    site.add("three", **asked(phases=ALL_THREE, factors={("grid", ALL_PHASES): 690.0}))
    site.add("one", **asked(factors={("grid", ALL_PHASES): 230.0}))
    assert site.solve() == {"three": 24000, "one": 24000}


def test_steps_left_over_go_to_the_lowest_level_and_then_in_turn(allocate: ModuleType) -> None:
    site = allocate.Site([("grid", None)], [("grid", 1, 50000)])
    for turn, name in enumerate("abc"):
        site.add(name, **asked(step_ma=1000, turn=turn))
    assert site.solve() == {"a": 17000, "b": 17000, "c": 16000}
    site.set_first_turn(1)
    assert site.update() == {"a": 16000, "c": 17000}
    site.set_first_turn(2)
    site.update()
    assert currents(site) == {"a": 17000, "b": 16000, "c": 17000}


def test_a_coarse_station_leaves_its_fraction_to_a_fine_one(allocate: ModuleType) -> None:
    site = allocate.Site([("grid", None)], [("grid", 1, 33000)])
    site.add("coarse", **asked(step_ma=1000))
    site.add("fine", **asked(step_ma=100))
    assert site.solve() == {"coarse": 16000, "fine": 17000}


def test_a_share_of_a_whole_step_is_not_cut_by_binary_fractions(allocate: ModuleType) -> None:
    for count in range(1, 60):
        site = allocate.Site([("grid", None)], [("grid", 1, 7300 * count)])
        for number in range(count):
            site.add(number, **asked(step_ma=100, weight=3))
        assert set(site.solve().values()) == {7300}


# --- admission


def test_admission_goes_by_pin_then_priority_then_pass_then_turn(allocate: ModuleType) -> None:
    site = allocate.Site([("grid", None)], [("grid", 1, 6000)])
    order = {
        "pinned": {"pinned": True, "priority": 9, "stride_pass": 9, "turn": 9},
        "important": {"priority": 1, "stride_pass": 9, "turn": 8},
        "waited": {"priority": 2, "stride_pass": 1, "turn": 7},
        "earlier turn": {"priority": 2, "stride_pass": 2, "turn": 1},
        "later turn": {"priority": 2, "stride_pass": 2, "turn": 2},
    }
    for name in reversed(order):
        site.add(name, **asked(**order[name]))
    for name in order:
        site.update()
        assert [session for session, share in site.shares().items() if share.admitted] == [name]
        site.remove(name)


def test_a_smaller_minimum_is_admitted_after_a_refused_one(allocate: ModuleType) -> None:
    site = allocate.Site([("grid", None)], [("grid", 1, 20000)])
    site.add("first", **asked(minimum_ma=12000, turn=1))
    site.add("second", **asked(minimum_ma=10000, turn=2))
    site.add("third", **asked(minimum_ma=8000, turn=3))
    assert site.solve() == {"first": 12000, "third": 8000}
    assert site.share("second") == Share(False, 0.0, 0, ("grid", 1))


def test_a_node_overloaded_by_its_base_load_gives_zero_and_says_so(allocate: ModuleType) -> None:
    site = allocate.Site(
        [("grid", None), ("panel", "grid")], [("grid", 1, 63000), ("panel", 1, -2000), ("panel", 2, 10000)]
    )
    site.add("below", **asked("panel"))
    site.add("below, with no minimum", **asked("panel", minimum_ma=0))
    site.add("on the other phase", **asked("panel", (2,)))
    site.add("beside", **asked())
    assert site.solve() == {"on the other phase": 10000, "beside": 32000}
    assert site.share("below").binding == ("panel", 1)
    assert site.share("below, with no minimum") == Share(False, 0.0, 0, ("panel", 1))
    assert site.certificate() is None


def test_no_capacity_is_no_limit(allocate: ModuleType) -> None:
    site = allocate.Site([("grid", None)], [("grid", 1, None)])
    for number in range(5):
        site.add(number, **asked())
    assert set(site.solve().values()) == {32000}
    site.set_capacity("grid", 1, 50000)
    assert set(site.update().values()) == {10000}
    site.set_capacity("grid", 1, None)
    assert set(site.update().values()) == {32000}


# --- what changed


def test_only_changes_are_told_and_each_once(allocate: ModuleType) -> None:
    site = allocate.Site(
        [("grid", None), ("left", "grid"), ("right", "grid")], [("left", 1, 20000), ("right", 1, 20000)]
    )
    site.add("l", **asked("left"))
    site.add("r", **asked("right"))
    assert site.update() == {"l": 20000, "r": 20000}
    assert site.update() == {}
    site.add("r2", **asked("right"))
    assert site.update() == {"r": 10000, "r2": 10000}
    site.remove("r")
    assert site.update() == {"r2": 20000}
    site.set_limits("r2", 6000, 8000)
    assert site.update() == {"r2": 8000}
    with pytest.raises(KeyError):
        site.share("r")


def test_an_empty_site_has_an_answer(allocate: ModuleType) -> None:
    site = allocate.Site([("grid", None)], [])
    assert site.solve() == {}
    assert site.shares() == {}
    assert site.certificate() is None


def test_cars_that_come_and_go_leave_no_memory_behind(allocate: ModuleType) -> None:
    site = allocate.Site(*ONE_LINK)
    sizes = []

    def come_and_go() -> None:
        for number in range(20):
            site.add(number, **asked(factors={("grid", 1): 1.5}))
        site.update()
        for number in range(20):
            site.remove(number)

    tracemalloc.start()
    try:
        for _ in range(5):
            for _ in range(20):
                come_and_go()
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert sizes[-1] - sizes[0] < 20 * 20 * 3 * 16, "a load of one link, kept for each car, is already more"


# --- bad input


@pytest.mark.parametrize(
    ("nodes", "links", "complaint"),
    [
        ([], [], "at least one node"),
        ([("a", None), ("a", None)], [], "node 'a' is there twice"),
        ([("a", None), ("b", "a"), ("b", "a")], [], "node 'b' is there twice"),
        ([("a", None), ("b", "c")], [], "node 'b' has parent 'c', which is no node"),
        ([("a", None), ("b", None)], [], "nodes 'a' and 'b' both have no parent"),
        ([("a", None), ("b", "c"), ("c", "b")], [], "node 'b' is part of a cycle"),
        ([("a", "a")], [], "node 'a' is part of a cycle"),
        (
            [("0", None)] + [(str(number), str(number - 1)) for number in range(1, 17)],
            [],
            "node '16' is deeper than 16",
        ),
        ([("a", None)], [("b", 1, 0)], r"link \('b', 1\) is on no node"),
        ([("a", None)], [("a", 4, 0)], r"link \('a', 4\) has a phase that cannot be"),
        ([("a", None)], [("a", 1, 0), ("a", 1, 0)], r"link \('a', 1\) is there twice"),
        ([("a", None)], [("a", 1, float("nan"))], r"link \('a', 1\): capacity nan"),
        ([("a", None)], [("a", 1, 1.5)], r"link \('a', 1\): capacity 1.5"),
        ([("a", None)], [("a", 1, 10**13)], r"link \('a', 1\): capacity 10000000000000"),
    ],
)
def test_a_site_that_cannot_be_is_refused_by_name(allocate: ModuleType, nodes: Any, links: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        allocate.Site(nodes, links)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"node": "cellar"}, "'cellar'"),
        ({"phases": ()}, "phases that cannot be"),
        ({"phases": (1, 1)}, "phases that cannot be"),
        ({"phases": (0,)}, "phases that cannot be"),
        ({"minimum_ma": 33000}, "minimum_ma 33000 is above maximum_ma 32000"),
        ({"minimum_ma": -1}, "minimum_ma -1"),
        ({"maximum_ma": float("nan")}, "maximum_ma nan"),
        ({"maximum_ma": 10**6 + 1}, "maximum_ma 1000001"),
        ({"maximum_ma": 32050}, "maximum_ma 32050 is no whole number of steps of 100"),
        ({"step_ma": 0}, "step_ma 0"),
        ({"weight": 0}, "weight 0"),
        ({"weight": 1001}, "weight 1001"),
        ({"weight": float("nan")}, "weight nan"),
        ({"turn": -1}, "turn -1"),
        ({"stride_pass": 2**63}, "stride_pass 9223372036854775808"),
        ({"factors": {("grid", 1): float("nan")}}, "factor nan"),
        ({"factors": {("grid", 1): -1.0}}, "factor -1.0"),
        ({"factors": {("grid", 1): float("inf")}}, "factor inf"),
        ({"factors": {("panel", 1): 1.0}}, r"factor for \('panel', 1\)"),
        ({"factors": {}, "node": "panel"}, r"needs a factor for link \('panel', 0\)"),
    ],
)
def test_a_session_that_cannot_be_is_refused_and_changes_nothing(
    allocate: ModuleType, changes: dict[str, Any], complaint: str
) -> None:
    site = allocate.Site([("grid", None), ("panel", "grid")], [("grid", 1, 32000), ("panel", ALL_PHASES, 22_000_000)])
    with pytest.raises(ValueError, match=f"session 'bad'.*{complaint}"):
        site.add("bad", **{**asked(), **changes})
    assert site.shares() == {}
    site.add("good", **asked())
    assert site.solve() == {"good": 32000}


def test_a_refused_change_leaves_the_site_as_it_was(allocate: ModuleType) -> None:
    site = allocate.Site(*ONE_LINK)
    site.add("car", **asked())
    site.solve()
    for refused in (
        lambda: site.add("car", **asked()),
        lambda: site.set_limits("car", 7000, 6000),
        lambda: site.set_capacity("grid", 2, 1000),
        lambda: site.set_capacity("grid", 1, float("nan")),
        lambda: site.set_order("car", pinned=False, priority=-1, stride_pass=0),
        lambda: site.set_first_turn(-1),
    ):
        with pytest.raises(ValueError):
            refused()
    for unknown in (
        lambda: site.remove("nobody"),
        lambda: site.set_limits("nobody", 0, 0),
        lambda: site.set_order("nobody", pinned=False, priority=0, stride_pass=0),
    ):
        with pytest.raises(KeyError):
            unknown()
    assert site.update() == {}
    assert site.share("car").current_ma == 32000


# --- what holds for every site


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_in_which_a_site_is_built_does_not_matter(allocate: ModuleType, seed: int) -> None:
    instance = random_instance(random.Random(seed), 15)
    shuffled = random.Random(seed)
    sessions = list(instance["sessions"].items())
    nodes, links = list(instance["nodes"]), list(instance["links"])
    for items in (sessions, nodes, links):
        shuffled.shuffle(items)
    permuted = {"nodes": nodes, "links": links, "sessions": dict(sessions)}
    assert_alike(solved(allocate, instance), solved(allocate, permuted))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_names_of_the_phases_do_not_matter(allocate: ModuleType, seed: int) -> None:
    instance = random_instance(random.Random(seed), 15)
    name = {ALL_PHASES: ALL_PHASES, 1: 2, 2: 3, 3: 1}
    relabelled = {
        "nodes": instance["nodes"],
        "links": [(node, name[phase], capacity) for node, phase, capacity in instance["links"]],
        "sessions": {
            session: {
                **arguments,
                "phases": tuple(name[phase] for phase in arguments["phases"]),
                "factors": {(node, name[phase]): factor for (node, phase), factor in arguments["factors"].items()},
            }
            for session, arguments in instance["sessions"].items()
        },
    }
    assert_alike(solved(allocate, instance), solved(allocate, relabelled))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_site_seven_times_as_large_gives_seven_times_as_much(allocate: ModuleType, seed: int) -> None:
    instance = random_instance(random.Random(seed), 15)
    scaled = {
        "nodes": instance["nodes"],
        "links": [(node, phase, None if value is None else 7 * value) for node, phase, value in instance["links"]],
        "sessions": {
            session: {
                **arguments,
                **{name: 7 * arguments[name] for name in ("minimum_ma", "maximum_ma", "step_ma")},
            }
            for session, arguments in instance["sessions"].items()
        },
    }
    assert_alike(solved(allocate, instance), solved(allocate, scaled), 7)


@pytest.mark.parametrize("seed", SEEDS)
def test_more_capacity_or_one_car_less_never_lowers_the_levels(allocate: ModuleType, seed: int) -> None:
    random_ = random.Random(seed)
    instance = random_instance(random_, 15)
    for arguments in instance["sessions"].values():
        arguments["minimum_ma"] = 0  # so that admission stays the same
    site = build(allocate.Site, instance)
    site.solve()
    before = site.shares()

    def levels(shares: dict[Any, Share]) -> list[float]:
        weights = {session: arguments["weight"] for session, arguments in instance["sessions"].items()}
        compared = [session for session in shares if before[session].admitted]
        return sorted(round(shares[session].exact_ma / weights[session], 5) for session in compared)

    node, phase, capacity = random_.choice(
        [link for link in instance["links"] if link[2] is not None] or [("n0", 1, None)]
    )
    if capacity is not None and capacity >= 0:
        site.set_capacity(node, phase, capacity + 7000)
        site.solve()
        assert levels(site.shares()) >= levels(before)
        site.set_capacity(node, phase, capacity)
    gone = random_.choice(list(instance["sessions"]))
    site.remove(gone)
    site.solve()
    del before[gone]
    assert levels(site.shares()) >= levels(before)


@pytest.mark.parametrize("seed", SEEDS)
def test_currents_are_whole_steps_within_limits_and_links_within_capacity(allocate: ModuleType, seed: int) -> None:
    instance = random_instance(random.Random(seed))
    shares = solved(allocate, instance)
    loads = {(node, phase): 0 for node, phase, _ in instance["links"]}
    parents = dict(instance["nodes"])
    for session, arguments in instance["sessions"].items():
        current = shares[session].current_ma
        assert current % arguments["step_ma"] == 0
        assert current == 0 or arguments["minimum_ma"] <= current <= arguments["maximum_ma"]
        assert shares[session].admitted or current == 0
        above: str | None = arguments["node"]
        while above is not None:
            for phase in (ALL_PHASES, *ALL_THREE):
                if (above, phase) in loads:
                    factor = arguments["factors"].get((above, phase), phase in arguments["phases"])
                    loads[above, phase] += round(factor * 10**6) * current
            above = parents[above]
    for node, phase, capacity in instance["links"]:
        assert capacity is None or loads[node, phase] <= max(0, capacity * 10**6)


@pytest.mark.parametrize("seed", SEEDS)
def test_shares_and_admission_are_those_of_linear_programs(allocate: ModuleType, seed: int) -> None:
    instance = random_instance(random.Random(seed), 15)
    problem = problem_of(instance)
    shares = solved(allocate, instance)
    assert {session for session, share in shares.items() if share.admitted} == set(problem.sessions)
    for session, share_a in shares_by_linear_programs(problem).items():
        assert shares[session].exact_ma == pytest.approx(share_a * 1000, abs=1e-3)


# --- the certificate


@pytest.mark.parametrize("seed", range(120))
def test_the_certificate_accepts_the_optimum_and_nothing_beside_it(allocate: ModuleType, seed: int) -> None:
    random_ = random.Random(seed)
    instance = random_instance(random_, 15)
    site = build(allocate.Site, instance)
    site.solve()
    shares = site.shares()
    assert site.certificate() is None
    assert site.certificate(shares) is None
    for session, share in shares.items():
        step_ma = instance["sessions"][session]["step_ma"]
        mutants = [
            share._replace(admitted=not share.admitted),
            share._replace(exact_ma=share.exact_ma + 0.1),
            share._replace(exact_ma=share.exact_ma - 0.1),
            share._replace(exact_ma=float("nan")),
            share._replace(current_ma=share.current_ma + step_ma),
            share._replace(current_ma=share.current_ma - step_ma),
            share._replace(current_ma=-(10**15)),
            share._replace(current_ma=10**15),
        ]
        if step_ma > 1:
            mutants.append(share._replace(current_ma=share.current_ma + 1))
        for mutant in mutants:
            assert site.certificate({**shares, session: mutant}) is not None, mutant
    for _ in range(20):
        loser, winner = random_.choice(list(shares)), random_.choice(list(shares))
        moved_ma = random_.choice([0.1, 10.0, 1000.0, 5000.0])
        if loser != winner:
            lower = shares[loser]._replace(exact_ma=shares[loser].exact_ma - moved_ma)
            higher = shares[winner]._replace(exact_ma=shares[winner].exact_ma + moved_ma)
            assert site.certificate({**shares, loser: lower, winner: higher}) is not None
            step_ma = instance["sessions"][loser]["step_ma"] * instance["sessions"][winner]["step_ma"]
            lower = shares[loser]._replace(current_ma=shares[loser].current_ma - step_ma)
            higher = shares[winner]._replace(current_ma=shares[winner].current_ma + step_ma)
            assert site.certificate({**shares, loser: lower, winner: higher}) is not None
    assert site.certificate({}) is not None or not shares


def test_the_certificate_refuses_shares_of_an_older_capacity(allocate: ModuleType) -> None:
    site = allocate.Site(*ONE_LINK)
    site.add("car", **asked())
    site.solve()
    site.set_capacity("grid", 1, 20000)
    assert site.certificate() == "link ('grid', 1): the shares are above its capacity"
    site.set_capacity("grid", 1, 5000)
    assert site.certificate() == "session 'car' is admitted wrongly"
    site.update()
    assert site.certificate() is None


def test_the_certificate_refuses_a_step_out_of_turn(allocate: ModuleType) -> None:
    site = allocate.Site([("grid", None)], [("grid", 1, 33000)])
    site.add("first", **asked(step_ma=1000, turn=1))
    site.add("second", **asked(step_ma=1000, turn=2))
    site.solve()
    shares = site.shares()
    assert currents(site) == {"first": 17000, "second": 16000}
    swapped = {
        "first": shares["first"]._replace(current_ma=16000),
        "second": shares["second"]._replace(current_ma=17000),
    }
    assert site.certificate(swapped) == "session 'first': there was room for a further step"
