"""Battery swaps of 2.1: which battery is in which slot."""

import pytest

from gateway.core.facts.batteries import BATTERIES


def swap(line, event, *batteries):
    request = {
        "eventType": event,
        "requestId": 1,
        "idToken": {"idToken": "TAG1", "type": "ISO14443"},
        "batteryData": [{"evseId": slot, "serialNumber": serial, "soC": 80, "soH": 95.5} for slot, serial in batteries],
    }
    assert line.ask("BatterySwap", request) == {}


def slots(line):
    return {battery.evse: battery.serial for battery in BATTERIES.of(line.station).values()}


def test_a_battery_is_in_its_slot_from_when_it_is_put_in_until_it_is_taken_out(station_21):
    swap(station_21, "BatteryIn", (1, "old"), (2, "older"))
    assert slots(station_21) == {1: "old", 2: "older"}
    swap(station_21, "BatteryOut", (1, "old"))
    assert slots(station_21) == {2: "older"}
    (battery,) = BATTERIES.of(station_21.station).values()
    assert (battery.state_of_charge_percent, battery.state_of_health_percent) == (80, 95.5)


def test_a_battery_that_nobody_took_stays(station_21):
    swap(station_21, "BatteryIn", (1, "full"))
    swap(station_21, "BatteryOutTimeout", (1, "full"))
    assert slots(station_21) == {1: "full"}


def test_a_slot_holds_one_battery(station_21):
    swap(station_21, "BatteryIn", (1, "a"))
    swap(station_21, "BatteryIn", (1, "b"))
    assert slots(station_21) == {1: "b"}


@pytest.mark.parametrize("slot", [2**53 + 1, 2**70])
def test_a_slot_beyond_any_number_is_refused(station_21, slot):
    request = {
        "eventType": "BatteryIn",
        "requestId": 1,
        "idToken": {"idToken": "TAG1", "type": "ISO14443"},
        "batteryData": [{"evseId": slot, "serialNumber": "a", "soC": 80, "soH": 95}],
    }
    assert station_21.refusal("BatterySwap", request)[0] == "PropertyConstraintViolation"
    assert slots(station_21) == {}
