"""Commands: what may be sent to whom, what is refused beforehand, what a Pending station may send because of them."""

import json

import pytest

from gateway.core.calls import WAITING_MAX, CallEnded, Outcome
from gateway.core.commands import START_AND_STOP, Commander, CommandError, Fault
from gateway.wire.versions import VERSIONS
from tests.core import said
from tests.core.station_bench import BOOTS, MESSAGES, OCPP16, OCPP21, OCPP201
from tests.core.test_actions import maker
from tests.wire import schema_oracle

COMMANDS = [(version, action) for version, known in VERSIONS.items() for action in sorted(known.to_station)]


@pytest.fixture
def commander(bench):
    return Commander(bench.registry, VERSIONS, lambda: bench.monotonic_s)


def send(commander, line, action, payload, timeout_s=30.0):
    """Send a command, and return the list of its ends so far."""
    ends = []
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    commander.send(line.station, action, body, timeout_s=timeout_s, ended=ends.append)
    return ends


def refused(commander, line, action, payload=b"{}"):
    ends = []
    with pytest.raises(CommandError) as error:
        commander.send(line.station, action, payload, timeout_s=30, ended=ends.append)
    assert ends == []
    assert line.link.written == []
    return error.value


def heard(line):
    """The calls that the station heard since the last time."""
    messages = [json.loads(text) for text in line.link.written if text.startswith(b"[2,")]
    line.link.written.clear()
    return messages


def start_request(version):
    if version == OCPP16:
        return "RemoteStartTransaction", {"idTag": "TAG1"}
    return "RequestStartTransaction", {"remoteStartId": 1, "idToken": {"idToken": "TAG1", "type": "ISO14443"}}


# Sending


@pytest.mark.parametrize(("version", "action"), COMMANDS)
def test_every_action_of_every_version_can_be_sent_and_answered(bench, commander, version, action):
    line = bench.connect(version)
    payload = maker(version, action).payload(0.6)
    ends = send(commander, line, action, payload)
    ((_, message_id, name, told),) = heard(line)
    assert (name, told) == (action, payload)
    response = schema_oracle.Maker(MESSAGES[version, action, "response"].schema, maker(version, action)._random)
    line.send(json.dumps([3, message_id, response.payload(0.5)]))
    (end,) = ends
    assert end.outcome in (Outcome.ACCEPTED, Outcome.REJECTED)
    assert end.payload is not None


@pytest.mark.parametrize(("version", "action"), COMMANDS)
def test_nothing_against_its_schema_is_sent(bench, commander, version, action):
    line = bench.connect(version)
    validator = schema_oracle.validator(MESSAGES[version, action, "request"].schema)
    made = maker(version, action)
    mutations = list(made.mutations(made.payload(0.5)))
    for mutation in made._random.sample(mutations, min(40, len(mutations))):
        body = json.dumps(mutation.payload).encode()
        verdicts = schema_oracle.verdicts(validator, {} if mutation.payload is None else mutation.payload)
        if verdicts:
            error = refused(commander, line, action, body)
            assert error.fault is Fault.INVALID, mutation
            assert error.path in {verdict.path for verdict in verdicts}, mutation


def test_a_payload_of_null_is_sent_as_an_empty_object(station, commander):
    send(commander, station, "ClearCache", b" null ")
    ((*_, payload),) = heard(station)
    assert payload == {}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{}{}", b"{},{}", b"[]]", b'{"a":1,"a":2}', b"NaN", b"{'a':1}", b'{"idTag":"\\ud800"}']
)
def test_what_is_not_one_json_value_is_refused(station, commander, body):
    assert refused(commander, station, "ClearCache", body).fault is Fault.NOT_JSON


@pytest.mark.parametrize("body", [b'{"vendorId":"\xff"}', b'"\xff"', b"\xef\xbb\xbf{}"])
def test_what_is_no_utf_8_is_refused(station, commander, body):
    assert refused(commander, station, "DataTransfer", body).fault in (Fault.NOT_JSON, Fault.INVALID)


def test_a_command_may_not_smuggle_in_another_message(station, commander):
    body = b'{}],[2,"x","Reset",{"type":"Hard"}'
    assert refused(commander, station, "ClearCache", body).fault is Fault.NOT_JSON


def test_an_invalid_payload_says_where(bench, commander):
    line = bench.connect(OCPP21)
    error = refused(commander, line, "Reset", b'{"type":"Never"}')
    assert (error.fault, error.path) == (Fault.INVALID, "$.type")


def test_an_action_of_no_version_is_unknown(station, commander):
    assert refused(commander, station, "MakeCoffee").fault is Fault.ACTION_UNKNOWN
    assert refused(commander, station, "Heartbeat").fault is Fault.ACTION_UNKNOWN
    assert refused(commander, station, "reset").fault is Fault.ACTION_UNKNOWN


def test_an_action_of_another_version_names_those_that_have_it(bench, commander):
    error = refused(commander, bench.connect(OCPP16), "GetVariables")
    assert error.fault is Fault.ACTION_OF_OTHER_VERSION
    assert str(error) == "the station speaks OCPP 1.6; this call is of 2.0.1 and 2.1"
    assert refused(commander, bench.connect(OCPP201), "GetTariffs").fault is Fault.ACTION_OF_OTHER_VERSION


# Who is there


def test_a_station_that_was_never_seen_is_unknown(commander):
    with pytest.raises(CommandError) as error:
        commander.station("NOBODY")
    assert error.value.fault is Fault.STATION_UNKNOWN


def test_a_2_station_is_found_in_any_spelling(bench, commander):
    line = bench.connect(OCPP21, "Cp-A")
    assert commander.station("cP-a") is line.station


def test_a_station_that_left_is_offline_and_was_sent_nothing(station, commander):
    station.session.close()
    station.station.session = None
    assert send(commander, station, "ClearCache", {}) == [CallEnded(Outcome.OFFLINE, sent=False)]
    assert not commander.reaches(station.station, "ClearCache", b"{}")


def test_a_station_that_left_is_checked_by_the_version_of_its_last_boot(bench, commander):
    line = bench.connect(OCPP16)
    line.station.session = None
    assert refused(commander, line, "GetVariables").fault is Fault.ACTION_OF_OTHER_VERSION
    assert refused(commander, line, "ClearCache", b"[]").fault is Fault.INVALID


def test_a_station_that_never_booted_and_left_is_offline_for_any_known_action(bench, commander):
    line = bench.connect(OCPP16, booted=False)
    line.station.session = None
    assert send(commander, line, "GetVariables", {})[0].outcome is Outcome.OFFLINE
    assert refused(commander, line, "MakeCoffee").fault is Fault.ACTION_UNKNOWN


def test_too_many_commands_are_refused_until_one_has_ended(station, commander):
    for _ in range(WAITING_MAX + 1):
        send(commander, station, "ClearCache", {})
    ((_, message_id, _, _),) = heard(station)
    assert refused(commander, station, "ClearCache").fault is Fault.TOO_MANY
    station.send(json.dumps([3, message_id, {"status": "Accepted"}]))
    assert send(commander, station, "ClearCache", {}) == []


def test_a_command_ends_at_its_own_timeout(station, bench, commander):
    ends = send(commander, station, "ClearCache", {}, timeout_s=7)
    ((queue, deadline),) = bench.scheduled
    assert deadline == bench.monotonic_s + 7
    queue.tick(deadline)
    assert ends == [CallEnded(Outcome.TIMEOUT)]


# Registration


def pending(bench, version):
    """A station that was told to wait."""
    bench.registration = "Pending"
    line = bench.connect(version, booted=False)
    line.ask("BootNotification", BOOTS[version])
    bench.journal.entries.clear()
    return line


def report(version):
    """(what is asked for, how it is asked for, what the station sends because of it)."""
    if version == OCPP16:
        return "StatusNotification", "TriggerMessage", {"requestedMessage": "StatusNotification"}, said.status_16()
    about = {"requestId": 1, "generatedAt": said.at(), "seqNo": 0}
    return "NotifyReport", "GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}, about


@pytest.mark.parametrize("version", list(VERSIONS))
def test_a_pending_station_may_send_what_it_was_asked_for(bench, commander, version):
    line = pending(bench, version)
    action, asking, request, payload = report(version)
    assert line.refusal(action, payload)[0] == "SecurityError"
    send(commander, line, asking, request)
    heard(line)
    line.ask(action, payload)
    other, body = ("MeterValues", said.meter_values_16() if version == OCPP16 else said.meter_values_201())
    assert line.refusal(other, body)[0] == "SecurityError"


@pytest.mark.parametrize("version", list(VERSIONS))
def test_what_was_asked_for_before_is_refused_once_the_station_is_rejected(bench, commander, version):
    line = pending(bench, version)
    action, asking, request, payload = report(version)
    send(commander, line, asking, request)
    heard(line)
    bench.registration = "Rejected"
    line.ask("BootNotification", BOOTS[version])
    assert line.refusal(action, payload)[0] == "SecurityError"


def test_what_was_asked_for_on_another_connection_is_not_asked_for_any_more(bench, commander):
    line = pending(bench, OCPP21)
    action, asking, request, payload = report(OCPP21)
    send(commander, line, asking, request)
    assert bench.connect(OCPP21, booted=False).refusal(action, payload)[0] == "SecurityError"


@pytest.mark.parametrize(
    ("version", "message", "action"),
    [
        (OCPP16, "MeterValues", "MeterValues"),
        (OCPP21, "MeterValues", "MeterValues"),
        (OCPP201, "SignChargingStationCertificate", "SignCertificate"),
        (OCPP21, "SignV2G20Certificate", "SignCertificate"),
    ],
)
def test_a_triggered_message_is_asked_for(bench, commander, version, message, action):
    line = pending(bench, version)
    send(commander, line, "TriggerMessage", {"requestedMessage": message})
    heard(line)
    line.ask(action, maker(version, action).payload(0.0))


def test_an_extended_trigger_asks_for_a_certificate_too(bench, commander):
    line = pending(bench, OCPP16)
    send(commander, line, "ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"})
    heard(line)
    assert line.ask("SignCertificate", {"csr": "x"}) == {"status": "Rejected"}


@pytest.mark.parametrize("version", list(VERSIONS))
@pytest.mark.parametrize("registration", [None, "Pending"])
def test_who_is_not_accepted_yet_may_be_asked_but_not_started(bench, commander, version, registration):
    line = pending(bench, version) if registration else bench.connect(version, booted=False)
    action, request = start_request(version)
    assert action in START_AND_STOP
    error = refused(commander, line, action, json.dumps(request).encode())
    assert error.fault is Fault.NOT_ACCEPTED
    send(commander, line, "TriggerMessage", {"requestedMessage": "BootNotification"})
    assert len(heard(line)) == 1


@pytest.mark.parametrize("version", list(VERSIONS))
def test_a_rejected_station_is_sent_nothing(bench, commander, version):
    bench.registration = "Rejected"
    line = bench.connect(version, booted=False)
    line.ask("BootNotification", BOOTS[version])
    assert refused(commander, line, "TriggerMessage", b'{"requestedMessage":"Heartbeat"}').fault is Fault.NOT_ACCEPTED


def test_an_accepted_station_may_be_started(station, commander):
    action, request = start_request(station.version)
    send(commander, station, action, request)
    ((_, _, name, told),) = heard(station)
    assert (name, told) == (action, request)
