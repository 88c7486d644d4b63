"""Fallbacks: installed once, not written to flash again without need, and not taken for granted after a boot."""

import pytest

from gateway.core.charging.description import EvseDescription
from gateway.core.charging.messages import Amount
from gateway.core.charging.preparing import prepare
from gateway.core.commands import CommandError
from tests.core.charging.charger import (
    HARDWARE_A,
    KEYS,
    NOT_SUPPORTED,
    VARIABLES,
    Charger,
    composite_answer,
)
from tests.core.flows.flow_bench import GONE, SILENCE, StationError
from tests.core.station_bench import OCPP16, OCPP21, OCPP201

ALL = (OCPP16, OCPP201, OCPP21)
BOTH_2 = (OCPP201, OCPP21)

REJECTED = {"status": "Rejected"}


def evse(number=1, **fields):
    return EvseDescription(**({"station": "CP1", "evse": number, "node": "panel", "fallback_ma": 6_000} | fields))


TWO = (evse(1), evse(2))


def prepared(charger, evses=TWO):
    return charger.run(lambda operator, station: prepare(operator, station, evses, 230.0))


def rejecting(charger, refuses):
    """Answers to SetChargingProfile that are Rejected where `refuses` says so of (nth try, stack level)."""
    tries = []

    def answer(request):
        profile = request["csChargingProfiles"] if charger.version == OCPP16 else request["chargingProfile"]
        tries.append(profile["stackLevel"])
        reason = refuses(len(tries), profile["stackLevel"])
        return reason if reason else charger.install(request)

    charger.answers["SetChargingProfile"] = answer
    return tries


@pytest.mark.parametrize("version", ALL)
def test_each_evse_gets_its_fallback_once(version):
    charger = Charger(version)
    done = prepared(charger)
    assert (done.installed, done.missing, done.again, done.forgets) == ({1, 2}, {}, False, False)
    assert charger.actions() == ["SetChargingProfile"] * 2
    assert {evse: schedule["chargingSchedulePeriod"] for evse, (_, schedule) in charger.defaults.items()} == {
        1: [{"startPeriod": 0, "limit": 6.0}],
        2: [{"startPeriod": 0, "limit": 6.0}],
    }
    assert prepared(charger).installed == {1, 2}
    assert charger.actions() == []


@pytest.mark.parametrize("version", ALL)
def test_restart_of_the_gateway_writes_nothing(version):
    charger = Charger(version)
    prepared(charger)
    charger.restart()
    charger.actions()
    assert prepared(charger).installed == {1, 2}
    assert "SetChargingProfile" not in charger.actions()


@pytest.mark.parametrize("version", ALL)
def test_another_fallback_takes_the_place_of_the_former(version):
    charger = Charger(version)
    prepared(charger)
    charger.actions()
    done = prepared(charger, (evse(1, fallback_ma=10_000), evse(2)))
    assert done.installed == {1, 2}
    assert charger.actions() == ["SetChargingProfile"]
    assert charger.defaults[1][1]["chargingSchedulePeriod"][0]["limit"] == 10.0


@pytest.mark.parametrize("version", ALL)
def test_fallback_that_survived_a_boot_is_not_written_again(version):
    charger = Charger(version)
    prepared(charger)
    charger.actions()
    charger.boot()
    assert prepared(charger).installed == {1, 2}
    assert charger.actions() == ["GetCompositeSchedule"] * 2
    assert prepared(charger).installed == {1, 2}
    assert charger.actions() == [], "asked once for each boot"


@pytest.mark.parametrize("version", ALL)
def test_station_that_forgets_when_it_boots_is_found_out_and_gets_its_fallback_again(version):
    charger = Charger(version)
    prepared(charger)
    charger.boot(loses=True)
    charger.actions()
    done = prepared(charger)
    assert done.installed == {1, 2}
    assert done.forgets
    assert charger.actions() == ["GetCompositeSchedule", "SetChargingProfile", "GetCompositeSchedule"] * 2
    assert set(charger.defaults) == {1, 2}
    charger.boot()
    assert prepared(charger).forgets, "once is enough"
    charger.restart()
    assert prepared(charger).forgets


@pytest.mark.parametrize("version", ALL)
def test_station_that_cannot_tell_gets_its_fallback_again_and_is_not_accused(version):
    charger = Charger(version, GetCompositeSchedule=NOT_SUPPORTED)
    prepared(charger)
    charger.boot()
    charger.actions()
    done = prepared(charger)
    assert (done.installed, done.forgets) == ({1, 2}, False)
    assert charger.actions().count("SetChargingProfile") == 2
    charger.boot()
    prepared(charger)
    assert charger.actions() == ["SetChargingProfile"] * 2, "it is not asked again what it cannot tell"


@pytest.mark.parametrize("version", ALL)
def test_station_whose_schedule_never_shows_its_fallback_is_not_accused(version):
    charger = Charger(version)
    charger.answers["GetCompositeSchedule"] = lambda request: composite_answer(charger, 1, request, HARDWARE_A)
    prepared(charger)
    charger.boot()
    done = prepared(charger)
    assert (done.installed, done.forgets) == ({1, 2}, False)
    assert charger.known().shows is False


@pytest.mark.parametrize("version", ALL)
def test_what_is_shown_while_a_transaction_runs_proves_nothing(version):
    charger = Charger(version)
    prepared(charger)
    charger.boot()
    charger.begin(evse=2)
    charger.actions()
    done = prepared(charger)
    assert (done.installed, done.forgets) == ({1, 2}, False)
    assert charger.actions() == ["GetCompositeSchedule", "SetChargingProfile"]


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("answer", [SILENCE, GONE], ids=["silence", "gone"])
def test_check_without_an_answer_is_made_again(version, answer):
    charger = Charger(version)
    prepared(charger)
    charger.boot()
    charger.answers["GetCompositeSchedule"] = answer
    done = prepared(charger)
    assert done.installed == set()
    assert set(done.missing) == {1, 2}
    assert done.again


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize(
    ("answer", "again"),
    [(REJECTED, True), (NOT_SUPPORTED, False), (StationError("InternalError"), True), (SILENCE, True), (GONE, True)],
    ids=["rejected", "not supported", "internal error", "silence", "gone"],
)
def test_evse_whose_fallback_was_not_accepted_is_not_ready(version, answer, again):
    charger = Charger(version, SetChargingProfile=answer)
    done = prepared(charger)
    assert done.installed == set()
    assert done.again is again
    assert all(" " in reason for reason in done.missing.values())
    assert charger.known() is None


@pytest.mark.parametrize("version", ALL)
def test_other_fallback_that_was_not_answered_leaves_open_which_one_is_there(version):
    charger = Charger(version)
    prepared(charger, (evse(1),))
    charger.answers["SetChargingProfile"] = SILENCE
    assert prepared(charger, (evse(1, fallback_ma=10_000),)).installed == set()
    assert charger.known() is None
    charger.answers["SetChargingProfile"] = charger.install
    charger.actions()
    assert prepared(charger, (evse(1),)).installed == {1}
    assert charger.actions() == ["SetChargingProfile"], "back at the former one: it is not taken for granted"


@pytest.mark.parametrize("version", ALL)
def test_stack_level_is_lowered_where_the_station_takes_one_less_than_it_says(version):
    charger = Charger(version)
    tries = rejecting(charger, lambda _, level: REJECTED if level == 8 else None)
    assert prepared(charger).installed == {1, 2}
    assert tries == [8, 8, 7, 7]
    charger.actions()
    assert prepared(charger).installed == {1, 2}
    assert charger.actions() == []


@pytest.mark.parametrize("version", ALL)
def test_one_rejection_lowers_nothing(version):
    charger = Charger(version)
    tries = rejecting(charger, lambda nth, _: REJECTED if nth == 1 else None)
    assert prepared(charger, (evse(1),)).installed == {1}
    assert tries == [8, 8]


@pytest.mark.parametrize("version", BOTH_2)
def test_profile_of_others_in_its_place_is_cleared(version):
    charger = Charger(version)
    cleared = []
    duplicate = {"status": "Rejected", "statusInfo": {"reasonCode": "DuplicateProfile"}}
    rejecting(charger, lambda *_: None if cleared else duplicate)
    charger.answers["ClearChargingProfile"] = lambda request: cleared.append(request) or {"status": "Accepted"}
    assert prepared(charger, (evse(1),)).installed == {1}
    assert cleared == [
        {"chargingProfileCriteria": {"evseId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 8}}
    ]


@pytest.mark.parametrize("version", BOTH_2)
def test_station_that_wants_fewer_profiles_is_asked_again_and_nothing_is_cleared(version):
    charger = Charger(version)
    info = {"reasonCode": "RateLimitExceeded", "additionalInfo": "30 seconds before retry"}
    rejecting(charger, lambda nth, _: REJECTED | {"statusInfo": info} if nth > 1 else None)
    done = prepared(charger)
    assert (done.installed, set(done.missing), done.again) == ({1}, {2}, True)
    assert "30 seconds" in done.missing[2]
    assert charger.actions() == ["SetChargingProfile"] * 2


@pytest.mark.parametrize("version", BOTH_2)
def test_smart_charging_that_is_switched_off_is_told(version):
    charger = Charger(version, says=VARIABLES | {"Enabled": "false"})
    done = prepared(charger)
    assert (done.installed, done.again) == (set(), False)
    assert "switched off" in done.missing[1]
    assert charger.actions() == []


def test_limit_that_cannot_be_said_is_told():
    charger = Charger(OCPP16, says=KEYS | {"ChargingScheduleAllowedChargingRateUnit": "Current"})
    done = prepared(charger, (evse(1), evse(2, current="DC")))
    assert done.installed == {1}
    assert "A only" in done.missing[2]
    assert not done.again


@pytest.mark.parametrize("version", ALL)
def test_station_that_takes_watts_only_gets_watts(version):
    says = (KEYS if version == OCPP16 else VARIABLES) | {
        "ChargingScheduleAllowedChargingRateUnit": "Power",
        "RateUnit": "W",
    }
    charger = Charger(version, says=says)
    prepared(charger, (evse(1, phases=(2,)),))
    assert charger.known().amount == Amount("W", 1380.0, 1)
    charger.boot()
    charger.actions()
    assert prepared(charger, (evse(1, phases=(2,)),)).installed == {1}
    assert charger.actions() == ["GetCompositeSchedule"]


@pytest.mark.parametrize("version", ALL)
def test_station_that_does_not_tell_what_it_can_is_not_ready(version):
    asks = "GetConfiguration" if version == OCPP16 else "GetVariables"
    charger = Charger(version, **{asks: SILENCE})
    done = prepared(charger)
    assert (done.abilities, done.installed, set(done.missing), done.again) == (None, set(), {1, 2}, True)


@pytest.mark.parametrize("version", ALL)
def test_station_that_is_gone_is_not_ready(version):
    charger = Charger(version)
    charger.station.session = None
    done = prepared(charger)
    assert done.installed == set()
    assert done.again


@pytest.mark.parametrize("version", ALL)
def test_without_room_on_disk_a_known_fallback_is_not_replaced(version):
    charger = Charger(version)
    prepared(charger)
    charger.actions()
    charger.bench.journal.has_room = False
    with pytest.raises(CommandError):
        prepared(charger, (evse(1, fallback_ma=10_000),))
    assert charger.actions() == []
    assert prepared(charger).installed == {1, 2}
