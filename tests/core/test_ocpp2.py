"""OCPP 2.0.1: transaction events, tokens, statuses, meter values."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from gateway.core.authorisation import Token
from gateway.core.csms import Deviation
from gateway.core.records import Readings, TransactionEvent
from tests.core import said
from tests.core.station_bench import BEGIN, OCPP201, Bench

REGISTER = {"value": 1.5, "unitOfMeasure": {"unit": "kWh"}}


def metered(*sampled, moment=BEGIN):
    return [{"timestamp": said.at(moment), "sampledValue": list(sampled)}]


def test_a_transaction_event_says_all_that_it_was_told(station_2, bench):
    station_2.ask(
        "TransactionEvent",
        said.event_201(
            "Started",
            0,
            info={"chargingState": "Charging", "remoteStartId": 9},
            triggerReason="RemoteStart",
            offline=True,
            reservationId=5,
            evse={"id": 2, "connectorId": 1},
            idToken={"idToken": "TAG1", "type": "ISO14443"},
            meterValue=metered(REGISTER),
        ),
    )
    event, readings = bench.records
    assert event == TransactionEvent(
        BEGIN, "Started", "T1", 2, 1, "RemoteStart", 0, "TAG1", "Charging", None, 1500.0, True, [], 9, 5
    )
    assert (readings.evse, readings.connector, readings.transaction) == (2, 1, "T1")
    assert readings.meter_values[0].samples[0].value == 1500.0


def test_the_evse_is_remembered_from_the_first_event_that_names_it(station_2, bench):
    station_2.ask("TransactionEvent", said.event_201("Started", 0))
    station_2.ask("TransactionEvent", said.event_201("Updated", 1, evse={"id": 3}))
    station_2.ask("TransactionEvent", said.event_201("Updated", 2, evse={"id": 3, "connectorId": 2}))
    station_2.ask("TransactionEvent", said.event_201("Updated", 3, evse={"id": 3}))
    station_2.ask("TransactionEvent", said.event_201("Updated", 4, meterValue=metered(REGISTER)))
    events = [record for record in bench.records if isinstance(record, TransactionEvent)]
    assert [(event.evse, event.connector) for event in events] == [(None, None), (3, None), *[(3, 2)] * 3]
    assert (bench.records[-1].evse, bench.records[-1].connector) == (3, 2)


def test_the_answer_speaks_of_the_token_only_if_the_request_did(station_2):
    token = {"idToken": "TAG1", "type": "ISO14443"}
    assert station_2.ask("TransactionEvent", said.event_201("Started", 0)) == {}
    answer = station_2.ask("TransactionEvent", said.event_201("Updated", 1, idToken=token))
    assert answer == {"idTokenInfo": {"status": "Accepted"}}


def test_a_token_that_stands_for_nobody_is_accepted_and_not_recorded():
    bench = Bench(tokens=[])
    line = bench.connect(OCPP201)
    nobody = {"idToken": "", "type": "NoAuthorization"}
    assert line.ask("Authorize", {"idToken": nobody}) == {"idTokenInfo": {"status": "Accepted"}}
    answer = line.ask("TransactionEvent", said.event_201("Started", 0, idToken=nobody))
    assert answer == {"idTokenInfo": {"status": "Accepted"}}
    assert bench.records[0].id_token is None


@pytest.mark.parametrize(
    ("more", "reason"),
    [({}, "Local"), ({"stoppedReason": "EVDisconnected"}, "EVDisconnected")],
)
def test_an_end_without_a_reason_means_local(station_2, bench, more, reason):
    station_2.ask("TransactionEvent", said.event_201("Started", 0, info={"stoppedReason": "Other"}))
    station_2.ask("TransactionEvent", said.event_201("Ended", 1, info=more))
    assert [event.stopped_reason for event in bench.records] == [None, reason]


def test_the_register_of_an_event_is_that_of_its_latest_meter_value(station_2, bench):
    begin = {"value": 100, "context": "Transaction.Begin"}
    values = (
        metered(begin, moment=BEGIN - timedelta(minutes=1))
        + metered({"value": 200})
        + metered({"value": 3, "measurand": "Power.Active.Import"})
    )
    station_2.ask("TransactionEvent", said.event_201("Ended", 0, meterValue=values))
    assert bench.records[0].register_wh == 200.0


def test_the_latest_meter_value_is_so_by_its_time_and_not_by_its_place(station_2, bench):
    values = metered({"value": 200}) + metered({"value": 100}, moment=BEGIN - timedelta(minutes=1))
    station_2.ask("TransactionEvent", said.event_201("Ended", 0, meterValue=values))
    assert bench.records[0].register_wh == 200.0


@pytest.mark.parametrize("unit", ["MWh", "kJ"])
def test_a_register_in_a_unit_that_cannot_be_converted_is_not_taken_for_watt_hours(station_2, bench, unit):
    values = metered({"value": 5, "unitOfMeasure": {"unit": unit}})
    station_2.ask("TransactionEvent", said.event_201("Ended", 0, meterValue=values))
    assert bench.records[0].register_wh is None
    assert bench.records[1].meter_values[0].samples[0].channel.unit == unit


def test_a_register_of_one_phase_or_another_place_is_not_the_transactions(station_2, bench):
    values = metered({"value": 5, "phase": "L1"}, {"value": 7, "location": "Inlet"})
    station_2.ask("TransactionEvent", said.event_201("Updated", 0, meterValue=values))
    assert bench.records[0].register_wh is None


def test_events_that_skip_numbers_say_what_is_missing(station_2, bench):
    for kind, seq_no in (("Started", 0), ("Updated", 3), ("Updated", 1), ("Ended", 4), ("Updated", 2)):
        station_2.ask("TransactionEvent", said.event_201(kind, seq_no))
    assert [event.missing_seq_nos for event in bench.records] == [[], [1, 2], [2], [2], []]
    assert bench.deviations(Deviation.SEQ_NO_REUSED) == 0


def test_a_number_used_twice_is_counted_and_the_event_is_kept(station_2, bench):
    station_2.ask("TransactionEvent", said.event_201("Started", 0))
    station_2.ask("TransactionEvent", said.event_201("Updated", 0))
    assert len(bench.records) == 2
    assert bench.deviations(Deviation.SEQ_NO_REUSED) == 1


def test_a_repeat_is_no_number_used_twice(station_2, bench):
    for _ in range(2):
        station_2.ask("TransactionEvent", said.event_201("Started", 0))
    assert len(bench.records) == 1
    assert bench.deviations(Deviation.SEQ_NO_REUSED) == 0


def test_status_is_recorded_as_said(station_2, bench):
    station_2.ask("StatusNotification", said.status_201("Reserved", 2, 3))
    (record,) = bench.records
    assert (record.evse, record.connector, record.status, record.time) == (2, 3, "Reserved", BEGIN)


def test_meter_values_of_evse_0_are_of_the_main_meter(station_2, bench):
    station_2.ask("MeterValues", said.meter_values_201(evseId=0))
    (readings,) = bench.records
    assert isinstance(readings, Readings)
    assert (readings.evse, readings.connector, readings.transaction) == (0, None, None)


def test_signed_data_is_kept_field_for_field_beside_its_value(station_2, bench):
    signed = {
        "signedMeterData": "T0NNRnw=\u20ac",
        "signingMethod": "ECDSA",
        "encodingMethod": "OCMF",
        "publicKey": "",
    }
    station_2.ask("MeterValues", said.meter_values_201({"value": 7, "signedMeterValue": signed}))
    (sample,) = bench.records[0].meter_values[0].samples
    assert (sample.value, json.loads(sample.signed)) == (7.0, signed)


def test_an_authorisation_speaks_2(bench):
    expiry = datetime(2027, 1, 1, tzinfo=UTC)
    bench = Bench(tokens=[Token(id="TAG1", expires_at=expiry, group="FLEET"), Token(id="BAD", status="NoCredit")])
    line = bench.connect(OCPP201)

    def info(token):
        return line.ask("Authorize", {"idToken": {"idToken": token, "type": "ISO14443"}})["idTokenInfo"]

    assert info("tag1") == {
        "status": "Accepted",
        "cacheExpiryDateTime": "2027-01-01T00:00:00.000Z",
        "groupIdToken": {"idToken": "FLEET", "type": "Central"},
    }
    assert info("BAD") == {"status": "NoCredit"}
    assert info("OTHER") == {"status": "Unknown"}
