"""Scenes on a site: who gets which limit, when, with how many messages, and what is said of it."""

from itertools import pairwise

import pytest

from gateway.core.charging.controller import ControlSettings
from gateway.core.charging.description import EvseKey, NodeDescription, TokenGroupDescription
from gateway.core.charging.ledger import InvariantError
from gateway.core.charging.orders import Ending, LeaseTerms, Order
from gateway.core.charging.sessions import Needs
from tests.core.charging.site_bench import BEGIN, SiteBench, evse, site


def test_a_session_alone_gets_all_that_its_evse_can() -> None:
    bench = SiteBench(site(evse(1)))
    key = bench.begin(1)
    bench.run(5)
    assert [(order.limit_ma, order.phases) for order in bench.orders] == [(32_000, (1, 2, 3))]
    assert bench.limits_a(key) == [32.0]
    assert bench.at(key).state == "charging"


def test_two_sessions_share_a_circuit_when_the_first_is_known_to_draw_less() -> None:
    bench = SiteBench(site(evse(1), evse(2), limit_a=40))
    first = bench.begin(1)
    bench.run(30)
    second = bench.begin(2)
    bench.run(1)
    assert [order.limit_ma for order in bench.orders[:2]] == [32_000, 20_000]
    assert bench.limits_a(first, second) == [20.0, 8.0]
    bench.run(20)
    assert bench.limits_a(first, second) == [20.0, 20.0]
    assert [order.limit_ma for order in bench.orders] == [32_000, 20_000, 8000, 20_000]


def test_many_events_of_one_instant_are_one_wake_and_the_orders_fit_them_all() -> None:
    bench = SiteBench(site(*(evse(number) for number in range(1, 5)), limit_a=40))
    wakes = bench.wakes
    keys = [bench.begin(number) for number in range(1, 5)]
    assert bench.wakes == wakes + 1
    bench.run(5)
    assert [order.limit_ma for order in bench.orders] == [10_000] * 4
    assert bench.limits_a(*keys) == [10.0] * 4


def test_who_looks_between_an_event_and_what_it_leads_to_sees_a_session_that_waits() -> None:
    bench = SiteBench(site(evse(1)))
    key = bench.begin(1)
    assert (bench.at(key).state, bench.at(key).why) == ("waiting", "It was not looked at yet.")


def test_nothing_is_sent_to_evses_without_a_session() -> None:
    bench = SiteBench(site(evse(1), evse(2, fallback_ma=6000)))
    bench.run(10_000)
    assert bench.orders == []
    assert bench.at(("S2", 1)).why == "No vehicle charges; 6.0 A is kept free for it."


def test_a_lease_is_refreshed_when_a_third_has_passed_and_not_before() -> None:
    bench = SiteBench(site(evse(1)), terms=LeaseTerms(lease_s=600.0))
    bench.begin(1)
    bench.run(2000)
    assert [order.sent_at - BEGIN for order in bench.orders] == pytest.approx(
        [0, 200, 400, 600, 800, 1000, 1200, 1400, 1600, 1800, 2000]
    )
    assert {order.limit_ma for order in bench.orders} == {32_000}


def test_a_limit_at_the_fallback_is_not_refreshed() -> None:
    bench = SiteBench(site(evse(1, fallback_ma=6000), limit_a=6))
    key = bench.begin(1)
    bench.run(5000)
    assert bench.orders == []
    assert bench.limits_a(key) == [6.0]


def test_limits_of_a_station_whose_leases_are_not_trusted_hold_for_good() -> None:
    bench = SiteBench(site(evse(1)), terms=LeaseTerms(trusted=False))
    bench.begin(1)
    bench.run(5000)
    assert [order.expires_at for order in bench.orders] == [None]


def test_changes_within_the_deadband_are_not_sent() -> None:
    bench = SiteBench(site(evse(1), evse(2), evse(3), limit_a=60), terms=LeaseTerms(lease_s=1e6))
    for number in (1, 2, 3):
        bench.begin(number)
    bench.run(60)
    sent = len(bench.orders)
    bench.capacities.set_limit("grid", limit_ma=(60_900,) * 3, limit_w=None, until=None, now=bench.now)
    bench.controller.capacity_changed(bench.now)
    bench.run(60)
    assert len(bench.orders) == sent


def test_a_circuit_that_carries_a_little_less_gets_a_little_less() -> None:
    bench = SiteBench(site(evse(1), evse(2), evse(3), limit_a=60))
    keys = [bench.begin(number) for number in (1, 2, 3)]
    bench.run(60)
    bench.capacities.set_limit("grid", limit_ma=(59_900,) * 3, limit_w=None, until=None, now=bench.now)
    bench.controller.capacity_changed(bench.now)
    bench.run(60)
    assert sum(bench.limits_a(*keys)) <= 59.9
    assert bench.link("grid", 1).deficit == 0


def test_a_newcomer_gets_its_minimum_out_of_steps_that_are_each_within_the_deadband() -> None:
    bench = SiteBench(site(*(evse(number) for number in range(1, 22)), limit_a=126), terms=LeaseTerms(lease_s=1e6))
    keys = [bench.begin(number) for number in range(1, 21)]
    bench.run(60)
    assert set(bench.limits_a(*keys)) == {6.3}
    newcomer = bench.begin(21)
    bench.run(60)
    assert bench.limits_a(newcomer) == [6.0]


def test_when_a_cap_drops_all_fall_at_once_the_greatest_first() -> None:
    bench = SiteBench(site(evse(1, maximum_ma=16_000), evse(2), evse(3), limit_a=100))
    keys = [bench.begin(number) for number in (1, 2, 3)]
    bench.run(60)
    assert bench.limits_a(*keys) == [16.0, 32.0, 32.0]
    del bench.orders[:]
    bench.capacities.set_limit("grid", limit_ma=(30_000,) * 3, limit_w=None, until=None, now=bench.now)
    bench.controller.capacity_changed(bench.now)
    before = bench.now
    bench.run(0)
    assert [(order.key[0], order.limit_ma) for order in bench.orders] == [
        ("S2", 10_000),
        ("S3", 10_000),
        ("S1", 10_000),
    ]
    assert {order.sent_at for order in bench.orders} == {before}
    assert bench.link("grid", 1).deficit == 50_000
    bench.run(15)
    assert bench.link("grid", 1).deficit == 0


def test_limits_rise_again_when_the_cap_does() -> None:
    bench = SiteBench(site(evse(1), evse(2), limit_a=64))
    keys = [bench.begin(number) for number in (1, 2)]
    bench.run(60)
    bench.capacities.set_limit("grid", limit_ma=(20_000,) * 3, limit_w=None, until=bench.now + 3600, now=bench.now)
    bench.controller.capacity_changed(bench.now)
    bench.run(60)
    assert bench.limits_a(*keys) == [10.0, 10.0]
    bench.run(3600)
    assert bench.limits_a(*keys) == [32.0, 32.0]


def test_a_node_without_room_gives_nothing_and_says_so() -> None:
    bench = SiteBench(site(evse(1), limit_a=5))
    key = bench.begin(1)
    bench.run(60)
    assert bench.orders == []
    view = bench.at(key)
    assert (view.state, view.binding) == ("waiting", ("grid", 1))
    assert "grid, phase L1, has no room for 6.0 A more" in view.why


def test_sessions_that_do_not_all_fit_take_turns() -> None:
    bench = SiteBench(site(evse(1), evse(2), evse(3), limit_a=12))
    keys = [bench.begin(number) for number in (1, 2, 3)]
    served: list[set[EvseKey]] = []
    bench.run(60)
    for _slot in range(9):
        served.append({key for key in keys if bench.at(key).limit_ma})
        bench.run(900)
    assert all(len(slot) == 2 for slot in served)
    for first, second in pairwise(served):
        assert first | second == set(keys)


def test_a_rejected_order_is_tried_again_after_ever_longer_times() -> None:
    bench = SiteBench(site(evse(1)))
    bench.answers["S1"] = lambda order: (Ending.REJECTED, 0.0)
    bench.begin(1)
    bench.run(1000)
    times = [order.sent_at - BEGIN for order in bench.orders]
    assert times == pytest.approx([0, 15, 45, 105, 225, 465, 705, 945])


def test_others_get_the_share_of_a_station_that_refuses_limits() -> None:
    bench = SiteBench(site(evse(1), evse(2), limit_a=40))
    bench.answers["S1"] = lambda order: (Ending.REJECTED, 0.1)
    refusing, other = bench.begin(1), bench.begin(2)
    bench.run(55)
    assert bench.limits_a(other) == [32.0]
    assert bench.notes == [("charging_limits_refused", {"station": "S1", "evse": 1, "times": 3})]
    assert "refused 3 limits" in bench.at(refusing).why


def test_a_station_tells_when_it_wants_to_be_asked_again() -> None:
    bench = SiteBench(site(evse(1)))
    bench.answers["S1"] = lambda order: None
    bench.begin(1)
    bench.run(1)
    bench.controller.ended(bench.orders[0], Ending.REJECTED, bench.now, 77.0)
    bench.run(200)
    assert [order.sent_at - BEGIN for order in bench.orders] == [0.0, 78.0]


def test_a_limit_whose_answer_was_lost_is_sent_again_and_stays_reserved() -> None:
    bench = SiteBench(site(evse(1), evse(2), limit_a=40))
    first = bench.begin(1)
    bench.run(30)
    answers = [(Ending.UNKNOWN, 5.0), (Ending.ACCEPTED, 0.1)]
    bench.answers["S1"] = lambda order: answers.pop(0)
    second = bench.begin(2)
    bench.run(10)
    assert bench.limits_a(second) == [8.0]
    bench.run(40)
    assert [order.limit_ma for order in bench.orders if order.key == first] == [32_000, 20_000, 20_000]
    assert bench.limits_a(first, second) == [20.0, 20.0]


def test_nothing_is_sent_to_a_station_that_is_gone_and_its_reach_decays() -> None:
    bench = SiteBench(site(evse(1), evse(2), limit_a=40), terms=LeaseTerms(lease_s=600, settle_s=10, skew_s=30))
    first = bench.begin(1)
    bench.run(30)
    bench.controller.gone("S1", bench.now)
    second = bench.begin(2)
    bench.run(60)
    assert bench.limits_a(second) == [8.0]
    assert [order.key for order in bench.orders].count(first) == 1
    assert bench.at(first).why.startswith("The station is not connected; 32.0 A is kept free")
    bench.run(600)
    assert bench.limits_a(second) == [32.0]
    assert bench.link("grid", 1).reserved == 32_000


def test_a_station_that_comes_back_gets_its_share_again() -> None:
    bench = SiteBench(site(evse(1), evse(2), limit_a=40))
    first, second = bench.begin(1), bench.begin(2)
    bench.run(30)
    bench.controller.gone("S1", bench.now)
    bench.run(1000)
    assert bench.limits_a(second) == [32.0]
    bench.controller.connected("S1", bench.now)
    bench.run(60)
    assert bench.limits_a(first, second) == [20.0, 20.0]


def test_an_evse_whose_fallback_is_not_installed_gets_no_limit() -> None:
    bench = SiteBench(site(evse(1)))
    bench.controller.ready(("S1", 1), False, bench.now)
    key = bench.begin(1)
    bench.run(60)
    assert bench.orders == []
    assert "has not yet taken what it may draw when nothing is heard" in bench.at(key).why
    bench.controller.ready("S1", True, bench.now)
    bench.run(5)
    assert bench.limits_a(key) == [32.0]


def test_after_a_boot_the_limit_is_sent_anew() -> None:
    bench = SiteBench(site(evse(1)))
    bench.begin(1)
    bench.run(10)
    bench.controller.ready("S1", False, bench.now)
    bench.run(10)
    bench.controller.ready("S1", True, bench.now)
    bench.run(10)
    assert [order.limit_ma for order in bench.orders] == [32_000, 32_000]


def test_a_reconnect_alone_sends_nothing() -> None:
    bench = SiteBench(site(evse(1)))
    bench.begin(1)
    bench.run(10)
    bench.controller.gone("S1", bench.now)
    bench.run(10)
    bench.controller.connected("S1", bench.now)
    bench.run(10)
    assert len(bench.orders) == 1


def test_a_vehicle_that_draws_less_keeps_its_limit_until_others_want_more() -> None:
    bench = SiteBench(site(evse(1), evse(2), limit_a=40), terms=LeaseTerms(lease_s=1e6))
    first = bench.begin(1)
    bench.run(60)
    for _minute in range(3):
        bench.draws(first, 10, 10, 10)
        bench.run(60)
    assert bench.limits_a(first) == [32.0]
    second = bench.begin(2)
    bench.run(60)
    assert bench.limits_a(first, second) == [12.0, 28.0]
    assert "the vehicle draws 10.0 A" in bench.at(first).why


def test_a_vehicle_that_draws_near_its_limit_again_gets_its_share_back() -> None:
    bench = SiteBench(site(evse(1), evse(2), limit_a=40), terms=LeaseTerms(lease_s=1e6))
    first, second = bench.begin(1), bench.begin(2)
    bench.run(60)
    for _minute in range(3):
        bench.draws(first, 10, 10, 10)
        bench.run(60)
    assert bench.limits_a(first, second) == [12.0, 28.0]
    bench.draws(first, 11.8, 11.8, 11.8)
    bench.run(60)
    assert bench.limits_a(first, second) == [20.0, 20.0]


def test_a_vehicle_that_comes_and_goes_is_not_followed_each_time() -> None:
    bench = SiteBench(site(evse(1), evse(2), limit_a=40), terms=LeaseTerms(lease_s=1e6))
    first, _second = bench.begin(1), bench.begin(2)
    bench.run(60)
    for _round in range(60):
        limit = bench.at(first).limit_ma / 1000
        bench.draws(first, *[min(limit, 19)] * 3)
        bench.run(60)
        bench.draws(first, 10, 10, 10)
        bench.run(60)
        bench.draws(first, 10, 10, 10)
        bench.run(60)
    assert len(bench.orders) < 30


def test_what_a_one_phase_vehicle_leaves_on_the_other_phases_goes_to_others() -> None:
    bench = SiteBench(site(evse(1), evse(2), evse(3, phases=(2,)), limit_a=36))
    first, second, third = bench.begin(1), bench.begin(2), bench.begin(3)
    bench.run(60)
    assert bench.limits_a(first, second, third) == [12.0, 12.0, 12.0]
    for _ in range(2):
        bench.draws(first, 12, 0, 0)
        bench.run(30)
    assert bench.at(first).phases == (1,)
    bench.run(60)
    assert bench.limits_a(first, second, third) == [18.0, 18.0, 18.0]


def test_a_vehicle_that_takes_more_phases_than_it_was_known_to_is_given_room_on_them() -> None:
    bench = SiteBench(site(evse(1), evse(2, phases=(2,)), limit_a=20))
    first, second = bench.begin(1), bench.begin(2)
    bench.run(60)
    for _ in range(2):
        bench.draws(first, 10, 0, 0)
        bench.run(60)
    assert bench.limits_a(first, second) == [20.0, 20.0]
    bench.draws(first, 18, 18, 18)
    bench.run(60)
    assert bench.at(first).phases == (1, 2, 3)
    assert bench.limits_a(first, second) == [10.0, 10.0]


def test_a_station_that_ignores_its_limit_has_the_most_that_it_can_draw_kept_free() -> None:
    bench = SiteBench(site(evse(1), evse(2), limit_a=40))
    first, second = bench.begin(1), bench.begin(2)
    bench.run(60)
    for _ in range(6):
        bench.draws(first, 32, 32, 32)
        bench.run(20)
    assert [note[0] for note in bench.notes] == ["charging_disobedience"]
    assert bench.at(first).state == "disobedient"
    assert bench.at(first).reach_ma == (32_000,) * 3
    bench.run(60)
    assert bench.limits_a(second) == [8.0]


def test_a_station_that_is_vouched_for_has_limits_again_once_its_fallback_is_there() -> None:
    bench = SiteBench(site(evse(1), evse(2), limit_a=40))
    first, second = bench.begin(1), bench.begin(2)
    bench.run(60)
    for _ in range(6):
        bench.draws(first, 32, 32, 32)
        bench.run(20)
    bench.ledger.default_lost(first)
    bench.controller.pardon("S1", bench.now)
    bench.run(600)
    assert (bench.at(first).reach_ma, bench.limits_a(second)) == ((32_000,) * 3, [8.0])
    bench.ledger.default_installed(first, bench.now)
    bench.run(60)
    assert bench.at(first).state == "charging"
    assert bench.limits_a(first, second) == [20.0, 20.0]


def test_an_order_for_which_there_is_no_room_after_all_is_told_and_keeps_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = SiteBench(site(evse(1), evse(2)))
    count = bench.ledger.sent

    def wrong_for_the_first(order: Order) -> None:
        if order.key == ("S1", 1):
            raise InvariantError("no room")
        count(order)

    monkeypatch.setattr(bench.ledger, "sent", wrong_for_the_first)
    first, second = bench.begin(1), bench.begin(2)
    bench.run(5)
    assert bench.limits_a(first, second) == [0.0, 32.0]
    assert bench.notes == [("charging_order_without_room", {"station": "S1", "evse": 1, "fault": "no room"})]
    monkeypatch.undo()
    bench.run(60)
    assert bench.limits_a(first, second) == [32.0, 32.0]


def test_links_are_counted_by_how_full_they_are() -> None:
    panels = (
        NodeDescription(name="full", parent="grid", limit_ma=(10_000,) * 3),
        NodeDescription(name="near", parent="grid", limit_ma=(10_500,) * 3),
        NodeDescription(name="not", parent="grid", limit_ma=(10_600,) * 3),
        NodeDescription(name="none", parent="grid"),
    )
    described = [
        evse(number, node=panel.name, maximum_ma=10_000, minimum_ma=10_000) for number, panel in enumerate(panels, 1)
    ]
    bench = SiteBench(site(*described, nodes=panels))
    for number in range(1, 5):
        bench.begin(number)
    bench.run(60)
    figures = bench.controller.figures(bench.now)
    assert (figures.links, figures.links_near, figures.links_over) == (12, 6, 0)
    bench.capacities.set_limit("full", limit_ma=(9000,) * 3, limit_w=None, until=None, now=bench.now)
    bench.controller.capacity_changed(bench.now)
    bench.controller.tick(bench.now)
    assert bench.controller.figures(bench.now).links_over == 3


def test_readings_that_a_station_replays_do_not_accuse_it() -> None:
    bench = SiteBench(site(evse(1), evse(2), limit_a=40))
    first = bench.begin(1)
    bench.run(600)
    bench.begin(2)
    bench.run(600)
    for at in range(60, 500, 20):
        bench.draws(first, 32, 32, 32, at=BEGIN + at)
    bench.run(60)
    assert bench.notes == []


def test_a_fallback_is_the_least_that_a_session_gets() -> None:
    bench = SiteBench(site(evse(1, fallback_ma=8000), evse(2, weight=100), limit_a=32))
    first, second = bench.begin(1), bench.begin(2)
    bench.run(60)
    assert bench.limits_a(first, second) == [8.0, 24.0]


def test_a_cap_below_the_fallbacks_is_kept_as_far_as_can_be_and_the_fallback_comes_back() -> None:
    bench = SiteBench(
        site(evse(1, fallback_ma=6000), evse(2, fallback_ma=6000), limit_a=32), terms=LeaseTerms(lease_s=1e5)
    )
    keys = [bench.begin(1), bench.begin(2)]
    bench.run(60)
    bench.capacities.set_limit("grid", limit_ma=(6000,) * 3, limit_w=None, until=None, now=bench.now)
    bench.controller.capacity_changed(bench.now)
    bench.run(60)
    assert bench.limits_a(*keys) == [6.0, 0.0]
    assert bench.link("grid", 1).deficit == 6000
    bench.capacities.set_limit("grid", limit_ma=(12_000,) * 3, limit_w=None, until=None, now=bench.now)
    bench.controller.capacity_changed(bench.now)
    bench.run(60)
    assert bench.limits_a(*keys) == [6.0, 6.0]


def test_a_token_group_has_its_own_weight() -> None:
    group = TokenGroupDescription(name="fleet", tokens=frozenset({"FLEET"}), weight=30)
    bench = SiteBench(site(evse(1), evse(2), limit_a=32, token_groups=(group,)))
    first, second = bench.begin(1, "T-1", "FLEET"), bench.begin(2, "T-2")
    bench.run(60)
    assert bench.limits_a(first, second) == [24.0, 8.0]


def test_who_has_the_energy_that_it_needs_is_last_in_line() -> None:
    bench = SiteBench(site(evse(1), evse(2), limit_a=6))
    first, second = bench.begin(1), bench.begin(2)
    bench.controller.needs(first, Needs(energy_wh=1000), bench.now)
    bench.run(60)
    assert bench.limits_a(first, second) == [6.0, 0.0]
    bench.controller.drew(first, None, None, None, 1000.0, bench.now, bench.now)
    bench.run(900 * 2)
    assert bench.limits_a(first, second) == [0.0, 6.0]


def test_messages_to_a_station_with_a_rate_limit_keep_their_distance() -> None:
    bench = SiteBench(site(evse(1), evse(2), limit_a=40), terms=LeaseTerms(spacing_s=30.0, lease_s=1e6))
    first = bench.begin(1)
    bench.run(1)
    bench.begin(2)
    bench.run(300)
    times = [order.sent_at for order in bench.orders if order.key == first]
    assert times == [BEGIN, BEGIN + 30]


def test_while_an_order_is_open_no_other_is_sent_to_its_evse() -> None:
    bench = SiteBench(site(evse(1), limit_a=40))
    bench.answers["S1"] = lambda order: (Ending.ACCEPTED, 20.0)
    bench.begin(1)
    bench.run(5)
    bench.capacities.set_limit("grid", limit_ma=(10_000,) * 3, limit_w=None, until=None, now=bench.now)
    bench.controller.capacity_changed(bench.now)
    bench.run(10)
    assert [order.limit_ma for order in bench.orders] == [32_000]
    bench.run(30)
    assert [(order.limit_ma, order.sent_at - BEGIN) for order in bench.orders] == [(32_000, 0.0), (10_000, 20.0)]


def test_a_session_that_ends_leaves_its_room_to_others_after_it_has_settled() -> None:
    bench = SiteBench(site(evse(1), evse(2), limit_a=40))
    first, second = bench.begin(1), bench.begin(2)
    bench.run(60)
    bench.end(first)
    bench.run(5)
    assert bench.limits_a(second) == [20.0]
    bench.run(10)
    assert bench.limits_a(second) == [32.0]
    assert bench.at(first).state == "idle"


def test_an_answer_that_comes_after_the_session_ended_is_no_limit_of_the_next() -> None:
    bench = SiteBench(site(evse(1)))
    bench.answers["S1"] = lambda order: (Ending.ACCEPTED, 3.0)
    first = bench.begin(1)
    bench.run(1)
    bench.end(first)
    bench.run(1)
    bench.begin(1)
    bench.run(1.5)
    assert bench.limits_a(first) == [0.0]
    bench.run(10)
    assert bench.limits_a(first) == [32.0]


def test_a_panel_binds_its_own_sessions_only() -> None:
    panel = NodeDescription(name="panel", parent="grid", limit_ma=(20_000,) * 3)
    bench = SiteBench(site(evse(1, node="panel"), evse(2, node="panel"), evse(3), limit_a=100, nodes=(panel,)))
    first, second, third = bench.begin(1), bench.begin(2), bench.begin(3)
    bench.run(60)
    assert bench.limits_a(first, second, third) == [10.0, 10.0, 32.0]
    assert bench.at(first).binding == ("panel", 1)
    assert "It gets 10.0 A: panel, phase L1, is full" in bench.at(first).why
    assert "all that it can take" in bench.at(third).why


def test_a_site_that_is_unknown_to_an_event_ignores_it() -> None:
    bench = SiteBench(site(evse(1)))
    bench.controller.session_began(("other", 1), "tx", (), bench.now)
    bench.controller.drew(("other", 1), None, None, None, None, bench.now, bench.now)
    bench.controller.connected("other", bench.now)
    bench.run(10)
    assert bench.orders == []


def test_a_wrong_answer_of_the_allocator_is_told_and_made_good(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = SiteBench(site(evse(1)), settings=ControlSettings())
    faults = ["session is refused wrongly"]
    site_now = bench.controller._targets._site

    class Doubtful:
        def __getattr__(self, name: str) -> object:
            if name == "certificate":
                return lambda: faults.pop() if faults else None
            return getattr(site_now, name)

    monkeypatch.setattr(bench.controller._targets, "_site", Doubtful())
    key = bench.begin(1)
    bench.run(5)
    assert bench.notes == [("charging_certificate_failed", {"site": "site", "fault": "session is refused wrongly"})]
    assert bench.limits_a(key) == [32.0]


def lost(_order: Order) -> None:
    """Never answer."""


def test_a_station_that_never_answers_keeps_others_from_its_room_and_nothing_else() -> None:
    bench = SiteBench(site(evse(1), evse(2), limit_a=40))
    bench.answers["S1"] = lost
    first, second = bench.begin(1), bench.begin(2)
    bench.run(300)
    assert bench.limits_a(first, second) == [0.0, 20.0]
    assert len([order for order in bench.orders if order.key == first]) == 1
