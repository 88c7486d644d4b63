"""Whatever happens on a site in whatever order: no circuit is promised more than it carries, and all ends well."""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.charging.description import EvseDescription, EvseKey, NodeDescription
from gateway.core.charging.orders import Ending, LeaseTerms, Order
from gateway.hot import ALL_PHASES
from tests.core.charging.site_bench import SiteBench, evse, site

TERMS = LeaseTerms(lease_s=120.0, settle_s=10.0, skew_s=5.0)

DEADBAND_MA = 500


class Stations:
    """What is really in force: each station applies what it may have applied, at the worst of times."""

    def __init__(self, bench: SiteBench, fates: list[tuple[Ending, float, bool]]) -> None:
        self._bench = bench
        self._fates = fates
        self.in_force: dict[EvseKey, Order] = {}
        self.running: dict[EvseKey, str] = {}
        for key in bench.network.evses:
            bench.answers[key[0]] = self.answer

    def answer(self, order: Order) -> tuple[Ending, float]:
        """Take an order, apply it or not, and say what becomes of the answer."""
        ending, after_s, is_applied = self._fates.pop() if self._fates else (Ending.ACCEPTED, 0.2, True)
        if ending is Ending.ACCEPTED or (ending is Ending.UNKNOWN and is_applied):
            self._bench.later(after_s, lambda: self._apply(order))
        return ending, after_s

    def load(self, link: int) -> int:
        """What the limits in force let vehicles draw on a link, in millionths."""
        load = 0
        for key, description in self._bench.network.evses.items():
            order = self.in_force.get(key)
            if order is None or order.expires_at is None or order.expires_at <= self._bench.now:
                limit, phases = description.fallback_ma, description.phases
            else:
                limit, phases = order.limit_ma, order.phases
            load += sum(factor * limit for number, factor in self._bench.network.loads(key, phases) if number == link)
        return load

    def _apply(self, order: Order) -> None:
        if self.running.get(order.key) == order.transaction:
            self.in_force[order.key] = order


class World:
    """One site that hypothesis plays with."""

    def __init__(self, evses: list[EvseDescription], limit_a: int, fates: list[tuple[Ending, float, bool]]) -> None:
        panel = NodeDescription(name="panel", parent="grid", limit_ma=(40_000, 32_000, 50_000), limit_w=25_000)
        self.bench = SiteBench(site(*evses, limit_a=limit_a, nodes=(panel,)), terms=TERMS)
        self.stations = Stations(self.bench, fates)
        self.transactions = 0
        self.keys = list(self.bench.network.evses)

    def step(self, what: str, which: int, amount: int) -> None:
        """Let one thing happen, and no time pass."""
        bench, controller = self.bench, self.bench.controller
        key = self.keys[which % len(self.keys)]
        if what == "begin" and key not in self.stations.running:
            self.transactions += 1
            self.stations.running[key] = f"tx{self.transactions}"
            controller.session_began(key, f"tx{self.transactions}", (), bench.now)
        elif what == "end" and key in self.stations.running:
            controller.session_ended(key, self.stations.running.pop(key), bench.now)
            self.stations.in_force.pop(key, None)
        elif what == "gone":
            controller.gone(key[0], bench.now)
        elif what == "connected":
            controller.connected(key[0], bench.now)
        elif what == "draws" and key in self.stations.running:
            currents: tuple[Any, ...] = (amount, amount * (which % 2), amount * (which % 2))
            controller.drew(key, None, (currents[0], currents[1], currents[2]), None, None, bench.now, bench.now)
        elif what == "cap":
            bench.capacities.set_limit("grid", limit_ma=(amount * 3,) * 3, limit_w=None, until=None, now=bench.now)
            controller.capacity_changed(bench.now)
        elif what == "wait":
            for _second in range(amount // 1000):
                bench.run(1.0)
                self.check()

    def check(self) -> None:
        """What is really in force fits, wherever the ledger tells no deficit."""
        bench = self.bench
        self.check_figures()
        deficits = bench.ledger.deficits()
        for link, capacity in enumerate(bench.capacities.lowest(bench.now, 0.0)):
            if capacity is not None and link not in deficits:
                assert self.stations.load(link) <= capacity * 1_000_000, bench.network.links[link]

    def check_figures(self) -> None:
        """The figures, which follow what changes, are those of the view, which looks at everything."""
        figures, view = self.bench.controller.figures(self.bench.now), self.bench.controller.view(self.bench.now)
        assert {state: count for state, count in figures.evses.items() if count} == Counter(
            evse.state for evse in view.evses
        )
        limited = [link for link in view.links if link.capacity is not None]
        assert figures.links == len(limited)
        assert figures.links_over == sum(link.deficit > 0 for link in limited)
        assert figures.deficit_ma == max(link.deficit for link in limited if link.phase)


EVSES = st.lists(
    st.tuples(
        st.sampled_from([(1, 2, 3), (2, 3, 1), (1,), (2,), (3,)]),
        st.sampled_from([16_000, 32_000]),
        st.sampled_from([0, 0, 6000]),
        st.sampled_from(["grid", "panel"]),
        st.sampled_from([10, 10, 20]),
    ),
    min_size=2,
    max_size=4,
).map(
    lambda rows: [
        evse(number, phases=phases, maximum_ma=maximum, fallback_ma=fallback, node=node, weight=weight)
        for number, (phases, maximum, fallback, node, weight) in enumerate(rows, 1)
    ]
)

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["begin", "begin", "end", "gone", "connected", "draws", "draws", "cap", "wait", "wait", "wait"]
        ),
        st.integers(0, 5),
        st.sampled_from([500, 2000, 6000, 9000, 16_000, 30_000, 70_000]),
    ),
    min_size=15,
    max_size=40,
)

FATES = st.lists(
    st.tuples(
        st.sampled_from([Ending.ACCEPTED, Ending.ACCEPTED, Ending.UNKNOWN, Ending.REJECTED, Ending.NOT_SENT]),
        st.sampled_from([0.0, 0.2, 5.0, 25.0]),
        st.booleans(),
    ),
    min_size=5,
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(evses=EVSES, limit_a=st.integers(30, 100), steps=STEPS, fates=FATES)
def test_no_interleaving_promises_more_than_a_link_carries(
    evses: list[EvseDescription], limit_a: int, steps: list[tuple[str, int, int]], fates: list[Any]
) -> None:
    world = World(evses, limit_a, fates)
    for what, which, amount in steps:
        world.step(what, which, amount)
        world.bench.run(0)
        world.check()


@settings(max_examples=150, deadline=None)
@given(evses=EVSES, limit_a=st.integers(30, 100), steps=STEPS, fates=FATES)
def test_when_all_is_quiet_limits_are_the_optimum(
    evses: list[EvseDescription], limit_a: int, steps: list[tuple[str, int, int]], fates: list[Any]
) -> None:
    world = World(evses, limit_a, fates)
    for what, which, amount in steps:
        world.step(what, which, amount if what != "cap" else 12_000)
        world.bench.run(0)
    fates.clear()
    bench = world.bench
    for key in world.keys:
        bench.controller.connected(key[0], bench.now)
    bench.run(900)
    optimum = optimum_of(world)
    for key in world.keys:
        view = bench.at(key)
        assert view.target_ma == optimum.get(key, 0)
        if key in optimum and not bench.ledger.deficits():  # who ignores limits may leave no room for fallbacks
            ceiling = bench.controller._evses[key].session.ceiling_ma  # type: ignore[union-attr]
            assert view.limit_ma > view.target_ma - DEADBAND_MA
            assert view.limit_ma < view.target_ma + DEADBAND_MA or ceiling is not None


def optimum_of(world: World) -> dict[EvseKey, int]:
    """Return what an allocator that is built anew gives to those who charge, beside what is reserved for others."""
    bench = world.bench
    allocator = bench.network.allocator()
    outside = [0] * len(bench.network.links)
    wishes = {}
    for key in world.keys:
        evse_now = bench.controller._evses[key]
        phases: tuple[int, ...] = ()
        if evse_now.is_steerable(bench.now):
            assert evse_now.session is not None
            wishes[key] = evse_now.session.wish(bench.now)
            phases = wishes[key].phases
        for phase, reach in enumerate(bench.ledger.reach_ma(key), 1):
            if phase not in phases:
                for link, factor in bench.network.loads(key, (phase,)):
                    outside[link] += factor * reach
    for link, capacity in enumerate(bench.capacities.lowest(bench.now, 1000.0)):
        if capacity is not None:
            node, phase = bench.network.links[link]
            assert phase in (ALL_PHASES, 1, 2, 3)
            allocator.set_capacity(node, phase, (capacity * 1_000_000 - outside[link]) // 1_000_000)
    for key, wish in wishes.items():
        is_served = bench.at(key).state == "charging"
        allocator.add(
            key,
            bench.network.evses[key].node,
            wish.phases,
            minimum_ma=wish.minimum_ma,
            maximum_ma=wish.maximum_ma,
            step_ma=100,
            weight=wish.weight,
            priority=0 if is_served else 1,
            turn=bench.controller._targets.turn(key),
            factors=bench.network.factors(key, wish.phases),
        )
    allocator.solve()
    return {key: allocator.share(key).current_ma for key in wishes}
