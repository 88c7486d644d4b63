"""Live state of one station: what it keeps, and that it keeps no more than it may."""

from datetime import timedelta

import msgspec

from gateway.core import stations
from gateway.core.records import Entry, RawMessage
from gateway.core.stations import Station, StationState
from tests.core import said
from tests.core.station_bench import BEGIN, OCPP16, OCPP21, OCPP201


def test_answers_are_bounded(station_16):
    for value in range(50):
        station_16.ask("MeterValues", said.meter_values_16({"value": str(value)}))
    assert len(station_16.station.state.answers) == stations.ANSWERS_MAX == 16


def test_connectors_are_bounded_and_the_known_ones_go_on(station_16):
    for connector in range(stations.CONNECTORS_MAX + 50):
        station_16.ask("StatusNotification", said.status_16(connector=connector))
    station_16.ask("StatusNotification", said.status_16("Charging", connector=3))
    connectors = station_16.station.state.connectors
    assert len(connectors) == stations.CONNECTORS_MAX
    assert [known.status for known in connectors if known.evse == 3] == ["Occupied"]


def test_running_transactions_are_bounded_and_the_oldest_is_forgotten(station_16):
    most = stations.RUNNING_TRANSACTIONS_MAX
    for register in range(most + 10):
        station_16.ask("StartTransaction", said.start_16(meterStart=register))
    running = [known.transaction for known in station_16.station.running_transactions()]
    assert running == [str(number) for number in range(11, most + 11)]


def test_ended_transactions_are_bounded_and_the_running_ones_stay(station_2):
    station_2.ask("TransactionEvent", said.event_201("Started", 0, "LONG"))
    for number in range(20):
        station_2.ask("TransactionEvent", said.event_201("Ended", 0, f"T{number}"))
    known = [transaction.transaction for transaction in station_2.station.state.transactions]
    assert known == ["LONG", "T16", "T17", "T18", "T19"]
    assert len(known) == stations.ENDED_TRANSACTIONS_MAX + 1


def test_raw_messages_are_listed_up_to_a_bound_and_counted_beyond(station_16):
    for number in range(40):
        station_16.ask("MeterValues", {"number": number})
    state = station_16.station.state
    assert (len(state.raw_messages), state.raw_messages_total) == (stations.RAW_MESSAGES_MAX, 40)


def test_originals_of_what_was_mended_are_no_raw_messages(station_16):
    raw = RawMessage(OCPP16, "MeterValues", "quirk", "extra_property", b"{}")
    station_16.station.apply(Entry("S", BEGIN, None, b"", [raw]))
    state = station_16.station.state
    assert (state.raw_messages, state.raw_messages_total, state.mended_total) == ([], 0, 1)


def test_a_state_saved_before_the_mended_were_counted_is_read():
    saved = msgspec.to_builtins(StationState(raw_messages_total=3))
    del saved["mended_total"]
    state = Station.from_bytes("S", msgspec.msgpack.encode(saved)).state
    assert (state.raw_messages_total, state.mended_total) == (3, 0)


def test_a_saved_state_stays_small_whatever_a_station_says(bench):
    line = bench.connect(OCPP16)
    for number in range(400):
        line.ask("StartTransaction", said.start_16(connectorId=number, meterStart=number, idTag="x" * 20))
        line.ask("StatusNotification", said.status_16("Faulted", connector=number, info="\U0001f50c" * 50))
        line.ask("MeterValues", {"x" * 1000: number})
    assert len(line.station.to_bytes()) < 128 * 1024


def test_a_status_that_comes_late_does_not_replace_a_newer_one(station_2):
    for minutes, status in ((0, "Occupied"), (-5, "Available"), (1, "Faulted")):
        moment = said.at(BEGIN + timedelta(minutes=minutes))
        station_2.ask("StatusNotification", said.status_201(status, timestamp=moment))
        (known,) = station_2.station.state.connectors
        assert known.status == ("Faulted" if minutes == 1 else "Occupied")


def test_the_newest_running_transaction_is_that_of_its_evse(station_16):
    station_16.ask("StartTransaction", said.start_16(connectorId=1))
    station_16.ask("StartTransaction", said.start_16(connectorId=1, meterStart=7))  # the stop between was lost
    station_16.ask("StartTransaction", said.start_16(connectorId=2))
    assert station_16.station.running_on(1).transaction == "2"
    station_16.ask("StopTransaction", said.stop_16(2))
    assert station_16.station.running_on(1).transaction == "1"
    assert station_16.station.running_on(3) is None


def test_meter_values_after_the_end_change_the_register_no_more(station_16):
    station_16.ask("StartTransaction", said.start_16())
    station_16.ask("StopTransaction", said.stop_16(1))
    station_16.ask("MeterValues", said.meter_values_16({"value": "99999"}, transactionId=1))
    assert station_16.station.transaction("1").register_wh == 2500.0


def test_a_saved_state_is_the_same_state(bench):
    for version, identity in ((OCPP16, "OLD"), (OCPP201, "NEW")):
        line = bench.connect(version, identity)
        if version == OCPP16:
            line.ask("StartTransaction", said.start_16())
            line.ask("StatusNotification", said.status_16("Faulted", errorCode="GroundFailure"))
            line.ask("StopTransaction", raw='{"x":')
        else:
            line.ask("TransactionEvent", said.event_201("Updated", 3, evse={"id": 1}))
            line.ask("StatusNotification", said.status_201())
        restored = Station.from_bytes(identity, line.station.to_bytes())
        assert restored.state == line.station.state
        assert list(restored.state.answers) == list(line.station.state.answers)  # the order is that of forgetting


def test_a_saved_state_of_2_1_is_bounded_too_whatever_a_station_says(bench):
    """Each control character is six in JSON, so nothing of the same length takes more room."""
    line, junk = bench.connect(OCPP21), "\x01"
    place = {"component": {"name": junk * 50, "instance": junk * 50}, "variable": {"name": junk * 50}}
    for number in range(80):
        shown = {"format": "UTF8", "content": junk * 1024}
        line.ask(
            "NotifyDisplayMessages",
            {"requestId": 1, "messageInfo": [{"id": number, "priority": "InFront", "message": shown}]},
        )
        kind = {"type": "Delta", "severity": 5, "eventNotificationType": "CustomMonitor"}
        monitor = {"id": number, "transaction": False, "value": 1.5, **kind}
        line.ask(
            "NotifyMonitoringReport",
            {
                "requestId": 1,
                "seqNo": number,
                "generatedAt": said.at(),
                "monitor": [{**place, "variableMonitoring": [monitor]}],
            },
        )
        stream = {"id": number, "variableMonitoringId": number, "params": {"interval": 1, "values": 10}}
        line.ask("OpenPeriodicEventStream", {"constantStreamData": stream})
        line.ask("NotifyChargingLimit", {"evseId": number, "chargingLimit": {"chargingLimitSource": junk * 20}})
        line.ask("NotifyPriorityCharging", {"transactionId": f"{junk * 30}{number}", "activated": True})
    assert {len(facts) for facts in line.station.state.facts.values()} == {stations.FACTS_MAX}
    assert len(line.station.to_bytes()) < 1024 * 1024
