"""What stations can is asked once for each firmware; what they say is taken for what it is worth."""

import pytest

from gateway.core.calls import CallEnded, Outcome
from gateway.core.charging.abilities import ABILITIES, KEY, Abilities, known_abilities, learn_abilities
from tests.core.charging.charger import KEYS, VARIABLES, Charger
from tests.core.flows.flow_bench import GONE, SILENCE, StationError
from tests.core.station_bench import BOOTS, OCPP16, OCPP21, OCPP201

ALL = (OCPP16, OCPP201, OCPP21)


def learn(charger):
    return charger.run(learn_abilities)


@pytest.mark.parametrize("version", ALL)
def test_station_is_asked_once_and_what_it_said_outlasts_a_restart(version):
    charger = Charger(version)
    learned = learn(charger)
    assert (learned.stack_level, learned.periods, learned.units) == (8, 24, ("A", "W"))
    asked = len(charger.sent)
    assert asked > 0
    charger.restart()
    charger.sent.clear()
    assert learn(charger) == learned
    assert not charger.sent


@pytest.mark.parametrize("version", ALL)
def test_other_firmware_is_asked_again(version):
    charger = Charger(version)
    learn(charger)
    charger.sent.clear()
    if version == OCPP16:
        boot = BOOTS[version] | {"firmwareVersion": "2.0"}
    else:
        boot = {
            "reason": "FirmwareUpdate",
            "chargingStation": {**BOOTS[version]["chargingStation"], "firmwareVersion": "2.0"},
        }
    charger.say("BootNotification", boot)
    assert known_abilities(charger.station, version) is None
    assert learn(charger).firmware == "2.0"
    assert charger.sent


def test_what_a_station_said_in_another_version_does_not_count():
    charger = Charger(OCPP201)
    learn(charger)
    assert known_abilities(charger.station, OCPP201) is not None
    assert known_abilities(charger.station, OCPP21) is None


def test_dynamic_profiles_are_of_2_1_only():
    learned = learn(Charger(OCPP21))
    assert (learned.dynamic, learned.offline, learned.spacing_s, learned.highest_foreign_id) == (True, True, 5.0, 99)
    older = learn(Charger(OCPP201))
    assert (older.dynamic, older.offline, older.spacing_s, older.highest_foreign_id) == (False, False, 0.0, 0)


@pytest.mark.parametrize("version", ALL)
def test_station_that_says_nothing_gets_what_every_station_takes(version):
    learned = learn(Charger(version, says={}))
    assert (learned.stack_level, learned.periods, learned.units, learned.enabled) == (None, None, (), None)
    assert learned.leases
    assert not learned.dynamic


@pytest.mark.parametrize(
    ("said", "units"),
    [
        ("Current", ("A",)),
        ("Power", ("W",)),
        ("Current,Power", ("A", "W")),
        ("Power; Current", ("A", "W")),
        ("A", ("A",)),
        ("Furlongs", ()),
        ("", ()),
    ],
)
def test_units_are_read_as_stations_write_them(said, units):
    charger = Charger(OCPP16, says=KEYS | {"ChargingScheduleAllowedChargingRateUnit": said})
    assert learn(charger).units == units


@pytest.mark.parametrize(
    ("said", "level"),
    [("3", 3), (" 3 ", 3), ("0", 0), ("2147483647", 1000), ("-1", None), ("many", None), ("9" * 99, None)],
)
def test_stack_level_is_a_number_within_bounds(said, level):
    assert learn(Charger(OCPP201, says=VARIABLES | {"ProfileStackLevel": said})).stack_level == level


def test_one_period_is_too_few_for_a_lease():
    assert not learn(Charger(OCPP201, says=VARIABLES | {"PeriodsPerSchedule": "1"})).leases
    assert learn(Charger(OCPP201, says=VARIABLES | {"PeriodsPerSchedule": "2"})).leases
    assert learn(Charger(OCPP201, says=VARIABLES | {"PeriodsPerSchedule": "0"})).leases, "0 means nothing"


@pytest.mark.parametrize("answer", [SILENCE, GONE, StationError("InternalError")], ids=["silence", "gone", "error"])
@pytest.mark.parametrize("version", ALL)
def test_what_may_pass_is_not_taken_for_an_answer(version, answer):
    asks = "GetConfiguration" if version == OCPP16 else "GetVariables"
    charger = Charger(version, **{asks: answer})
    assert isinstance(learn(charger), CallEnded)
    assert ABILITIES.get(charger.station, KEY) is None


def test_station_without_a_configuration_to_read_is_one_that_says_nothing():
    charger = Charger(OCPP201, GetVariables=StationError("NotSupported"))
    assert learn(charger) == Abilities(subprotocol=OCPP201, firmware=None)
    charger.sent.clear()
    assert isinstance(learn(charger), Abilities)
    assert not charger.sent


def test_answers_of_before_an_error_are_not_kept_as_all_there_is():
    charger = Charger(OCPP21)
    answers = iter([charger.variables, charger.variables, charger.variables])

    def some(request):
        return next(answers, lambda _: SILENCE)(request)

    charger.answers["GetVariables"] = some
    charger.says = VARIABLES | {"ItemsPerMessage": "2"}
    end = learn(charger)
    assert isinstance(end, CallEnded)
    assert end.outcome is Outcome.TIMEOUT
    assert ABILITIES.get(charger.station, KEY) is None
