"""External limits, needs of vehicles and priority: what is remembered, and until when."""

import json

import pytest

from gateway.core.facts.charging_notices import CHARGING_NEEDS, EXTERNAL_LIMITS, PRIORITY_CHARGING
from tests.core import said
from tests.core.station_bench import BEGIN, OCPP21, OCPP201


def limit(line, source="EMS", **more):
    assert (
        line.ask(
            "NotifyChargingLimit", {"chargingLimit": {"chargingLimitSource": source, **more.pop("about", {})}, **more}
        )
        == {}
    )


def limits(line):
    return {(known.evse, known.source) for known in EXTERNAL_LIMITS.of(line.station).values()}


def test_limits_hold_by_evse_and_source_until_they_are_cleared(station_2):
    limit(station_2)
    limit(station_2, evseId=1)
    limit(station_2, "SO", evseId=1, about={"isGridCritical": True})
    assert limits(station_2) == {(0, "EMS"), (1, "EMS"), (1, "SO")}
    (critical,) = [known for known in EXTERNAL_LIMITS.of(station_2.station).values() if known.grid_critical]
    assert (critical.source, critical.said_at) == ("SO", BEGIN)
    station_2.ask("ClearedChargingLimit", {"chargingLimitSource": "SO", "evseId": 1})
    assert limits(station_2) == {(0, "EMS"), (1, "EMS")}


def test_a_source_that_clears_without_an_evse_clears_everywhere(station_2):
    limit(station_2)
    limit(station_2, evseId=1)
    limit(station_2, "SO", evseId=1)
    station_2.ask("ClearedChargingLimit", {"chargingLimitSource": "EMS"})
    assert limits(station_2) == {(1, "SO")}


def test_clearing_what_is_not_known_changes_nothing(station_2):
    limit(station_2)
    station_2.ask("ClearedChargingLimit", {"chargingLimitSource": "SO"})
    station_2.ask("ClearedChargingLimit", {"chargingLimitSource": "EMS", "evseId": 9})
    assert limits(station_2) == {(0, "EMS")}


def test_21_says_whether_it_generates_itself(station_21):
    limit(station_21, "EMS", about={"isLocalGeneration": True})
    (known,) = EXTERNAL_LIMITS.of(station_21.station).values()
    assert (known.local_generation, known.grid_critical) == (True, None)


def needs(line, evse=1, **said_needs):
    request = {"requestedEnergyTransfer": "AC_three_phase", **said_needs}
    return line.ask("NotifyEVChargingNeeds", {"evseId": evse, "chargingNeeds": request})


def needs_of(line, evse=1):
    return CHARGING_NEEDS.get(line.station, str(evse))


AC = {"energyAmount": 22000, "evMinCurrent": 6, "evMaxCurrent": 32, "evMaxVoltage": 400}
DC = {"evMaxCurrent": 200, "evMaxVoltage": 500, "energyAmount": 40000, "evMaxPower": 90000, "stateOfCharge": 35}


def test_what_a_vehicle_needs_is_remembered_by_evse(station_2, bench):
    needs(station_2, acChargingParameters=AC, departureTime="2026-03-01T18:00:00Z")
    known = needs_of(station_2)
    assert (known.energy_wh, known.min_current_a, known.max_current_a, known.max_voltage_v) == (22000, 6, 32, 400)
    assert (known.departure_at.hour, known.state_of_charge_percent, known.max_power_w) == (18, None, None)
    assert json.loads(bench.records[0].detail)["chargingNeeds"]["acChargingParameters"] == AC


def test_a_direct_current_vehicle_says_other_things(station_2):
    needs(station_2, requestedEnergyTransfer="DC", dcChargingParameters=DC)
    known = needs_of(station_2)
    assert (known.energy_wh, known.max_power_w, known.max_current_a) == (40000, 90000, 200)
    assert (known.state_of_charge_percent, known.min_current_a, known.energy_transfer) == (35, None, "DC")


def test_a_vehicle_that_says_little_is_remembered_as_that(station_2):
    needs(station_2, evse=2)
    assert (needs_of(station_2, 2).energy_wh, needs_of(station_2, 2).departure_at) == (None, None)
    assert needs_of(station_2, 1) is None


@pytest.mark.parametrize(("version", "status"), [(OCPP201, "Rejected"), (OCPP21, "NoChargingProfile")])
def test_the_answer_promises_no_schedule(bench, version, status):
    assert needs(bench.connect(version)) == {"status": status}


def test_the_needs_leave_with_the_vehicle(station_2):
    station_2.ask("TransactionEvent", said.event_201("Started", 0, evse={"id": 1}))
    needs(station_2, 1)
    needs(station_2, 2)
    station_2.ask("TransactionEvent", said.event_201("Updated", 1))
    assert needs_of(station_2, 1) is not None
    station_2.ask("TransactionEvent", said.event_201("Ended", 2))
    assert needs_of(station_2, 1) is None
    assert needs_of(station_2, 2) is not None


def test_priority_holds_until_it_is_switched_off_or_the_transaction_ends(station_21):
    for transaction in ("T1", "T2", "T3"):
        assert station_21.ask("NotifyPriorityCharging", {"transactionId": transaction, "activated": True}) == {}
    station_21.ask("NotifyPriorityCharging", {"transactionId": "T2", "activated": False})
    station_21.ask("TransactionEvent", said.event_201("Ended", 0, "T3"))
    assert list(PRIORITY_CHARGING.of(station_21.station)) == ["T1"]
