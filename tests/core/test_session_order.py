"""Durability and order: withheld answers, one open CALL, repeats, a journal without room, closed connections."""

import json

import pytest

from gateway.core.csms import Deviation
from gateway.core.stations import ANSWERS_MAX
from tests.core import said
from tests.core.station_bench import BOOTS, OCPP16, OCPP201


def meter_values(line, value=1200, **more):
    if line.version == OCPP16:
        return said.meter_values_16({"value": str(value)}, **more)
    return said.meter_values_201({"value": value}, **more)


def ids(messages):
    return [message[1] for message in messages]


# Answers wait for the disk


def test_an_answer_with_records_is_withheld_until_the_commit(station, bench):
    message_id = station.call("MeterValues", meter_values(station))
    assert len(bench.journal.entries) == 1
    assert station.heard() == []
    assert not station.session.idle
    bench.journal.commit()
    assert ids(station.heard()) == [message_id]
    assert station.session.idle


def test_every_entry_is_reported_to_who_saves_the_live_state(station, bench):
    before = bench.appended
    station.ask("MeterValues", meter_values(station))
    station.ask("MeterValues", meter_values(station))
    station.ask("MeterValues", {"broken": 1})
    station.ask("Heartbeat", {})
    assert bench.appended - before == len(bench.journal.entries) == 2


def test_an_answer_without_records_waits_for_nothing(station, bench):
    message_id = station.call("Heartbeat", {})
    assert ids(station.heard()) == [message_id]
    assert bench.journal.entries == []


def test_each_station_waits_only_for_its_own_answer(bench):
    one, other = bench.connect(OCPP16, "ONE"), bench.connect(OCPP201, "OTHER")
    one.call("MeterValues", meter_values(one))
    other.call("Heartbeat", {})
    assert len(other.heard()) == 1
    assert other.link.is_reading
    assert one.heard() == []


def test_the_answer_time_is_that_of_the_commit(station, bench):
    before = bench.tally.answer_seconds.sum
    station.call("MeterValues", meter_values(station))
    bench.monotonic_s += 0.25
    bench.journal.commit()
    assert bench.tally.answer_seconds.sum - before == pytest.approx(0.25)


# One open CALL


def test_a_second_call_waits_for_the_first_answer(station, bench):
    first = station.call("MeterValues", meter_values(station, 1))
    second = station.call("Heartbeat", {})
    assert station.heard() == []
    assert not station.link.is_reading
    bench.journal.commit()
    assert ids(station.heard()) == [first, second]
    assert station.link.is_reading
    assert bench.deviations(Deviation.CALL_BEFORE_ANSWER) == 1


def test_held_calls_are_answered_in_order_and_reading_resumes_after_the_last(station, bench):
    sent = [station.call("MeterValues", meter_values(station, value)) for value in range(5)]
    heard = []
    for _ in sent:
        assert station.link.is_reading == (len(heard) == 4)  # the last one waits for its answer, but nothing behind it
        assert len(bench.journal.entries) == len(heard) + 1
        bench.journal.commit()
        heard += ids(station.heard())
    assert heard == sent
    assert station.link.is_reading
    assert [record.meter_values[0].samples[0].value for record in bench.records] == [0, 1, 2, 3, 4]


def test_held_heartbeats_between_records_keep_their_place(station, bench):
    sent = [
        station.call("MeterValues", meter_values(station, 1)),
        station.call("Heartbeat", {}),
        station.call("Heartbeat", {}),
        station.call("MeterValues", meter_values(station, 2)),
        station.call("Heartbeat", {}),
    ]
    bench.journal.commit()
    assert ids(heard := station.heard()) == sent[:3]
    assert all(message[0] == 3 for message in heard)
    assert not station.link.is_reading
    bench.journal.commit()
    assert ids(station.heard()) == sent[3:]
    assert station.link.is_reading


def test_held_garbage_keeps_its_place_too(bench):
    line = bench.connect(OCPP201)
    first = line.call("MeterValues", meter_values(line))
    line.send("garbage")
    assert line.heard() == []
    bench.journal.commit()
    assert ids(line.heard()) == [first, "-1"]
    assert line.link.is_reading


def test_answers_to_our_calls_pass_a_withheld_answer(station, bench):
    station.call("MeterValues", meter_values(station))
    station.send('[3,"ours",{}]')
    station.send('[4,"ours","GenericError","",{}]')
    station.send('[3,"broken"]')
    assert station.link.is_reading
    assert bench.deviations(Deviation.ANSWER_WITHOUT_CALL) == 2
    assert bench.deviations(Deviation.CALL_BEFORE_ANSWER) == 0


def test_a_boot_that_is_held_behind_records_takes_effect_after_them(station, bench):
    station.call("MeterValues", meter_values(station))
    station.call("BootNotification", BOOTS[station.version])
    assert len(bench.records) == 1
    bench.journal.commit_all()
    assert [type(record).__name__ for record in bench.records] == ["Readings", "StationBooted"]
    assert len(station.heard()) == 2


# Repeats


def test_a_repeat_after_the_commit_gets_the_first_answer_and_no_second_entry(station_16, bench):
    first = station_16.ask("StartTransaction", said.start_16())
    again = station_16.ask("StartTransaction", said.start_16())
    assert again == first
    assert len(bench.journal.entries) == 1
    assert bench.counted(OCPP16, "StartTransaction") == {"answered": 1, "repeat": 1}


def test_a_repeat_of_what_is_not_on_disk_yet_waits_for_it(bench):
    lost = bench.connect(OCPP16)
    lost.call("StartTransaction", said.start_16())
    line = bench.connect(OCPP16)
    message_id = line.call("StartTransaction", said.start_16(), message_id="other")
    assert line.heard() == []
    assert len(bench.journal.entries) == 1
    bench.journal.commit()
    ((kind, answered, payload),) = line.heard()
    assert (kind, answered, payload["transactionId"]) == (3, message_id, 1)
    assert lost.link.written == []


def test_a_repeat_on_the_same_connection_before_the_commit_waits_behind_the_first(station, bench):
    first = station.call("MeterValues", meter_values(station))
    second = station.call("MeterValues", meter_values(station))
    bench.journal.commit_all()
    assert ids(station.heard()) == [first, second]
    assert len(bench.journal.entries) == 1


def test_a_repeat_is_known_after_a_reconnect(station, bench):
    first = station.ask("MeterValues", meter_values(station))
    again = bench.connect(station.version)
    assert again.ask("MeterValues", meter_values(again)) == first
    assert len(bench.journal.entries) == 1


def test_another_payload_under_the_same_key_is_new(station_2, bench):
    station_2.ask("TransactionEvent", said.event_201("Started", 0))
    station_2.ask("TransactionEvent", said.event_201("Started", 0, offline=True))
    assert [record.offline for record in bench.records] == [False, True]


def test_a_repeat_is_the_same_bytes_white_space_included(station, bench):
    """Devices send again what they have stored; another spelling of it is taken as news, and kept twice, not lost."""
    text = '{"connectorId":1,"meterValue":[{"timestamp":"2026-03-01T12:00:00Z","sampledValue":[{"value":"1"}]}]}'
    if station.version != OCPP16:
        text = text.replace("connectorId", "evseId").replace('"1"', "1")
    station.ask("MeterValues", raw=text)
    station.ask("MeterValues", raw=f"  {text} ")  # around the payload is outside it
    assert len(bench.journal.entries) == 1
    station.ask("MeterValues", raw=text.replace(",", ", "))
    assert len(bench.journal.entries) == 2


def test_the_same_bytes_of_another_action_or_station_are_no_repeat(bench):
    one, other = bench.connect(OCPP16, "ONE"), bench.connect(OCPP16, "OTHER")
    one.ask("StartTransaction", said.start_16())
    other.ask("StartTransaction", said.start_16())
    for action in ("StartTransaction", "StopTransaction", "MeterValues"):
        one.ask(action, raw='{"x":1}')
    assert len(bench.journal.entries) == 5


def test_the_last_16_messages_are_recognised_and_the_17th_makes_the_first_forgotten(station, bench):
    for value in range(ANSWERS_MAX):
        station.ask("MeterValues", meter_values(station, value))
    station.ask("MeterValues", meter_values(station, 0))
    assert len(bench.journal.entries) == ANSWERS_MAX == 16
    station.ask("MeterValues", meter_values(station, 16))
    station.ask("MeterValues", meter_values(station, 1))
    assert len(bench.journal.entries) == ANSWERS_MAX + 1
    station.ask("MeterValues", meter_values(station, 0))
    assert len(bench.journal.entries) == ANSWERS_MAX + 2


def test_messages_without_a_business_key_are_never_taken_for_repeats(bench):
    old, new = bench.connect(OCPP16, "OLD"), bench.connect(OCPP201, "NEW")
    for line in (old, new):
        line.ask("BootNotification", BOOTS[line.version])
        line.ask("BootNotification", BOOTS[line.version])
    old.ask("StatusNotification", said.status_16())
    old.ask("StatusNotification", said.status_16())
    assert len(bench.journal.entries) == 6


def test_a_connector_that_comes_back_to_a_status_within_its_timestamp_is_believed(station_16, bench):
    for status in ("Available", "Preparing", "Available"):
        station_16.ask("StatusNotification", said.status_16(timestamp=said.at(), status=status))
    assert len(bench.journal.entries) == 3
    (connector,) = station_16.session.station.state.connectors
    assert connector.status == "Available"


# No room


def test_without_room_a_call_is_held_and_goes_on_when_there_is_room(station, bench):
    bench.journal.has_room = False
    message_id = station.call("MeterValues", meter_values(station))
    assert (station.heard(), bench.journal.entries) == ([], [])
    assert station.link.is_reading  # pongs and closes must pass
    assert not station.session.idle
    bench.make_room()
    bench.journal.commit()
    assert ids(station.heard()) == [message_id]
    assert station.session.idle


def test_without_room_a_second_call_stops_the_reading_and_order_is_kept(station, bench):
    bench.journal.has_room = False
    sent = [station.call("MeterValues", meter_values(station, value)) for value in range(3)]
    assert not station.link.is_reading
    bench.make_room()
    bench.journal.commit_all()
    assert ids(station.heard()) == sent
    assert station.link.is_reading
    assert len(bench.journal.entries) == 3


def test_room_that_is_gone_again_holds_the_rest(station, bench):
    bench.journal.has_room = False
    sent = [station.call("MeterValues", meter_values(station, value)) for value in range(3)]
    bench.make_room()
    bench.journal.has_room = False
    bench.journal.commit_all()
    assert ids(station.heard()) == sent[:1]
    assert len(bench.journal.entries) == 1
    bench.make_room()
    bench.journal.commit_all()
    assert ids(station.heard()) == sent[1:]


def test_without_room_nothing_broken_is_journalled_either(station_16, bench):
    bench.journal.has_room = False
    station_16._asked["1"] = "MeterValues"
    station_16.send('[2,"1","MeterValues",{"value":NaN}]')
    assert (station_16.heard(), bench.journal.entries) == ([], [])
    bench.make_room()
    bench.journal.commit()
    assert station_16.heard() == [[3, "1", {}]]


def test_a_connection_that_closes_without_room_leaves_nothing(station, bench):
    bench.journal.has_room = False
    station.call("MeterValues", meter_values(station))
    station.call("Heartbeat", {})
    station.session.close()
    bench.make_room()
    bench.journal.commit_all()
    assert (station.link.written, bench.journal.entries) == ([], [])
    assert not station.link.is_reading  # nobody is there to be read


def test_who_closes_while_there_is_no_room_is_not_kept(station, bench):
    bench.journal.has_room = False
    for _ in range(100):
        line = bench.connect(station.version)
        line.call("MeterValues", meter_values(station))
    assert sum(len(service.waiting_for_room) for service in bench.services.values()) == 1


def test_an_error_of_ours_over_what_was_held_closes_only_its_own_connection(bench):
    lines = [bench.connect(OCPP16, identity) for identity in ("CP1", "CP2")]
    bench.journal.has_room = False
    sent = [line.call("MeterValues", meter_values(line)) for line in lines]
    append, broken = bench.journal.append, ValueError("cannot be encoded")

    def append_of_others(entry, durable):
        if entry.station == "CP1":
            raise broken
        append(entry, durable)

    bench.journal.append = append_of_others
    bench.make_room()
    bench.journal.commit()
    assert lines[0].link.failures == [broken]
    assert ids(lines[1].heard()) == sent[1:]


def test_many_held_messages_are_taken_up_in_their_order(station, bench):
    first = station.call("MeterValues", meter_values(station))
    held = [station.call("Heartbeat", {}) for _ in range(10_000)]
    bench.journal.commit()
    assert [json.loads(text)[1] for text in station.link.written] == [first, *held]


# Ends


def test_a_closed_session_writes_nothing_but_its_entry_stays(station, bench):
    station.call("MeterValues", meter_values(station, 1))
    station.call("MeterValues", meter_values(station, 2))
    station.session.close()
    bench.journal.commit_all()
    assert station.link.written == []
    assert not station.link.is_reading
    assert len(bench.journal.entries) == 1


def test_a_newer_connection_ends_the_older(station, bench):
    station.call("MeterValues", meter_values(station))
    newer = bench.connect(station.version)
    assert station.link.is_superseded
    assert not newer.link.is_superseded
    bench.journal.commit()
    assert station.link.written == []
    assert newer.ask("Heartbeat", {})


def test_a_station_may_come_back_with_another_version(bench):
    bench.connect(OCPP16).ask("MeterValues", said.meter_values_16())
    line = bench.connect(OCPP201)
    assert line.ask("MeterValues", said.meter_values_201()) == {}
    assert bench.counted(OCPP201, "MeterValues") == {"answered": 1}


def test_the_last_eight_messages_are_shown_with_their_outcomes(station, bench):
    for _ in range(9):
        station.ask("Heartbeat", {})
    station.ask("MeterValues", meter_values(station))
    station.ask("MeterValues", meter_values(station))
    station.refusal("Nonsense", {})
    shown = [(message.action, message.outcome) for message in station.station.last_messages]
    assert shown == [("Heartbeat", "answered")] * 5 + [
        ("MeterValues", "answered"),
        ("MeterValues", "repeat"),
        ("unknown", "NotImplemented"),
    ]
