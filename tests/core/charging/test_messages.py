"""Orders as messages: valid in every version, never more than was ordered, and what their ends mean.

What a profile allows is reckoned by the rule of the specification, which `period_at` writes down a second time.
"""

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.calls import CallEnded, Outcome
from gateway.core.charging.abilities import Abilities
from gateway.core.charging.description import EvseDescription
from gateway.core.charging.messages import amount as amount_of
from gateway.core.charging.messages import (
    composite_call,
    default_call,
    ending_of,
    is_within,
    limit_call,
    told_ma,
    update_call,
)
from gateway.core.charging.orders import Ending, Order
from tests.core.station_bench import MESSAGES, OCPP16, OCPP21, OCPP201
from tests.wire import schema_oracle

ALL = (OCPP16, OCPP201, OCPP21)
NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, UTC).timestamp()
VOLTAGE_V = 230.0
KEY = ("CP1", 1)


def evse(**fields):
    return EvseDescription(**({"station": "CP1", "evse": 1, "node": "panel", "fallback_ma": 6_000} | fields))


def order(limit_ma=16_000, *, lease_s=600.0, phases=(1, 2, 3), transaction="77", number=1):
    expires_at = None if lease_s is None else NOW + lease_s
    return Order(number, KEY, transaction, limit_ma, phases, NOW, expires_at)


def abilities(version, **fields):
    return Abilities(
        subprotocol=version, firmware="1.0", **({"stack_level": 8, "periods": 24, "units": ("A", "W")} | fields)
    )


def assert_valid(version, message):
    action, request = message
    schema = MESSAGES[version, action, "request"].schema
    payload = json.loads(msgspec.json.encode(request))
    assert schema_oracle.verdicts(schema_oracle.validator(schema), payload) == set(), payload
    return payload


def profile_of(version, message):
    payload = assert_valid(version, message)
    if version == OCPP16:
        profile = payload["csChargingProfiles"]
        return payload["connectorId"], profile, profile["chargingSchedule"]
    profile = payload["chargingProfile"]
    (schedule,) = profile["chargingSchedule"]
    return payload["evseId"], profile, schedule


def period_at(schedule, at):
    """The period in force at `at`, in seconds of the epoch: section 3.13 of 1.6, K01 of 2.x."""
    begin = datetime.fromisoformat(schedule["startSchedule"]).timestamp()
    if at < begin or ("duration" in schedule and at >= begin + schedule["duration"]):
        return None
    return [period for period in schedule["chargingSchedulePeriod"] if begin + period["startPeriod"] <= at][-1]


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("lease_s", [None, 20.0, 600.0])
@pytest.mark.parametrize(
    "about", [{}, {"phases": (2,)}, {"phases": (1, 2)}, {"current": "DC"}, {"fallback_ma": 0}], ids=str
)
@pytest.mark.parametrize("units", [(), ("A",), ("W",), ("A", "W")], ids=str)
@pytest.mark.parametrize("dynamic", [False, True])
def test_limits_and_fallbacks_are_valid_in_every_version(version, lease_s, about, units, dynamic):
    where = evse(**about)
    can = abilities(version, units=units, dynamic=dynamic and version == OCPP21, offline=dynamic)
    limit = limit_call(order(lease_s=lease_s, phases=where.phases), where, can, version, NOW, VOLTAGE_V)
    fallback = default_call(where, can, version, NOW, VOLTAGE_V)
    if about.get("current") == "DC" and units == ("A",):
        assert limit is None and fallback is None
        return
    assert_valid(version, limit)
    assert_valid(version, fallback)
    assert_valid(version, composite_call(where, can, version, VOLTAGE_V, 60))


@pytest.mark.parametrize("version", ALL)
def test_lease_holds_its_limit_until_it_expires_and_the_fallback_for_good_after(version):
    evse_number, profile, schedule = profile_of(
        version, limit_call(order(13_370), evse(evse=3), abilities(version), version, NOW, VOLTAGE_V)
    )
    assert evse_number == 3
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert profile["chargingProfileKind"] == "Absolute"
    assert profile["transactionId"] == (77 if version == OCPP16 else "77")
    assert not profile.keys() & {"validFrom", "validTo", "recurrencyKind"}
    assert schedule["chargingRateUnit"] == "A"
    for seconds, limit_a in ((-3599, 13.3), (0, 13.3), (598, 13.3), (600, 6.0), (86_400 * 30, 6.0)):
        assert period_at(schedule, NOW + seconds)["limit"] == limit_a, seconds


@pytest.mark.parametrize("version", ALL)
def test_limit_that_does_not_end_has_one_period(version):
    _, _, schedule = profile_of(
        version, limit_call(order(lease_s=None), evse(), abilities(version), version, NOW, VOLTAGE_V)
    )
    assert [period["limit"] for period in schedule["chargingSchedulePeriod"]] == [16.0]


@pytest.mark.parametrize("version", ALL)
def test_limit_at_the_fallback_needs_no_second_period(version):
    _, _, schedule = profile_of(
        version, limit_call(order(6_000), evse(), abilities(version, periods=24), version, NOW, VOLTAGE_V)
    )
    assert len(schedule["chargingSchedulePeriod"]) == 1


@pytest.mark.parametrize("version", ALL)
def test_limit_below_the_fallback_ends_at_the_fallback_too(version):
    _, _, schedule = profile_of(version, limit_call(order(0), evse(), abilities(version), version, NOW, VOLTAGE_V))
    assert [period["limit"] for period in schedule["chargingSchedulePeriod"]] == [0.0, 6.0]


def test_station_that_takes_one_period_gets_no_lease():
    can = abilities(OCPP16, periods=1)
    assert limit_call(order(), evse(), can, OCPP16, NOW, VOLTAGE_V) is None
    assert limit_call(order(lease_s=None), evse(), can, OCPP16, NOW, VOLTAGE_V) is not None


def test_order_that_has_expired_is_not_sent():
    assert limit_call(order(lease_s=-1.0), evse(), abilities(OCPP16), OCPP16, NOW, VOLTAGE_V) is None


def test_dynamic_profile_ends_by_its_duration_before_its_order_does():
    can = abilities(OCPP21, dynamic=True, offline=True)
    _, profile, schedule = profile_of(OCPP21, limit_call(order(), evse(), can, OCPP21, NOW, VOLTAGE_V))
    assert profile["chargingProfileKind"] == "Dynamic"
    assert datetime.fromisoformat(profile["dynUpdateTime"]).timestamp() == pytest.approx(NOW, abs=0.001)
    assert schedule["duration"] == 570
    assert profile["maxOfflineDuration"] == 570
    assert "startSchedule" not in schedule
    assert schedule["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 16.0}]


def test_dynamic_profile_of_a_station_that_knows_no_offline_duration_has_none():
    can = abilities(OCPP21, dynamic=True)
    _, profile, _ = profile_of(OCPP21, limit_call(order(), evse(), can, OCPP21, NOW, VOLTAGE_V))
    assert "maxOfflineDuration" not in profile


@pytest.mark.parametrize("version", ALL)
def test_fallback_is_the_default_of_the_evse_for_good(version):
    evse_number, profile, schedule = profile_of(
        version, default_call(evse(evse=2, fallback_ma=7_990), abilities(version), version, NOW, VOLTAGE_V)
    )
    assert evse_number == 2
    assert profile["chargingProfilePurpose"] == "TxDefaultProfile"
    assert "transactionId" not in profile
    for seconds in (0, 86_400 * 365):
        assert period_at(schedule, NOW + seconds)["limit"] == 7.9


@pytest.mark.parametrize("version", ALL)
def test_profiles_of_all_evses_have_ids_of_their_own_that_stay(version):
    ids = []
    for number in (1, 2, 3, 1000, 1001):
        where = evse(evse=number)
        for message in (
            default_call(where, abilities(version), version, NOW, VOLTAGE_V),
            limit_call(order(), where, abilities(version), version, NOW, VOLTAGE_V),
        ):
            _, profile, _ = profile_of(version, message)
            ids.append(profile["chargingProfileId" if version == OCPP16 else "id"])
    assert len(set(ids)) == len(ids)
    assert max(ids) < 2**15
    again = profile_of(version, limit_call(order(8_000, number=9), evse(), abilities(version), version, NOW, VOLTAGE_V))
    assert again[1]["chargingProfileId" if version == OCPP16 else "id"] == ids[1]


def test_ids_are_above_those_of_external_limits():
    can = abilities(OCPP21, highest_foreign_id=50_000)
    _, profile, _ = profile_of(OCPP21, default_call(evse(), can, OCPP21, NOW, VOLTAGE_V))
    assert profile["id"] > 50_000


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize(("said", "level"), [(None, 0), (0, 0), (8, 8)])
def test_profiles_have_the_highest_stack_level_that_the_station_takes(version, said, level):
    can = abilities(version, stack_level=said)
    for message in (
        limit_call(order(), evse(), can, version, NOW, VOLTAGE_V),
        default_call(evse(), can, version, NOW, VOLTAGE_V),
    ):
        assert profile_of(version, message)[1]["stackLevel"] == level


@pytest.mark.parametrize("version", ALL)
def test_number_of_phases_is_said_where_it_is_not_three(version):
    where = evse(phases=(2, 3, 1))
    for phases, said in (((2, 3, 1), None), ((2, 3), 2), ((2,), 1)):
        _, _, schedule = profile_of(
            version, limit_call(order(phases=phases), where, abilities(version), version, NOW, VOLTAGE_V)
        )
        assert {period.get("numberPhases") for period in schedule["chargingSchedulePeriod"]} == {said}


@pytest.mark.parametrize("version", ALL)
def test_dc_is_told_in_watts_of_what_comes_out(version):
    where = evse(current="DC", efficiency=0.9, fallback_ma=0)
    _, _, schedule = profile_of(
        version, limit_call(order(100_000, lease_s=None), where, abilities(version), version, NOW, VOLTAGE_V)
    )
    assert schedule["chargingRateUnit"] == "W"
    (period,) = schedule["chargingSchedulePeriod"]
    assert period == {"startPeriod": 0, "limit": float(int(100 * 230 * 3 * 0.9))}


@settings(max_examples=300)
@given(
    limit_ma=st.integers(0, 500_000),
    phases=st.sampled_from([(1,), (1, 2), (1, 2, 3)]),
    units=st.sampled_from([("A",), ("W",), ("A", "W"), ()]),
    voltage_v=st.sampled_from([120.0, 230.0, 277.0]),
)
def test_what_is_said_is_never_more_than_what_was_ordered(limit_ma, phases, units, voltage_v):
    said = amount_of(limit_ma, len(phases), evse(phases=phases), abilities(OCPP16, units=units), voltage_v)
    drawn_ma = said.limit * 1000 if said.unit == "A" else said.limit * 1000 / (voltage_v * len(phases))
    assert drawn_ma <= limit_ma + 1e-4
    if said.unit == "W":
        assert limit_ma - drawn_ma < 1001 / (voltage_v * len(phases)), "less than a watt is lost"
    if said.unit == "A":
        assert limit_ma - drawn_ma < 100 + 1e-6
        assert round(said.limit * 10) == pytest.approx(said.limit * 10, abs=1e-9)


def end(outcome, response=None, **fields):
    raw = None if response is None else json.dumps(response).encode()
    return CallEnded(outcome, response=raw, payload=None if response is None else object(), **fields)


def test_only_an_acceptance_accepts():
    assert ending_of(end(Outcome.ACCEPTED, {"status": "Accepted"})) == (Ending.ACCEPTED, None)
    assert ending_of(end(Outcome.REJECTED, {"status": "Rejected"})) == (Ending.REJECTED, None)
    assert ending_of(end(Outcome.REJECTED, {"status": "NotSupported"})) == (Ending.REJECTED, None)


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.UNKNOWN])
def test_order_without_an_answer_may_be_in_force(outcome):
    assert ending_of(end(outcome)) == (Ending.UNKNOWN, None)


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.OFFLINE])
def test_order_that_was_never_sent_is_not_in_force(outcome):
    assert ending_of(end(outcome, sent=False)) == (Ending.NOT_SENT, None)


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("NotSupported", Ending.REJECTED),
        ("NotImplemented", Ending.REJECTED),
        ("OccurenceConstraintViolation", Ending.REJECTED),
        ("InternalError", Ending.UNKNOWN),
        ("GenericError", Ending.UNKNOWN),
        ("SomethingOfTheVendor", Ending.UNKNOWN),
        (None, Ending.UNKNOWN),
    ],
)
def test_errors_reject_only_where_they_say_that_nothing_was_done(code, ending):
    assert ending_of(end(Outcome.CALL_ERROR, error_code=code)) == (ending, None)


def test_answer_that_cannot_be_read_leaves_open_what_was_done():
    unreadable = CallEnded(Outcome.CALL_ERROR, response=b'{"status":1}', error_code="TypeConstraintViolation")
    assert ending_of(unreadable) == (Ending.UNKNOWN, None)


@pytest.mark.parametrize(
    ("reason", "text", "retry_s"),
    [
        ("RateLimitExceeded", "42 seconds before retry", 43.0),
        ("ratelimitexceeded", "Retry in 42s", 43.0),
        ("RateLimitExceeded", "999999 seconds before retry", 3600.0),
        ("RateLimitExceeded", "later", None),
        ("RateLimitExceeded", None, None),
        ("InvalidValue", "42 seconds before retry", None),
    ],
)
def test_station_that_wants_fewer_limits_says_when_it_takes_the_next(reason, text, retry_s):
    info = {"reasonCode": reason} | ({} if text is None else {"additionalInfo": text})
    rejected = end(Outcome.REJECTED, {"status": "Rejected", "statusInfo": info})
    assert ending_of(rejected) == (Ending.REJECTED, retry_s)


def composite(periods, unit="A", status="Accepted"):
    schedule = {"chargingRateUnit": unit, "duration": 60, "chargingSchedulePeriod": periods}
    return end(Outcome.ACCEPTED if status == "Accepted" else Outcome.REJECTED, {"status": status, "schedule": schedule})


def test_composite_schedule_tells_the_most_that_is_allowed_at_any_time():
    told = composite([{"startPeriod": 0, "limit": 6.0}, {"startPeriod": 30, "limit": 16.0}])
    assert told_ma(told, evse(), VOLTAGE_V) == 16_000


@pytest.mark.parametrize(
    "told",
    [
        composite([]),
        composite([{"startPeriod": 5, "limit": 6.0}]),
        composite([{"startPeriod": 0}]),
        composite([{"startPeriod": 0, "limit": 6.0}], status="Rejected"),
        end(Outcome.ACCEPTED, {"status": "Accepted"}),
        CallEnded(Outcome.TIMEOUT),
    ],
    ids=["nothing", "a gap", "no limit", "rejected", "no schedule", "no answer"],
)
def test_composite_schedule_that_leaves_a_time_undefined_tells_nothing(told):
    assert told_ma(told, evse(), VOLTAGE_V) is None


def test_watts_of_a_composite_schedule_are_taken_for_as_few_phases_as_they_may_be():
    told = composite([{"startPeriod": 0, "limit": 4140.0, "numberPhases": 3}], unit="W")
    assert told_ma(told, evse(), VOLTAGE_V) == 6_000
    assert told_ma(told, evse(phases=(1,)), VOLTAGE_V) == 18_000


def test_stations_may_reckon_a_little_differently():
    assert is_within(6_300, 6_000)
    assert not is_within(7_000, 6_000)
    assert not is_within(500, 0)


def test_update_of_a_dynamic_profile_is_valid_and_of_the_same_id():
    can = abilities(OCPP21, dynamic=True)
    _, profile, _ = profile_of(OCPP21, limit_call(order(), evse(), can, OCPP21, NOW, VOLTAGE_V))
    limit = amount_of(9_990, 3, evse(), can, VOLTAGE_V)
    update = assert_valid(OCPP21, update_call(limit, evse(), can))
    assert update == {"chargingProfileId": profile["id"], "scheduleUpdate": {"limit": 9.9}}


def test_schedule_began_long_before_a_clock_that_is_behind():
    _, _, schedule = profile_of(OCPP16, limit_call(order(), evse(), abilities(OCPP16), OCPP16, NOW, VOLTAGE_V))
    begin = datetime.fromisoformat(schedule["startSchedule"])
    assert datetime.fromtimestamp(NOW, UTC) - begin >= timedelta(minutes=59)
