"""Facts about what charging profiles allow, worked out by hand from OCPP 1.6 section 3.13 and 2.0.1 use case K01."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.fleet.features.composite import DAY, WEEK, Circuit, Period, Profile, changes, limit_a, period_at

MIDNIGHT = datetime(2025, 3, 1, tzinfo=UTC)
THREE = Circuit(phases=3, current_max_a=32.0)
ONE = Circuit(phases=1, current_max_a=32.0)


def at(hours: float) -> datetime:
    return MIDNIGHT + timedelta(hours=hours)


def profile(*periods: tuple[int, float], level: int = 0, unit: str = "A", **more) -> Profile:
    made = tuple(Period(start_s, limit) for start_s, limit in periods)
    return Profile(1, level, "TxDefaultProfile", unit, made, **({"start_at": MIDNIGHT} | more))


def test_the_last_period_that_has_begun_is_in_force():
    stairs = profile((0, 6.0), (3600, 10.0), (7200, 16.0))
    found = [period_at(stairs, None, at(hours)).limit for hours in (0, 0.99, 1, 1.5, 2, 90)]
    assert found == [6.0, 6.0, 10.0, 10.0, 16.0, 16.0]


def test_before_its_start_and_after_its_duration_a_schedule_says_nothing():
    short = profile((0, 6.0), start_at=at(1), duration_s=1800)
    found = [period_at(short, None, at(hours)) is not None for hours in (0.99, 1, 1.49, 1.5, 2)]
    assert found == [False, True, True, False, False]


def test_outside_its_validity_a_profile_says_nothing():
    valid = profile((0, 6.0), valid_from=at(1), valid_to=at(2))
    found = [period_at(valid, None, at(hours)) is not None for hours in (0.99, 1, 1.99, 2)]
    assert found == [False, True, True, False]


def test_a_relative_schedule_begins_with_the_transaction():
    relative = profile((0, 6.0), (600, 16.0), start_at=None)
    assert period_at(relative, at(5), at(5.1)).limit == 6.0
    assert period_at(relative, at(5), at(5.2)).limit == 16.0
    assert period_at(relative, None, at(9)).limit == 6.0, "without a transaction it begins now"


@pytest.mark.parametrize(("recurs", "days"), [(DAY, 1), (WEEK, 7)])
def test_a_recurring_schedule_begins_again(recurs, days):
    nightly = profile((0, 6.0), (6 * 3600, 16.0), duration_s=12 * 3600, recurs=recurs)
    for turn in range(3):
        base = 24 * days * turn
        found = [period_at(nightly, None, at(base + hours)) for hours in (0, 5.9, 6, 11.9, 12)]
        assert [period and period.limit for period in found] == [6.0, 6.0, 16.0, 16.0, None]


def test_a_recurring_schedule_has_not_begun_before_its_first_time():
    assert period_at(profile((0, 6.0), recurs=DAY), None, at(-1)) is None


def test_the_highest_stack_level_in_force_leads():
    low, high = profile((0, 10.0), level=1), profile((0, 20.0), level=2, valid_to=at(1))
    assert limit_a([[low, high]], THREE, at(0.5)) == 20.0, "not the lower limit: the higher level"
    assert limit_a([[low, high]], THREE, at(1.5)) == 10.0


def test_the_first_tier_that_says_something_overrides():
    transaction, default = profile((0, 8.0), level=0, valid_to=at(1)), profile((0, 10.0), level=9)
    assert limit_a([[transaction], [default]], THREE, at(0.5)) == 8.0
    assert limit_a([[transaction], [default]], THREE, at(1.5)) == 10.0
    assert limit_a([[], []], THREE, at(0)) is None


@pytest.mark.parametrize(
    ("watts", "circuit", "phases", "amperes"),
    [
        (11_040.0, THREE, 3, 16.0),
        (3_680.0, THREE, 1, 16.0),
        (3_680.0, ONE, 3, 16.0),
        (0.0, THREE, 3, 0.0),
        (1e9, THREE, 3, 32.0),
        (-5.0, THREE, 3, 0.0),
    ],
)
def test_watts_are_spread_over_the_phases_that_there_are(watts, circuit, phases, amperes):
    limited = Profile(1, 0, "TxDefaultProfile", "W", (Period(0, watts, phases),), start_at=MIDNIGHT)
    assert limit_a([[limited]], circuit, at(0)) == pytest.approx(amperes)


def test_watts_of_direct_current_are_amperes_at_the_voltage_of_a_battery():
    dc = Circuit(phases=1, current_max_a=375.0, voltage_v=405.0)
    assert dc.amperes(40_500, "W", 3) == 100.0
    assert dc.watts(100.0) == 40_500


def test_a_period_without_a_limit_allows_what_the_hardware_can():
    free = Profile(1, 0, "TxDefaultProfile", "A", (Period(0, None),), start_at=MIDNIGHT)
    assert limit_a([[free]], THREE, at(0)) == 32.0


def test_changes_are_where_the_limit_changes():
    nightly = profile((0, 6.0), (3600, 16.0), duration_s=7200, recurs=DAY)
    assert changes([nightly], None, at(0.5), at(26)) == [at(1), at(2), at(24), at(25)]
    dated = profile((0, 6.0), valid_from=at(3), valid_to=at(4))
    assert changes([nightly, dated], None, at(0.5), at(5)) == [at(1), at(2), at(3), at(4)]


def test_the_end_of_the_calendar_is_no_error():
    last = datetime.max.replace(tzinfo=UTC)
    endless = profile((0, 6.0), (2**40, 7.0), duration_s=2**50)
    assert changes([endless], None, at(0), last) == []
    assert period_at(endless, None, last).limit == 6.0
