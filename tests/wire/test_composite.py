"""Facts about what charging profiles allow, worked out by hand from OCPP 1.6 section 3.13 and 2.0.1 use case K01."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.composite import (
    DAY,
    DEFAULT,
    EXTERNAL,
    LOCAL_GENERATION,
    PRIORITY,
    STATION_MAX,
    TX,
    WEEK,
    Circuit,
    Interval,
    Period,
    Placed,
    Profile,
    Session,
    changes,
    composite,
    evse_limit_a,
    limit_a,
    period_at,
    station_cap_a,
)

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


def placed(evse: int, purpose: str, *periods: tuple[int, float], level: int = 0, **more) -> Placed:
    made = tuple(Period(start_s, limit) for start_s, limit in periods)
    return Placed(evse, Profile(1, level, purpose, "A", made, **({"start_at": MIDNIGHT} | more)))


CHARGING = Session(1, THREE._replace(started_at=MIDNIGHT), "T1")


def test_purposes_override_one_another_in_their_order():
    everyone, own = placed(0, DEFAULT, (0, 8.0)), placed(1, DEFAULT, (0, 10.0))
    tx, priority = placed(1, TX, (0, 16.0)), placed(1, PRIORITY, (0, 32.0))
    every = [everyone, own, tx, priority]
    assert evse_limit_a(every, CHARGING._replace(prioritised=True), at(0)) == 32.0
    assert evse_limit_a(every, CHARGING, at(0)) == 16.0
    assert evse_limit_a(every, Session(1, THREE), at(0)) == 10.0, "no transaction, no TxProfile"
    assert evse_limit_a([everyone, tx], Session(2, THREE, "T2"), at(0)) == 8.0, "not of another EVSE"
    assert evse_limit_a([], CHARGING, at(0)) == 32.0, "nothing defined is no limit"


def test_a_profile_of_another_transaction_says_nothing():
    assert evse_limit_a([placed(1, TX, (0, 6.0), transaction="T0")], CHARGING, at(0)) == 32.0
    assert evse_limit_a([placed(1, TX, (0, 6.0), transaction="T1")], CHARGING, at(0)) == 6.0


def test_external_constraints_cap_and_local_generation_is_added_after():
    default, external = placed(1, DEFAULT, (0, 20.0)), placed(1, EXTERNAL, (0, 12.0))
    assert evse_limit_a([default, external], CHARGING, at(0)) == 12.0
    generation = placed(1, LOCAL_GENERATION, (0, 5.0))
    assert evse_limit_a([default, external, generation], CHARGING, at(0)) == 17.0
    assert evse_limit_a([generation], CHARGING, at(0)) == 32.0, "never above what the hardware can"


def test_a_station_is_capped_by_the_least_of_its_own_and_external_constraints():
    station = Circuit(phases=3, current_max_a=64.0)
    assert station_cap_a([placed(1, STATION_MAX, (0, 9.0))], station, at(0)) is None
    caps = [placed(0, STATION_MAX, (0, 40.0)), placed(0, EXTERNAL, (0, 30.0), valid_to=at(1))]
    assert [station_cap_a(caps, station, at(hours)) for hours in (0, 1)] == [30.0, 40.0]
    both = [Session(1, THREE), Session(2, THREE)]
    assert composite(caps, both, station, at(0), 7200) == [Interval(0, 30.0), Interval(3600, 40.0)]
    assert composite(caps, both[:1], station, at(0), 7200) == [Interval(0, 30.0), Interval(3600, 32.0)]


def test_a_limit_that_ends_in_the_fallback_never_leaves_a_gap():
    lease = placed(1, TX, (0, 16.0), (3600 + 600, 6.0), start_at=at(-1), level=8)
    default = placed(1, DEFAULT, (0, 6.0), start_at=at(-1), level=8)
    found = composite([lease, default], [CHARGING], THREE, at(0), 86_400)
    assert found == [Interval(0, 16.0), Interval(600, 6.0)]


PURPOSES = (PRIORITY, TX, DEFAULT, STATION_MAX, EXTERNAL, LOCAL_GENERATION)
MINUTES = st.integers(-90, 150).map(lambda minutes: minutes * 60)


@st.composite
def rows(draw):
    """Return one profile as numbers: seconds from MIDNIGHT."""
    steps = draw(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 40)), max_size=3))
    periods, start_s = [(0, draw(st.integers(0, 40)))], 0
    for minutes, limit in steps:
        start_s += minutes * 60
        periods.append((start_s, limit))
    return {
        "evse": draw(st.integers(0, 2)),
        "purpose": draw(st.sampled_from(PURPOSES)),
        "level": draw(st.integers(0, 99)),
        "periods": periods,
        "start": draw(MINUTES | st.none()),
        "duration": draw(st.none() | st.integers(1, 120).map(lambda minutes: minutes * 60)),
        "from": draw(st.none() | MINUTES),
        "to": draw(st.none() | MINUTES),
        "daily": draw(st.booleans()),
        "transaction": draw(st.sampled_from([None, "T1", "T2"])),
    }


def said_by(row, t: int, started: int):
    """What a profile says at `t`, straight from the rules."""
    if (row["from"] is not None and t < row["from"]) or (row["to"] is not None and t >= row["to"]):
        return None
    anchor = started if row["start"] is None else row["start"]
    if row["start"] is not None and row["daily"]:
        while anchor + 86_400 <= t:
            anchor += 86_400
    elapsed = t - anchor
    if elapsed < 0 or (row["duration"] is not None and elapsed >= row["duration"]):
        return None
    return [limit for start_s, limit in row["periods"] if start_s <= elapsed][-1]


def led(rows, evse: int, purpose: str, t: int, started: int):
    of_purpose = [r for r in rows if (r["evse"], r["purpose"]) == (evse, purpose)]
    for row in sorted(of_purpose, key=lambda r: r["level"], reverse=True):
        said = said_by(row, t, started)
        if said is not None:
            return min(said, 32)
    return None


def allowed(rows, t: int, started: int, *, prioritised: bool) -> int:
    """What EVSE 1 with the transaction T1 may draw at `t`, straight from the rules."""
    rows = [r for r in rows if r["purpose"] != TX or r["transaction"] in (None, "T1")]
    order = [(1, TX), (1, DEFAULT), (0, DEFAULT)]
    if prioritised:
        order.insert(0, (0, PRIORITY))
        # both places of priority charging are one tier: the higher level leads
        rows = [r | {"evse": 0} if r["purpose"] == PRIORITY and r["evse"] == 1 else r for r in rows]
    said = [led(rows, evse, purpose, t, started) for evse, purpose in order]
    limit = next((one for one in said if one is not None), 32)
    external = led(rows, 1, EXTERNAL, t, started)
    limit = min(limit, 32 if external is None else external)
    limit = min(32, limit + (led(rows, 1, LOCAL_GENERATION, t, started) or 0))
    caps = [led(rows, 0, purpose, t, started) for purpose in (STATION_MAX, EXTERNAL)]
    caps = [cap for cap in caps if cap is not None]
    if caps:
        limit = min(limit, 32, min(caps) + (led(rows, 0, LOCAL_GENERATION, t, started) or 0))
    return limit


@given(
    st.lists(rows(), max_size=8, unique_by=lambda row: row["level"]),
    st.integers(-60, 0).map(lambda minutes: minutes * 60),
    st.booleans(),
)
def test_a_composite_schedule_is_what_the_rules_say_at_every_minute(rows, started, prioritised):
    def moment(seconds):
        return None if seconds is None else MIDNIGHT + timedelta(seconds=seconds)

    station = Circuit(phases=3, current_max_a=32.0, started_at=moment(started))
    session = Session(1, THREE._replace(started_at=moment(started)), "T1", prioritised)
    profiles = [
        Placed(
            row["evse"],
            Profile(
                number,
                row["level"],
                row["purpose"],
                "A",
                tuple(Period(start_s, float(limit)) for start_s, limit in row["periods"]),
                start_at=moment(row["start"]),
                duration_s=row["duration"],
                recurs=DAY if row["daily"] and row["start"] is not None else None,
                valid_from=moment(row["from"]),
                valid_to=moment(row["to"]),
                transaction=row["transaction"],
            ),
        )
        for number, row in enumerate(rows)
    ]
    found = composite(profiles, [session], station, MIDNIGHT, 4 * 3600)
    for t in range(0, 4 * 3600, 60):
        told = [interval.current_a for interval in found if interval.start_s <= t][-1]
        assert told == allowed(rows, t, started, prioritised=prioritised), t
