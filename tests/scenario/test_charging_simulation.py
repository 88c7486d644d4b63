"""Hours on a site, without sockets: no circuit is ever overloaded while stations keep what they accepted.

Stations, vehicles, meters and faults are those of `bench.charging`, which reckons loads and capacities by itself. That
they can see an overload at all is shown by policies that know as much as ours, and count nothing as still in force.
"""

from collections.abc import Callable

import msgspec
import pytest

from bench.charging.agenda import BEGIN, Agenda
from bench.charging.faults import NO_FAULTS, Faults
from bench.charging.links import Links
from bench.charging.meter import Meter
from bench.charging.ours import Disk, Ours
from bench.charging.plan import Plan
from bench.charging.policies import Policy, Send
from bench.charging.scenes import european_plan
from bench.charging.trial import OURS, Note, trial
from gateway.core.charging.description import EvseDescription, NodeDescription, SiteDescription
from gateway.core.charging.orders import Ending, Order

HOURS = 5
EVSES = 30

FAULTS = {
    "none": NO_FAULTS,
    "a bad day": Faults(),
    "five times as bad": Faults().times(5),
    "silence": msgspec.structs.replace(NO_FAULTS, request_lost=0.2, answer_lost=0.2, stale=1.0),
    "refusals after silence": msgspec.structs.replace(
        NO_FAULTS, rejected=0.35, request_lost=0.15, answer_lost=0.2, stale=1.0
    ),
    "late and in another order": msgspec.structs.replace(NO_FAULTS, late=0.3, late_s=300.0),
    "offline": msgspec.structs.replace(NO_FAULTS, offline_every_s=1800.0, offline_s=900.0, clock_s=29.0),
    "boots": msgspec.structs.replace(NO_FAULTS, reboot_every_s=1200.0),
    "the gateway is killed": msgspec.structs.replace(NO_FAULTS, gateway_killed_every_s=600.0, answer_lost=0.05),
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    """A busy site with mixed phases, limits that fall with and without warning, and a few static stations."""
    return european_plan(EVSES, seed=4, span_s=HOURS * 3600.0, untrusted=0.05)


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_no_circuit_is_overloaded_whatever_fails(plan: Plan, faults: Faults) -> None:
    outcome = trial(plan, faults, OURS, seed=7)
    assert outcome.overload_s == {}, f"first at {outcome.first}"
    assert outcome.reactions_s
    assert max(outcome.reactions_s) <= plan.terms.lease_s + plan.terms.skew_s + plan.terms.settle_s
    assert outcome.delivered_wh > 0.4 * outcome.possible_wh
    assert not {"charging_disobedience", "charging_certificate_failed"} & outcome.notes.keys()


@pytest.mark.parametrize("policy", ["all at once", "lowest first", "wait for decreases", "equal share"])
def test_policies_that_reserve_nothing_overload_circuits(plan: Plan, policy: str) -> None:
    outcomes = [trial(plan, FAULTS[name], policy, seed=7) for name in ("none", "five times as bad")]
    assert all(outcome.overloaded_s > 0 for outcome in outcomes)


def test_a_ledger_that_takes_silence_for_a_refusal_overloads_circuits(plan: Plan) -> None:
    outcome = trial(plan, FAULTS["silence"], "silence is a refusal", seed=7, make=_silence_is_refusal)
    assert outcome.overloaded_s > 0


def test_no_circuit_is_overloaded_when_the_disk_is_full_and_the_gateway_is_killed(plan: Plan) -> None:
    faults = msgspec.structs.replace(Faults(), gateway_killed_every_s=500.0)
    outcome = trial(plan, faults, "a disk that is full every other quarter", seed=7, make=_full_disk)
    assert outcome.overload_s == {}, f"first at {outcome.first}"
    assert outcome.sent["kills"] > 10
    assert outcome.delivered_wh > 0.2 * outcome.possible_wh


def test_safety_costs_little_where_nothing_fails(plan: Plan) -> None:
    safe, naive = trial(plan, NO_FAULTS, OURS, seed=7), trial(plan, NO_FAULTS, "all at once", seed=7)
    assert safe.delivered_wh > 0.9 * naive.delivered_wh
    assert safe.distance < naive.distance + 0.1


def test_few_messages_are_needed_where_nothing_fails(plan: Plan) -> None:
    """A lease of ten minutes is refreshed 18 times an hour, and vehicles that come and go change it, too."""
    outcome = trial(plan, NO_FAULTS, OURS, seed=7)
    assert outcome.messages_per_evse_hour < 30


def test_stations_that_ignore_limits_are_found_and_given_room(plan: Plan) -> None:
    faults = msgspec.structs.replace(NO_FAULTS, ignoring=0.1)
    safe, naive = trial(plan, faults, OURS, seed=7), trial(plan, faults, "all at once", seed=7)
    assert naive.overloaded_s > 900.0
    assert safe.overloaded_s < 0.2 * naive.overloaded_s
    assert safe.notes["charging_disobedience"] >= 1


def test_the_same_seed_is_the_same_run(plan: Plan) -> None:
    short = msgspec.structs.replace(plan, span_s=3600.0)
    first, again = (trial(short, Faults().times(5), OURS, seed=1) for _ in range(2))
    assert first == again


def test_overload_is_counted_to_the_instant_and_by_link() -> None:
    node = NodeDescription(name="grid", limit_ma=(32_000, 32_000, 32_000), base_load_ma=(2000, 0, 0))
    evse = EvseDescription(station="S", evse=1, node="grid")
    links = Links(SiteDescription(name="site", nodes=(node,), evses=(evse,)))
    agenda = Agenda()
    meter = Meter(agenda, links)
    meter.set_capacities(links.capacities(BEGIN, {}))
    agenda.at(BEGIN + 10, lambda: meter.draws(("S", 1), (1, 2, 3), 31_000))
    agenda.at(BEGIN + 14.5, lambda: meter.draws(("S", 1), (1,), -1000))
    agenda.run(BEGIN + 60)
    meter.count()
    assert {links.names[link]: seconds for link, seconds in meter.overload_s.items()} == {("grid", 1): 4.5}
    assert meter.overloaded_s == 4.5


class _Credulous:
    """Our policy, told that what was not answered was refused."""

    def __init__(self, ours: Ours) -> None:
        self._ours = ours

    def __getattr__(self, name: str) -> object:
        return getattr(self._ours, name)

    def ended(self, order: Order, ending: Ending, now: float) -> None:
        self._ours.ended(order, Ending.REJECTED if ending is Ending.UNKNOWN else ending, now)


def _silence_is_refusal(plan: Plan, _links: Links, note: Note) -> Callable[[Send], Policy]:
    disk = Disk()

    def make(send: Send) -> Policy:
        return _Credulous(Ours(plan.description, send, disk, note=note))  # type: ignore[return-value]

    return make


def _full_disk(plan: Plan, _links: Links, note: Note) -> Callable[[Send], Policy]:
    disk = Disk(is_full=lambda now: (now - BEGIN) % 1800.0 > 900.0)
    return lambda send: Ours(plan.description, send, disk, note=note)
