"""OCPP 1.6 in 2.x words. Oracles for words: the enumerations in the schemas of OCPP 2.0.1."""

from datetime import timedelta

import pytest

from gateway.core import ocpp16
from gateway.core.csms import Deviation
from gateway.core.records import Readings, TransactionEvent
from tests.core import said
from tests.core.station_bench import BEGIN, MESSAGES, OCPP16, OCPP201

TWO = MESSAGES[OCPP201, "TransactionEvent", "request"].schema["definitions"]


def of_type(bench, kind):
    return [record for record in bench.records if isinstance(record, kind)]


# Transactions


def test_a_start_gets_an_id_and_its_register(station_16, bench):
    answer = station_16.ask("StartTransaction", said.start_16(reservationId=5))
    assert answer == {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}
    started, readings = bench.records
    assert started == TransactionEvent(
        BEGIN, "Started", "1", 1, 1, "Authorized", None, "TAG1", None, None, 1000.0, reservation_id=5
    )
    (meter_value,) = readings.meter_values
    (sample,) = meter_value.samples
    assert (readings.evse, readings.connector, readings.transaction) == (1, 1, "1")
    assert (sample.channel.measurand, sample.channel.context) == ("Energy.Active.Import.Register", "Transaction.Begin")
    assert (sample.channel.unit, sample.value) == ("Wh", 1000.0)


def test_every_start_gets_another_id(bench):
    ids = [
        bench.connect(OCPP16, f"CP{number % 3}").ask("StartTransaction", said.start_16(meterStart=number))[
            "transactionId"
        ]
        for number in range(10)
    ]
    assert ids == list(range(1, 11))


def test_a_start_with_a_token_that_may_not_charge_still_begins_a_transaction(bench):
    line = bench.connect(OCPP16)
    bench.csms.authoriser = type(bench.csms.authoriser)({})
    answer = line.ask("StartTransaction", said.start_16())
    assert answer == {"transactionId": 1, "idTagInfo": {"status": "Invalid"}}
    assert line.station.transaction("1") is not None


def test_a_stop_ends_the_transaction_of_its_id(station_16, bench):
    station_16.ask("StartTransaction", said.start_16(connectorId=2))
    assert station_16.ask("StopTransaction", said.stop_16(1, idTag="TAG1")) == {"idTagInfo": {"status": "Accepted"}}
    ended = of_type(bench, TransactionEvent)[-1]
    assert (ended.event, ended.transaction, ended.evse, ended.connector) == ("Ended", "1", 2, 1)
    assert (ended.id_token, ended.register_wh, ended.stopped_reason) == ("TAG1", 2500.0, "Local")
    assert station_16.station.running_transactions() == []


def test_a_stop_without_a_token_is_answered_without_one(station_16):
    assert station_16.ask("StopTransaction", said.stop_16(7)) == {}


def test_a_stop_of_an_unknown_transaction_is_recorded_under_its_id(station_16, bench):
    station_16.ask("StopTransaction", said.stop_16(4711))
    ended, readings = bench.records
    assert (ended.transaction, ended.evse, ended.connector, ended.id_token) == ("4711", None, None, None)
    assert (readings.evse, readings.transaction) == (None, "4711")
    assert bench.deviations(Deviation.TRANSACTION_UNKNOWN) == 1


@pytest.mark.parametrize("number", [-1, 0, -(2**31), -(2**53)])
def test_stops_that_were_never_given_an_id_are_told_apart_by_their_time(station_16, bench, number):
    for hour in range(3):
        station_16.ask("StopTransaction", said.stop_16(number, timestamp=said.at(BEGIN - timedelta(hours=hour))))
    names = [ended.transaction for ended in of_type(bench, TransactionEvent)]
    assert len(set(names)) == 3
    assert all(name.startswith(f"{number}@2026-03-01T") for name in names)


@pytest.mark.parametrize("number", [2**31 - 1, 2**31, 2**40, 2**53])
def test_an_id_of_another_gateway_is_taken_as_it_is(station_16, bench, number):
    station_16.ask("MeterValues", said.meter_values_16(transactionId=number))
    station_16.ask("StopTransaction", said.stop_16(number))
    assert [record.transaction for record in bench.records] == [str(number)] * 3
    assert bench.csms.next_transaction_id() == 1


@pytest.mark.parametrize("number", [-1, 0, -(2**53)])
def test_meter_values_without_a_usable_id_belong_to_no_transaction(station_16, bench, number):
    station_16.ask("MeterValues", said.meter_values_16(transactionId=number))
    (readings,) = bench.records
    assert (readings.evse, readings.connector, readings.transaction) == (1, None, None)


REASONS = MESSAGES[OCPP16, "StopTransaction", "request"].schema["properties"]["reason"]["enum"]


@pytest.mark.parametrize("reason", REASONS)
def test_every_stop_reason_has_its_words_in_2(station_16, bench, reason):
    station_16.ask("StopTransaction", said.stop_16(1, reason=reason))
    ended = bench.records[0]
    assert ended.stopped_reason in TWO["ReasonEnumType"]["enum"]
    assert ended.trigger in TWO["TriggerReasonEnumType"]["enum"]
    if reason in TWO["ReasonEnumType"]["enum"]:
        assert ended.stopped_reason == reason


def test_transaction_data_of_a_stop_come_before_its_register(station_16, bench):
    early = BEGIN - timedelta(minutes=30)
    data = [{"timestamp": said.at(early), "sampledValue": [{"value": "1.7", "unit": "kWh"}]}]
    station_16.ask("StartTransaction", said.start_16())
    station_16.ask("StopTransaction", said.stop_16(1, transactionData=data))
    readings = of_type(bench, Readings)[-1]
    assert [(value.time, value.samples[0].value) for value in readings.meter_values] == [
        (early, 1700.0),
        (BEGIN, 2500.0),
    ]


# Statuses


STATUSES = MESSAGES[OCPP16, "StatusNotification", "request"].schema["properties"]["status"]["enum"]


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_has_its_word_in_2(station_16, bench, status):
    station_16.ask("StatusNotification", said.status_16(status))
    (record,) = bench.records
    two = MESSAGES[OCPP201, "StatusNotification", "request"].schema["definitions"]["ConnectorStatusEnumType"]["enum"]
    assert record.status in two
    assert record.status == (status if status in two else "Occupied")


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_during_a_transaction_is_its_charging_state(station_16, bench, status):
    station_16.ask("StartTransaction", said.start_16())
    station_16.ask("StatusNotification", said.status_16(status))
    events = of_type(bench, TransactionEvent)[1:]
    if status in ocpp16.CHARGING_STATES:
        (event,) = events
        assert (event.event, event.trigger, event.transaction) == ("Updated", "ChargingStateChanged", "1")
        assert event.charging_state in TWO["ChargingStateEnumType"]["enum"]
        assert station_16.station.transaction("1").charging_state == event.charging_state
    else:
        assert events == []


def test_the_same_charging_state_again_is_no_step(station_16, bench):
    station_16.ask("StartTransaction", said.start_16())
    station_16.ask("StatusNotification", said.status_16("Charging"))
    station_16.ask("StatusNotification", said.status_16("Charging"))
    assert len(of_type(bench, TransactionEvent)) == 2


def test_a_status_of_another_connector_or_of_the_station_changes_no_transaction(station_16, bench):
    station_16.ask("StartTransaction", said.start_16(connectorId=1))
    station_16.ask("StatusNotification", said.status_16("Charging", connector=2))
    station_16.ask("StatusNotification", said.status_16("Faulted", connector=0))
    assert len(of_type(bench, TransactionEvent)) == 1
    assert [(record.evse, record.connector) for record in bench.records[-2:]] == [(2, 1), (0, 0)]


def test_a_fault_keeps_its_code_and_its_words(station_16, bench):
    station_16.ask("StatusNotification", said.status_16("Faulted", errorCode="GroundFailure", info="relay 3"))
    station_16.ask("StatusNotification", said.status_16("Faulted", errorCode="OtherError", vendorErrorCode="E42"))
    station_16.ask("StatusNotification", said.status_16("Available"))
    assert [(record.error_code, record.detail) for record in bench.records] == [
        ("GroundFailure", "relay 3"),
        ("OtherError", "E42"),
        (None, None),
    ]


def test_a_status_without_a_time_has_the_time_of_receipt(station_16, bench):
    station_16.ask("StatusNotification", said.status_16())
    assert bench.records[0].time == bench.now


# Meter values


def test_connector_0_is_the_main_meter(station_16, bench):
    station_16.ask("MeterValues", said.meter_values_16(connectorId=0))
    assert (bench.records[0].evse, bench.records[0].transaction) == (0, None)


def test_signed_data_is_kept_verbatim(station_16, bench):
    signed = 'OCMF|{"FV":"1.0"}|{"SA":"ECDSA-secp256r1-SHA256","SD":"3046\u20ac\\"}'
    station_16.ask("MeterValues", said.meter_values_16({"value": signed, "format": "SignedData"}))
    (sample,) = bench.records[0].meter_values[0].samples
    assert (sample.value, sample.signed) == (None, signed)


def test_a_transaction_knows_its_latest_register(station_16):
    station_16.ask("StartTransaction", said.start_16())
    station_16.ask("MeterValues", said.meter_values_16({"value": "1.5", "unit": "kWh"}, transactionId=1))
    transaction = station_16.station.transaction("1")
    assert (transaction.start_wh, transaction.register_wh) == (1000.0, 1500.0)
