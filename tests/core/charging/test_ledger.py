"""The ledger: what it reserves, held against every state that a station might be in."""

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gateway.core.charging.description import EvseDescription, EvseKey, NodeDescription, SiteDescription
from gateway.core.charging.ledger import InvariantError, Ledger, SavedReservation, _highest
from gateway.core.charging.network import Network
from gateway.core.charging.orders import Ending, LeaseTerms, Order

A = ("A", 1)
B = ("B", 1)
TERMS = LeaseTerms(lease_s=600, settle_s=10, skew_s=30)


def network(*evses: EvseDescription, limit_a: int = 40, limit_w: int | None = None) -> Network:
    node = NodeDescription(name="grid", limit_ma=(limit_a * 1000,) * 3, limit_w=limit_w)
    two = (EvseDescription(station="A", evse=1, node="grid"), EvseDescription(station="B", evse=1, node="grid"))
    return Network(SiteDescription(name="site", nodes=(node,), evses=evses or two))


def ledger_of(site: Network, terms: LeaseTerms = TERMS) -> Ledger:
    ledger = Ledger(site)
    amperes = [None if node_ma is None else node_ma for node_ma in site.description.nodes[0].limit_ma or (None,) * 3]
    limit_w = site.description.nodes[0].limit_w
    capacities = [None if limit_w is None else limit_w * 1000, *amperes]
    ledger.set_capacities(capacities, capacities)
    for key in site.evses:
        ledger.set_terms(key[0], terms)
        ledger.default_installed(key, 0.0)
    ledger.tick(100.0)
    return ledger


def order(number: int, limit_a: float, *, key: EvseKey = A, at: float = 100.0, phases: tuple[int, ...] = (1, 2, 3),
          transaction: str = "T", for_good: bool = False) -> Order:  # fmt: skip
    expires_at = None if for_good else at + 600
    return Order(number, key, transaction, round(limit_a * 1000), phases, at, expires_at)


def ready() -> Ledger:
    ledger = ledger_of(network())
    ledger.session_began(A, "T", 100.0)
    ledger.session_began(B, "U", 100.0)
    return ledger


def test_an_evse_that_is_not_heard_of_reserves_its_hardware() -> None:
    ledger = Ledger(network())
    assert ledger.reach_ma(A) == (32_000,) * 3
    assert ledger.reserved(1) == 64_000


def test_a_default_counts_once_the_vehicle_has_followed() -> None:
    ledger = Ledger(network())
    ledger.default_installed(A, 50.0)
    ledger.tick(59.9)
    assert ledger.reach_ma(A) == (32_000,) * 3
    ledger.tick(60.0)
    assert ledger.reach_ma(A) == (0, 0, 0)


def test_what_another_server_set_counts_until_an_order_of_ours_is_accepted() -> None:
    ledger = Ledger(network())
    ledger.session_began(A, "T", 0.0)
    ledger.default_installed(A, 0.0)
    ledger.tick(1000.0)
    assert ledger.reach_ma(A) == (32_000,) * 3
    ledger.sent(order(1, 6, at=1000.0))
    ledger.ended(A, 1, Ending.ACCEPTED, 1001.0)
    ledger.tick(1011.0)
    assert ledger.reach_ma(A) == (6_000,) * 3


def test_an_order_counts_from_when_it_is_sent() -> None:
    ledger = ready()
    ledger.sent(order(1, 16))
    assert ledger.reach_ma(A) == (16_000,) * 3
    assert ledger.room_ma(B, (1, 2, 3), 100.0) == 24_000


def test_a_lower_limit_counts_only_once_the_vehicle_has_followed() -> None:
    ledger = ready()
    ledger.sent(order(1, 32))
    ledger.ended(A, 1, Ending.ACCEPTED, 101.0)
    ledger.sent(order(2, 10, at=110.0))
    assert ledger.reach_ma(A) == (32_000,) * 3
    ledger.ended(A, 2, Ending.ACCEPTED, 111.0)
    ledger.tick(120.9)
    assert ledger.reach_ma(A) == (32_000,) * 3
    ledger.tick(121.0)
    assert ledger.reach_ma(A) == (10_000,) * 3


def test_an_unanswered_order_stays_after_a_newer_one_is_accepted() -> None:
    """A station may apply the older one late: the first of two real overloads of an earlier ledger."""
    ledger = ready()
    ledger.sent(order(1, 32))
    ledger.ended(A, 1, Ending.UNKNOWN, 130.0)
    ledger.sent(order(2, 10, at=130.0))
    ledger.ended(A, 2, Ending.ACCEPTED, 131.0)
    ledger.tick(300.0)
    assert ledger.reach_ma(A) == (32_000,) * 3
    ledger.tick(100 + 600 + 30 + 10)
    assert ledger.reach_ma(A) == (10_000,) * 3


def test_a_rejected_retry_leaves_the_unanswered_first_try() -> None:
    """The first may have been applied: the second of two real overloads of an earlier ledger."""
    ledger = ready()
    ledger.sent(order(1, 32))
    ledger.ended(A, 1, Ending.UNKNOWN, 130.0)
    ledger.sent(order(2, 32, at=130.0))
    ledger.ended(A, 2, Ending.REJECTED, 131.0)
    ledger.tick(300.0)
    assert ledger.reach_ma(A) == (32_000,) * 3


def test_a_rejected_order_is_as_if_it_were_not_sent() -> None:
    ledger = ready()
    ledger.sent(order(1, 32))
    ledger.ended(A, 1, Ending.REJECTED, 101.0)
    assert ledger.reach_ma(A) == (0, 0, 0)


def test_an_acceptance_that_comes_after_that_of_a_newer_order_ends_nothing() -> None:
    ledger = ready()
    ledger.sent(order(1, 10))
    ledger.sent(order(2, 20))
    ledger.ended(A, 2, Ending.ACCEPTED, 102.0)
    ledger.ended(A, 1, Ending.ACCEPTED, 103.0)
    ledger.tick(200.0)
    assert ledger.reach_ma(A) == (20_000,) * 3


def test_a_lease_that_is_not_refreshed_ends_by_itself() -> None:
    ledger = ready()
    ledger.sent(order(1, 32))
    ledger.ended(A, 1, Ending.ACCEPTED, 101.0)
    ledger.tick(739.9)
    assert ledger.reach_ma(A) == (32_000,) * 3
    assert ledger.tick(740.0) is None
    assert ledger.reach_ma(A) == (0, 0, 0)


def test_a_limit_for_good_ends_with_its_transaction() -> None:
    ledger = ledger_of(network(), msgspec.structs.replace(TERMS, trusted=False))
    ledger.session_began(A, "T", 100.0)
    ledger.sent(order(1, 32, for_good=True))
    ledger.ended(A, 1, Ending.ACCEPTED, 101.0)
    ledger.tick(1e6)
    assert ledger.reach_ma(A) == (32_000,) * 3
    ledger.transaction_ended(A, "T", 1e6)
    ledger.tick(1e6 + 10)
    assert ledger.reach_ma(A) == (0, 0, 0)


def test_limits_for_good_must_fit_what_there_ever_is() -> None:
    ledger = ledger_of(network(), msgspec.structs.replace(TERMS, trusted=False))
    ledger.set_capacities([None, 40_000, 40_000, 40_000], [None, 20_000, 20_000, 20_000])
    assert ledger.room_ma(A, (1, 2, 3), 100.0) == 20_000
    with pytest.raises(InvariantError):
        ledger.sent(order(1, 21, for_good=True))


def test_what_there_is_no_room_for_is_not_ordered() -> None:
    ledger = ready()
    ledger.sent(order(1, 30))
    with pytest.raises(InvariantError, match="room for 10000"):
        ledger.sent(order(1, 10.1, key=B))
    assert ledger.reach_ma(B) == (0, 0, 0)


def test_in_a_deficit_limits_may_still_be_lowered_and_refreshed() -> None:
    ledger = ready()
    ledger.sent(order(1, 30))
    ledger.set_capacities([None, 20_000, 40_000, 40_000], [None, 20_000, 40_000, 40_000])
    assert ledger.deficits() == {1: 10_000}
    assert ledger.room_ma(A, (1, 2, 3), 101.0) == 20_000
    ledger.sent(order(2, 20, at=101.0))
    assert ledger.room_ma(B, (1, 2, 3), 101.0) == 0
    assert ledger.room_ma(B, (2,), 101.0) == 10_000


def test_fewer_phases_free_the_others_once_accepted() -> None:
    ledger = ready()
    ledger.sent(order(1, 32))
    ledger.ended(A, 1, Ending.ACCEPTED, 101.0)
    ledger.sent(order(2, 32, phases=(2,), at=110.0))
    assert ledger.reach_ma(A) == (32_000,) * 3
    ledger.ended(A, 2, Ending.ACCEPTED, 111.0)
    ledger.tick(121.0)
    assert ledger.reach_ma(A) == (0, 32_000, 0)
    assert ledger.room_ma(B, (1,), 121.0) == 32_000


def test_watts_of_all_phases_are_one_link() -> None:
    ledger = ledger_of(network(limit_w=9_200))
    assert ledger.room_ma(A, (1, 2, 3), 100.0) == 13_333
    assert ledger.room_ma(A, (1,), 100.0) == 32_000
    ledger.session_began(A, "T", 100.0)
    ledger.sent(order(1, 20, phases=(1,)))
    assert ledger.room_ma(A, (1, 2, 3), 100.0) == 10_000  # beside 20 A on phase 1, which may flow while it follows
    assert ledger.room_ma(A, (2,), 100.0) == 20_000


def test_a_station_that_does_not_obey_reserves_its_hardware() -> None:
    ledger = ready()
    ledger.set_terms("A", msgspec.structs.replace(TERMS, obeys=False))
    assert ledger.reach_ma(A) == (32_000,) * 3
    assert ledger.room_ma(B, (1, 2, 3), 100.0) == 8_000


def test_a_clock_that_goes_back_lowers_nothing_early() -> None:
    ledger = ready()
    ledger.sent(order(1, 32))
    ledger.ended(A, 1, Ending.ACCEPTED, 200.0)
    ledger.sent(order(2, 6, at=200.0))
    ledger.ended(A, 2, Ending.ACCEPTED, 150.0)
    ledger.tick(200.0)
    assert ledger.reach_ma(A) == (32_000,) * 3


@given(
    phases=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 5)), min_size=1, max_size=3),
    left=st.integers(0, 600),
)
def test_the_room_of_several_phases_is_the_largest_that_fits(phases: list[tuple[int, int]], left: int) -> None:
    def load(current: int) -> int:
        return sum(factor * max(reach, current) for reach, factor in phases)

    highest = _highest(left, phases)
    if load(0) <= left:
        assert load(highest) <= left < load(highest + 1)
    else:
        assert highest <= min(reach for reach, _ in phases)
        assert highest * sum(factor for _, factor in phases) <= left


class Station:
    """Every state that a station might be in: an unanswered message may be applied at any time, or never.

    `possible` are the orders of which each may be the one it obeys now. Written from what stations do, not from the
    ledger: it knows nothing of reservations.
    """

    def __init__(self) -> None:
        self.transaction: str | None = None
        self.possible: list[tuple[Order, float]] = []
        self.late: list[Order] = []
        self.open: Order | None = None

    def draws(self, now: float, skew_s: float) -> dict[int, int]:
        """The most that it may draw on each phase: its clock may be behind by `skew_s`, and vehicles take a while."""
        most = {1: 0, 2: 0, 3: 0}
        for one, until in [
            *self.possible,
            *((one, float("inf")) for one in (*self.late, self.open) if one and one.transaction == self.transaction),
        ]:
            ends = min(until, one.expires_at + skew_s + TERMS.settle_s if one.expires_at is not None else float("inf"))
            if now < ends:
                for phase in one.phases:
                    most[phase] = max(most[phase], one.limit_ma)
        return most

    def follow(self, now: float) -> None:
        """Another limit leads from now on: those before it fade as the vehicle follows."""
        self.possible = [(one, min(until, now + TERMS.settle_s)) for one, until in self.possible]


class LedgerMachine(RuleBasedStateMachine):
    """Two stations that lose, delay and reject on a circuit that is capped at times; the gateway is killed at times."""

    def __init__(self) -> None:
        super().__init__()
        self.network = network(
            EvseDescription(station="A", evse=1, node="grid", phases=(1, 2, 3)),
            EvseDescription(station="B", evse=1, node="grid", phases=(2, 3, 1)),
            EvseDescription(station="C", evse=1, node="grid", phases=(3,)),
            limit_w=20_000,
        )
        self.ledger = ledger_of(self.network)
        self.capacities: list[int | None] = [20_000_000, 40_000, 40_000, 40_000]
        self.stations = {key: Station() for key in self.network.evses}
        self.now = 100.0
        self.number = 0
        self.disk: dict[EvseKey, bytes] = {}
        self.fits = True

    keys = st.sampled_from([A, B, ("C", 1)])

    @rule(key=keys)
    def begin(self, key: EvseKey) -> None:
        station = self.stations[key]
        if station.transaction is None:
            self.number += 1
            station.transaction = f"T{self.number}"
            self.ledger.session_began(key, station.transaction, self.now)

    @rule(key=keys, share=st.floats(0, 1), alone=st.booleans(), for_good=st.sampled_from([False, False, True]))
    def order(self, key: EvseKey, share: float, alone: bool, for_good: bool) -> None:
        station = self.stations[key]
        if station.transaction is None or station.open is not None:
            return
        phases = self.network.evses[key].phases[:1] if alone else self.network.evses[key].phases
        limit_ma = round(self.ledger.room_ma(key, phases, self.now) * share) // 100 * 100
        self.number += 1
        one = Order(
            self.number, key, station.transaction, limit_ma, phases, self.now, None if for_good else self.now + 600
        )
        try:
            self.ledger.sent(one)
        except InvariantError:
            return  # for good, and the ledger does not allow it
        self.disk[key] = msgspec.json.encode(self.ledger.saved(key))
        station.open = one

    @rule(key=keys, answer=st.sampled_from(["accepted", "accepted", "rejected", "lost", "never applied"]))
    def answer(self, key: EvseKey, answer: str) -> None:
        station = self.stations[key]
        one, station.open = station.open, None
        if one is None:
            return
        runs = one.transaction == station.transaction  # or else it is refused: every limit names its transaction
        if answer == "accepted":
            if runs:
                station.follow(self.now)
                station.possible.append((one, float("inf")))
            self.ledger.ended(key, one.order, Ending.ACCEPTED, self.now)
        elif answer == "rejected":
            station.possible = [(other, until) for other, until in station.possible if other is not one]
            self.ledger.ended(key, one.order, Ending.REJECTED, self.now)
        else:
            station.late.extend([one] * runs)  # nobody knows: it may lead at any moment from now on
            self.ledger.ended(key, one.order, Ending.UNKNOWN, self.now)

    @rule(key=keys)
    def leave(self, key: EvseKey) -> None:
        station = self.stations[key]
        if station.transaction is None:
            return
        for one in (*station.late, station.open):
            if one is not None and one.transaction == station.transaction:
                station.possible.append((one, float("inf")))
        station.late.clear()
        station.follow(self.now)
        self.ledger.transaction_ended(key, station.transaction, self.now)
        station.transaction = None

    @rule()
    def kill_gateway(self) -> None:
        killed = self.ledger
        for station in self.stations.values():
            if station.open is not None and station.open.transaction == station.transaction:
                station.late.append(station.open)
            if station.open is not None:
                station.open = None
        self.ledger = Ledger(self.network)
        self.ledger.set_capacities(self.capacities, self.capacities)
        for key, station in self.stations.items():
            self.ledger.set_terms(key[0], TERMS)
            saved = self.disk.get(key, msgspec.json.encode(SavedReservation(has_default=True)))
            self.ledger.load(key, msgspec.json.decode(saved, type=SavedReservation))
            if station.transaction is not None:
                self.ledger.session_began(key, station.transaction, self.now)
        self.ledger.tick(self.now)
        for key in self.network.evses:
            assert all(
                now >= before for now, before in zip(self.ledger.reach_ma(key), killed.reach_ma(key), strict=True)
            )
        self.fits = self.fits and not self.ledger.deficits()

    @rule(seconds=st.sampled_from([1.0, 5.0, 11.0, 200.0, 700.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.ledger.tick(self.now)

    @invariant()
    def nothing_draws_more_than_is_reserved(self) -> None:
        for key, station in self.stations.items():
            reach = self.ledger.reach_ma(key)
            for phase, current in station.draws(self.now, TERMS.skew_s).items():
                assert current <= reach[phase - 1], (key, phase, current, reach)

    @invariant()
    def no_link_is_promised_more_than_it_carries(self) -> None:
        if self.fits:
            assert not self.ledger.deficits()

    @invariant()
    def sums_are_what_they_sum_up(self) -> None:
        sums = [0] * len(self.network.links)
        for key in self.network.evses:
            for phase in self.network.evses[key].phases:
                for link, factor in self.network.loads(key, (phase,)):
                    sums[link] += factor * self.ledger.reach_ma(key)[phase - 1]
        assert [-(-total // 1_000_000) for total in sums] == [self.ledger.reserved(link) for link in range(len(sums))]


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
