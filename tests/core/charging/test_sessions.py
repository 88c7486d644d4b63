"""What a session asks for, as it is learned from its readings and needs."""

from gateway.core.charging.description import EvseDescription, TokenGroupDescription
from gateway.core.charging.sessions import LAST, FollowTerms, Needs, SessionDemand

EVSE = EvseDescription(station="A", evse=1, node="panel", phases=(2, 3, 1), fallback_ma=0)
TERMS = FollowTerms(step_ma=100, wait_s=60.0, margin_ma=2000)


def demand(evse: EvseDescription = EVSE, group: TokenGroupDescription | None = None) -> SessionDemand:
    return SessionDemand(evse, "tx", group, TERMS, 230.0 * len(evse.phases))


def test_a_session_may_take_all_that_its_evse_can() -> None:
    wish = demand().wish(0.0)
    assert (wish.phases, wish.minimum_ma, wish.maximum_ma, wish.weight, wish.priority) == (
        (2, 3, 1),
        6000,
        32_000,
        10,
        100,
    )


def test_its_token_group_has_precedence_over_its_evse() -> None:
    group = TokenGroupDescription(name="fleet", tokens=frozenset({"T"}), weight=30, priority=5)
    wish = demand(group=group).wish(0.0)
    assert (wish.weight, wish.priority) == (30, 5)


def test_limits_are_whole_steps() -> None:
    evse = EvseDescription(station="A", evse=1, node="panel", minimum_ma=6050, maximum_ma=15_990)
    wish = demand(evse).wish(0.0)
    assert (wish.minimum_ma, wish.maximum_ma) == (6100, 15_900)


def test_a_fallback_is_owed() -> None:
    evse = EvseDescription(station="A", evse=1, node="panel", fallback_ma=8000)
    wish = demand(evse).wish(0.0)
    assert wish.is_owed and wish.minimum_ma == 8000


def test_fewer_phases_are_believed_after_two_readings_that_agree() -> None:
    session = demand()
    session.drew((16_000, 100, 0), None, None, 10.0)
    assert session.phases == (2, 3, 1)
    session.drew((16_000, 0, 100), None, None, 20.0)
    assert session.phases == (2,)


def test_the_same_reading_twice_is_one_reading() -> None:
    session = demand()
    session.drew((16_000, 0, 0), None, None, 10.0)
    session.drew((16_000, 0, 0), None, None, 10.0)
    assert session.phases == (2, 3, 1)


def test_more_phases_are_believed_at_once() -> None:
    session = demand()
    for at in (10.0, 20.0):
        session.drew((16_000, 0, 0), None, None, at)
    session.drew((16_000, 16_000, 0), None, None, 30.0)
    assert session.phases == (2, 3)


def test_a_phase_that_is_not_measured_may_be_in_use() -> None:
    session = demand()
    for at in (10.0, 20.0, 30.0):
        session.drew((16_000, None, None), None, None, at)
    assert session.phases == (2, 3, 1)


def test_a_vehicle_that_does_not_draw_says_nothing_of_its_phases() -> None:
    session = demand()
    for at in (10.0, 20.0, 30.0):
        session.drew((300, 0, 0), None, None, at)
    assert session.phases == (2, 3, 1)


def follow(session: SessionDemand, drawn_ma: int, at: float, limit_ma: int = 32_000, since: float = 0.0) -> None:
    session.drew((drawn_ma, drawn_ma, drawn_ma), None, None, at)
    session.follow(limit_ma, since)


def test_the_ceiling_follows_a_vehicle_that_draws_less_for_a_minute() -> None:
    session = demand()
    follow(session, 10_000, 100.0)
    follow(session, 11_000, 150.0)
    assert session.ceiling_ma is None
    follow(session, 10_500, 160.0)
    assert session.ceiling_ma == 13_000
    assert session.wish(160.0).maximum_ma == 13_000


def test_a_ceiling_is_never_below_the_minimum() -> None:
    session = demand()
    follow(session, 0, 100.0)
    follow(session, 0, 160.0)
    wish = session.wish(160.0)
    assert wish.minimum_ma == wish.maximum_ma == 6000


def test_time_under_another_limit_does_not_count() -> None:
    session = demand()
    follow(session, 10_000, 100.0, since=0.0)
    follow(session, 10_000, 170.0, since=150.0)
    assert session.ceiling_ma is None


def test_the_ceiling_goes_when_the_vehicle_draws_near_it_and_is_slower_to_come_back() -> None:
    session = demand()
    follow(session, 10_000, 100.0)
    follow(session, 10_000, 160.0)
    assert session.ceiling_ma == 12_000
    follow(session, 11_200, 200.0, limit_ma=12_000)
    assert session.ceiling_ma is None
    follow(session, 10_000, 210.0)
    follow(session, 10_000, 270.0)
    assert session.ceiling_ma is None
    follow(session, 10_000, 330.0)
    assert session.ceiling_ma == 12_000


def test_a_draw_between_the_marks_changes_nothing() -> None:
    session = demand()
    follow(session, 10_000, 100.0)
    follow(session, 10_000, 160.0)
    for at in range(200, 1000, 50):
        follow(session, 10_000, float(at), limit_ma=12_000)
    assert session.ceiling_ma == 12_000


def test_a_late_reading_does_not_undo_a_newer_one() -> None:
    session = demand()
    session.drew((16_000, 16_000, 16_000), None, 5000.0, 100.0)
    session.drew((6000, 6000, 6000), None, 4000.0, 50.0)
    assert (session.drawn_ma, session.energy_wh) == (16_000, 5000.0)


def test_power_alone_tells_the_draw() -> None:
    session = demand()
    session.drew(None, 6900.0, None, 10.0)
    assert session.drawn_ma == 10_000


def test_urgency_is_weight() -> None:
    session = demand()
    weights = []
    for hours in (100, 4, 2, 1):
        session.set_needs(Needs(energy_wh=22_000, departure_at=hours * 3600.0))
        weights.append(session.wish(0.0).weight)
    assert weights == sorted(weights)
    assert weights[0] < weights[-1] == 40


def test_who_has_what_it_needs_comes_last() -> None:
    session = demand()
    session.set_needs(Needs(energy_wh=10_000, priority=3))
    assert session.wish(0.0).priority == 3
    session.drew(None, None, 10_000.0, 10.0)
    wish = session.wish(10.0)
    assert (wish.priority, wish.weight) == (3 + LAST, 1)


def test_a_vehicle_tells_its_own_limits() -> None:
    session = demand()
    session.set_needs(Needs(minimum_ma=8000, maximum_ma=16_000))
    wish = session.wish(0.0)
    assert (wish.minimum_ma, wish.maximum_ma) == (8000, 16_000)
