"""Our own calls: one open at a time, each ends once; crossing calls, deadlines, answers of every kind, lost links."""

import gc
import json
import weakref

import pytest

from gateway.core.calls import DONE, WAITING_MAX, Call, CallEnded, CallQueue, Outcome, outcome_of
from gateway.core.csms import Deviation
from gateway.wire.versions import VERSIONS
from tests.core import said
from tests.core.station_bench import MESSAGES, OCPP16, OCPP21, OCPP201

CALL, RESULT, ERROR, RESULT_ERROR = 2, 3, 4, 5


class Asked:
    """One call that a test makes, and its end."""

    def __init__(self, line, action="ClearCache", payload=b"{}", timeout_s=30.0):
        self.ends = []
        actions = VERSIONS[line.version].to_station
        deadline = line.bench.monotonic_s + timeout_s
        line.session.call(Call(actions[action], payload, deadline, self.ends.append))

    @property
    def end(self):
        (end,) = self.ends
        return end


def sent(line):
    """The calls that the station heard since the last time: (message id, action, payload)."""
    messages = [json.loads(text) for text in line.link.written]
    line.link.written.clear()
    assert {message[0] for message in messages} <= {CALL}
    return [tuple(message[1:]) for message in messages]


def answer(line, message_id, payload=None):
    line.send(json.dumps([RESULT, message_id, {"status": "Accepted"} if payload is None else payload]))


def pass_time(bench, seconds):
    """Let time pass, and have everything ticked that is due, as the timers do."""
    bench.monotonic_s += seconds
    due = [queue for queue, deadline in bench.scheduled if deadline <= bench.monotonic_s]
    bench.scheduled[:] = [(queue, deadline) for queue, deadline in bench.scheduled if deadline > bench.monotonic_s]
    for queue in due:
        deadline = queue.tick(bench.monotonic_s)
        if deadline is not None:
            assert deadline > bench.monotonic_s
            bench.scheduled.append((queue, deadline))


# One open call


def test_a_call_is_sent_at_once_and_ends_with_its_result(station):
    asked = Asked(station)
    ((message_id, action, payload),) = sent(station)
    assert (action, payload, asked.ends) == ("ClearCache", {}, [])
    answer(station, message_id)
    assert (asked.end.outcome, asked.end.response, asked.end.payload.status) == (
        Outcome.ACCEPTED,
        b'{"status": "Accepted"}',
        "Accepted",
    )


def test_the_next_call_waits_for_the_answer_of_the_one_before(station):
    asked = [Asked(station) for _ in range(3)]
    heard = sent(station)
    assert len(heard) == 1
    for index in range(3):
        answer(station, heard[index][0])
        heard += sent(station)
        assert [len(call.ends) for call in asked] == [1] * (index + 1) + [0] * (2 - index)
    assert len({message_id for message_id, _, _ in heard}) == 3


def test_crossing_calls_are_both_answered(station, bench):
    asked = Asked(station)
    ((ours, _, _),) = sent(station)
    payload = said.meter_values_16() if station.version == OCPP16 else said.meter_values_201()
    theirs = station.call("MeterValues", payload)
    answer(station, ours)  # while our answer to theirs is still withheld
    assert asked.end.outcome is Outcome.ACCEPTED
    bench.journal.commit()
    assert [message[:2] for message in station.heard()] == [[RESULT, theirs]]


def test_a_call_is_sent_while_an_answer_is_withheld(station, bench):
    station.call("MeterValues", said.meter_values_16() if station.version == OCPP16 else said.meter_values_201())
    Asked(station)
    assert [action for _, action, _ in sent(station)] == ["ClearCache"]
    bench.journal.commit()
    assert len(station.heard()) == 1


def test_the_same_id_in_both_directions_is_two_calls(station, bench):
    asked = Asked(station)
    ((ours, _, _),) = sent(station)
    station.call("Heartbeat", {}, message_id=ours)
    assert [message[:2] for message in station.heard()] == [[RESULT, ours]]
    assert asked.ends == []
    answer(station, ours)
    assert asked.end.outcome is Outcome.ACCEPTED


def test_calls_and_answers_pass_while_the_journal_has_no_room(station, bench):
    bench.journal.has_room = False
    asked = Asked(station)
    ((message_id, _, _),) = sent(station)
    answer(station, message_id)
    assert asked.end.outcome is Outcome.ACCEPTED


def test_a_call_from_within_the_end_of_another_is_sent_after_those_that_wait(station):
    order = []
    action = VERSIONS[station.version].to_station["ClearCache"]
    deadline = station.bench.monotonic_s + 30

    def again(end):
        order.append("first")
        station.session.call(Call(action, b"{}", deadline, lambda end: order.append("third")))

    station.session.call(Call(action, b"{}", deadline, again))
    station.session.call(Call(action, b"{}", deadline, lambda end: order.append("second")))
    for _ in range(3):
        ((message_id, _, _),) = sent(station)
        answer(station, message_id)
    assert order == ["first", "second", "third"]
    assert sent(station) == []


# Answers


@pytest.mark.parametrize("status", ["Rejected"])
def test_a_rejection_is_one(station, status):
    asked = Asked(station)
    ((message_id, _, _),) = sent(station)
    answer(station, message_id, {"status": status})
    assert asked.end.outcome is Outcome.REJECTED


def test_a_call_error_says_its_code_and_reason(station):
    asked = Asked(station)
    ((message_id, _, _),) = sent(station)
    station.send(json.dumps([ERROR, message_id, "NotSupported", "why", {"a": 1}]))
    assert asked.end == CallEnded(Outcome.CALL_ERROR, error_code="NotSupported", reason="why")
    Asked(station)
    assert len(sent(station)) == 1


def test_an_answer_with_another_id_answers_nothing(station, bench):
    asked = Asked(station)
    ((message_id, _, _),) = sent(station)
    answer(station, message_id + "x")
    station.send(json.dumps([ERROR, "other", "GenericError", "", {}]))
    assert asked.ends == []
    assert bench.deviations(Deviation.ANSWER_WITHOUT_CALL) == 2
    answer(station, message_id)
    assert asked.end.outcome is Outcome.ACCEPTED


def test_a_second_answer_is_counted_and_changes_nothing(station, bench):
    asked, other = Asked(station), Asked(station)
    ((message_id, _, _),) = sent(station)
    answer(station, message_id)
    answer(station, message_id, {"status": "Rejected"})
    assert asked.end.outcome is Outcome.ACCEPTED
    assert other.ends == []
    assert bench.deviations(Deviation.ANSWER_WITHOUT_CALL) == 1


def test_a_result_of_null_is_an_empty_one(station):
    asked = Asked(station, "SendLocalList" if station.version != OCPP16 else "UpdateFirmware")
    ((message_id, _, _),) = sent(station)
    answer_text = f'[3,"{message_id}",null]'
    station.send(answer_text)
    if station.version == OCPP16:
        assert (asked.end.outcome, asked.end.response) == (Outcome.ACCEPTED, b"{}")
    else:
        assert (asked.end.outcome, asked.end.error_code) == (Outcome.CALL_ERROR, "OccurrenceConstraintViolation")


@pytest.mark.parametrize("payload", ["{}", "[]", '{"status":"Perhaps"}', '{"status":1}', '{"status":"Accepted","x":1}'])
def test_a_result_against_its_schema_is_an_error_and_21_is_told(station, bench, payload):
    asked = Asked(station)
    ((message_id, _, _),) = sent(station)
    station.send(f'[3,"{message_id}",{payload}]')
    assert (asked.end.outcome, asked.end.sent) == (Outcome.CALL_ERROR, True)
    assert asked.end.response == payload.encode()
    assert asked.end.reason.startswith("$")
    assert bench.deviations(Deviation.RESULT_INVALID) == 1
    messages = [json.loads(text) for text in station.link.written]
    if station.version == OCPP21:
        assert messages == [[RESULT_ERROR, message_id, asked.end.error_code, asked.end.reason, {}]]
    else:
        assert messages == []


@pytest.mark.parametrize("text", ['[3,"{}"]', '[3,"{}",NaN]', '[3,"{}",{{"a":1,"a":2}}]', '[3,"{}",{{}},1]'])
def test_a_result_that_cannot_be_read_ends_its_call_and_21_is_told(station, bench, text):
    asked, waiting = Asked(station), Asked(station)
    ((message_id, _, _),) = sent(station)
    station.send(text.format(message_id))
    assert asked.end.outcome is Outcome.CALL_ERROR
    assert waiting.ends == []
    messages = [json.loads(written) for written in station.link.written]
    told = [message for message in messages if message[0] == RESULT_ERROR]
    assert [message[:3] for message in told] == (
        [[RESULT_ERROR, message_id, "RpcFrameworkError"]] if station.version == OCPP21 else []
    )
    assert [message[2] for message in messages if message[0] == CALL] == ["ClearCache"]
    assert bench.deviations(Deviation.MESSAGE_UNREADABLE) == 1
    assert bench.deviations(Deviation.ANSWER_WITHOUT_CALL) == 0


@pytest.mark.parametrize("text", ['[4,"{}"]', '[4,"{}","GenericError"]', '[4,"{}",1,2,3]'])
def test_an_error_that_cannot_be_read_ends_its_call_unanswered(station, text):
    asked = Asked(station)
    ((message_id, _, _),) = sent(station)
    station.send(text.format(message_id))
    assert asked.end.outcome is Outcome.CALL_ERROR
    assert station.link.written == []


def test_a_result_error_for_our_answer_is_counted_and_logged(station_21, bench):
    station_21.send('[5,"m1","FormatViolation","$.x: unknown property",{}]')
    assert station_21.heard() == []
    assert bench.deviations(Deviation.RESULT_REFUSED) == 1
    assert [event for event, _ in bench.logged] == ["result_refused"]


def test_an_unreadable_result_error_is_counted_and_holds_nothing_up(station_21, bench):
    station_21.call("MeterValues", said.meter_values_201())
    station_21.send('[5,"m1"]')
    assert station_21.link.is_reading
    assert bench.deviations(Deviation.MESSAGE_UNREADABLE) == 1
    assert bench.deviations(Deviation.CALL_BEFORE_ANSWER) == 0
    bench.journal.commit()
    assert len(station_21.heard()) == 1


def test_a_result_error_is_an_unknown_type_in_the_versions_before(bench):
    for version in (OCPP16, OCPP201):
        line = bench.connect(version, version)
        line.send('[5,"m1","FormatViolation","",{}]')
        assert [message[2] for message in line.heard()] == (["MessageTypeNotSupported"] if version == OCPP201 else [])
    assert bench.deviations(Deviation.RESULT_REFUSED) == 0


# Deadlines


def test_a_call_without_an_answer_times_out_and_the_next_is_sent(station, bench):
    first, second = Asked(station, timeout_s=10), Asked(station, timeout_s=60)
    ((late, _, _),) = sent(station)
    pass_time(bench, 9.9)
    assert first.ends == []
    pass_time(bench, 0.1)
    assert first.end == CallEnded(Outcome.TIMEOUT)
    ((message_id, _, _),) = sent(station)
    answer(station, late)
    assert second.ends == []
    assert bench.deviations(Deviation.ANSWER_WITHOUT_CALL) == 1
    answer(station, message_id)
    assert second.end.outcome is Outcome.ACCEPTED


def test_a_call_that_was_never_sent_times_out_as_such(station, bench):
    first, second, third = (Asked(station, timeout_s=timeout) for timeout in (60, 5, 60))
    ((message_id, _, _),) = sent(station)
    pass_time(bench, 5)
    assert (first.ends, second.end, third.ends) == ([], CallEnded(Outcome.TIMEOUT, sent=False), [])
    answer(station, message_id)
    assert len(sent(station)) == 1  # the third: the second is never heard of
    pass_time(bench, 55)
    assert third.end == CallEnded(Outcome.TIMEOUT)


def test_all_that_are_late_end_in_one_tick(station, bench):
    asked = [Asked(station, timeout_s=10) for _ in range(5)]
    sent(station)
    pass_time(bench, 3600)
    assert [call.end.outcome for call in asked] == [Outcome.TIMEOUT] * 5
    assert [call.end.sent for call in asked] == [True] + [False] * 4
    assert sent(station) == []
    assert bench.scheduled == []


def test_a_nearer_deadline_is_met_though_a_farther_was_scheduled_first(station, bench):
    far, near = Asked(station, timeout_s=100), Asked(station, timeout_s=1)
    pass_time(bench, 1)
    assert (far.ends, near.end.outcome) == ([], Outcome.TIMEOUT)
    pass_time(bench, 99)
    assert far.end.outcome is Outcome.TIMEOUT


def test_a_call_after_an_answered_one_has_its_own_deadline(station, bench):
    Asked(station, timeout_s=10)
    ((message_id, _, _),) = sent(station)
    answer(station, message_id)
    pass_time(bench, 5)
    later = Asked(station, timeout_s=10)
    pass_time(bench, 5)
    assert later.ends == []
    pass_time(bench, 5)
    assert later.end.outcome is Outcome.TIMEOUT


def test_a_queue_asks_for_few_ticks(station, bench):
    for _ in range(100):
        Asked(station, timeout_s=10)
        ((message_id, _, _),) = sent(station)
        answer(station, message_id)
    assert len(bench.scheduled) == 1


# Ends of the connection


def test_when_the_link_is_lost_nobody_knows_of_the_open_call_and_the_others_were_never_sent(station):
    first, second = Asked(station), Asked(station)
    station.session.close()
    assert first.end == CallEnded(Outcome.UNKNOWN)
    assert second.end == CallEnded(Outcome.OFFLINE, sent=False)


def test_a_newer_connection_ends_the_calls_of_the_older(station, bench):
    asked = Asked(station)
    ((message_id, _, _),) = sent(station)
    newer = bench.connect(station.version)
    assert asked.end.outcome is Outcome.UNKNOWN
    answer(newer, message_id)
    answer(station, message_id)
    assert len(asked.ends) == 1


def test_a_closed_session_takes_no_calls(station):
    station.session.close()
    assert not station.session.takes_calls
    asked = Asked(station)
    assert asked.end == CallEnded(Outcome.OFFLINE, sent=False)
    assert station.link.written == []


def test_a_link_that_takes_no_more_ends_the_call_as_never_sent(station):
    station.link.write = lambda message: False
    asked = [Asked(station), Asked(station)]
    assert [call.end for call in asked] == [CallEnded(Outcome.OFFLINE, sent=False)] * 2


def test_a_call_from_within_the_close_is_offline(station):
    ends = []
    action = VERSIONS[station.version].to_station["ClearCache"]

    def again(end):
        ends.append(end.outcome)
        if len(ends) < 3:
            station.session.call(Call(action, b"{}", 1e9, again))

    station.session.call(Call(action, b"{}", 1e9, again))
    station.session.close()
    assert ends == [Outcome.UNKNOWN, Outcome.OFFLINE, Outcome.OFFLINE]


def test_a_closed_connection_with_calls_is_freed_without_a_search_for_cycles(bench):
    service = bench.services[OCPP201]
    service.schedule = lambda queue, deadline: weakref.ref(queue)  # the timers keep nothing alive
    line = bench.connect(OCPP201)
    asked = [Asked(line) for _ in range(3)]
    queue = weakref.ref(line.session._own_calls._queue)
    gc.collect()
    gc.disable()
    try:
        line.session.close()
        line.station.session = None
        del line
        assert queue() is None
    finally:
        gc.enable()
    assert all(len(call.ends) == 1 for call in asked)


def test_more_calls_than_the_queue_holds_are_not_taken(station):
    asked = [Asked(station) for _ in range(WAITING_MAX + 1)]
    assert not station.session.takes_calls
    ((message_id, _, _),) = sent(station)
    answer(station, message_id)
    assert station.session.takes_calls
    assert [len(call.ends) for call in asked] == [1] + [0] * WAITING_MAX


def test_every_end_is_counted_once_by_its_outcome(station, bench):
    tally = bench.tally
    base = tally.called.index((station.version, "ClearCache")) * len(Outcome)
    for _ in range(3):
        Asked(station)
    ((message_id, _, _),) = sent(station)
    answer(station, message_id)
    station.session.close()
    counted = {outcome: tally.calls.value(base + index) for index, outcome in enumerate(Outcome)}
    assert {outcome: count for outcome, count in counted.items() if count} == {
        Outcome.ACCEPTED: 1,
        Outcome.UNKNOWN: 1,
        Outcome.OFFLINE: 1,
    }


def test_a_queue_needs_no_session():
    written = []
    queue = CallQueue(lambda call: written.append(call) is None, lambda queue, deadline: None)
    ends = []
    call = Call(VERSIONS[OCPP16].to_station["ClearCache"], b"{}", 10.0, ends.append)
    queue.put(call)
    assert queue.tick(9.0) is None
    assert queue.tick(10.0) is None
    assert ends == [CallEnded(Outcome.TIMEOUT)]
    assert queue.take_answered(call.message_id) is None


# What an answer means


REJECTIONS = {
    "ConditionNotSupported",
    "DownloadOngoing",
    "Duplicate",
    "DuplicateTariffId",
    "EmptyResultSet",
    "Failed",
    "Faulted",
    "Invalid",
    "InvalidCertificate",
    "LanguageNotSupported",
    "NoCurrencyChange",
    "NoFirmware",
    "NoProfile",
    "NoProfiles",
    "NoTariff",
    "NotFound",
    "NotImplemented",
    "NotSupported",
    "NotSupportedAttributeType",
    "NotSupportedMessageFormat",
    "NotSupportedPriority",
    "NotSupportedState",
    "Occupied",
    "OngoingAuthorizedTransaction",
    "Rejected",
    "RevokedCertificate",
    "TooManyElements",
    "TxNotFound",
    "Unavailable",
    "Unknown",
    "UnknownComponent",
    "UnknownConnector",
    "UnknownMessageId",
    "UnknownTransaction",
    "UnknownVariable",
    "UnknownVendorId",
    "UnlockFailed",
    "UnsupportedMonitorType",
    "VersionMismatch",
}
"""Every status by which a station says that it does not do what it was asked, in any version."""


def statuses_in(schema, node):
    """Every status that a response may have, at its top or in the items of its lists."""
    while "$ref" in node:
        node = schema["definitions"][node["$ref"].removeprefix("#/definitions/")]
    for name, child in node.get("properties", {}).items():
        while "$ref" in child:
            child = schema["definitions"][child["$ref"].removeprefix("#/definitions/")]
        if name in ("status", "attributeStatus"):
            yield from child["enum"]
        elif child.get("type") == "array":
            yield from statuses_in(schema, child["items"])


def test_every_status_of_every_response_is_known_to_be_done_or_rejected():
    responses = [
        message.schema
        for (version, action, role), message in MESSAGES.items()
        if role == "response" and action in VERSIONS[version].to_station
    ]
    statuses = {status for schema in responses for status in statuses_in(schema, schema)}
    assert statuses == DONE | REJECTIONS
    assert not DONE & REJECTIONS


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        ({}, Outcome.ACCEPTED),
        ({"status": "Scheduled"}, Outcome.ACCEPTED),
        ({"status": "Occupied"}, Outcome.REJECTED),
        ({"listVersion": 3}, Outcome.ACCEPTED),
        ({"configurationKey": [{"key": "a", "readonly": True}]}, Outcome.ACCEPTED),
        ({"unknownKey": ["a"]}, Outcome.ACCEPTED),
        ({"setVariableResult": [{"attributeStatus": "Rejected"}, {"attributeStatus": "Accepted"}]}, Outcome.ACCEPTED),
        ({"setVariableResult": [{"attributeStatus": "Rejected"}]}, Outcome.REJECTED),
        ({"clearMonitoringResult": [{"status": "NotFound", "id": 1}]}, Outcome.REJECTED),
    ],
)
def test_an_outcome_is_that_of_the_status_or_of_the_best_item(response, outcome):
    assert outcome_of(json.dumps(response).encode()) is outcome
