"""Messages one by one: envelopes, message ids, unknown words, registration, refusals."""

import json

import msgspec
import pytest

from gateway.core.csms import Deviation
from gateway.wire.versions import FROM_STATION_16, FROM_STATION_201
from tests.core import said
from tests.core.station_bench import BOOTS, OCPP16, OCPP21, OCPP201, Bench

HEARTBEAT = '"Heartbeat",{}'


def test_an_answer_has_the_id_of_its_call(station):
    station.call("Heartbeat", {}, message_id="0")
    station.call("Heartbeat", {}, message_id="x" * 36)
    station.call("Heartbeat", {}, message_id='"\\\u20ac\U0001f50c\n')
    assert [message[:2] for message in station.heard()] == [[3, "0"], [3, "x" * 36], [3, '"\\\u20ac\U0001f50c\n']]


def test_the_same_id_again_with_another_payload_is_no_repeat(station_16, bench):
    for value in ("1", "2"):
        station_16.call("MeterValues", said.meter_values_16({"value": value}), message_id="same")
        bench.journal.commit()
    assert len(station_16.heard()) == 2
    assert len(bench.records) == 2


def test_a_payload_of_null_means_an_empty_object(station):
    assert "currentTime" in station.ask("Heartbeat", None)


def test_white_space_around_everything_is_allowed(station):
    station._asked["1"] = "Heartbeat"
    station.send(' [ 2 ,\t"1" ,\r\n"Heartbeat" , { } ] ')
    assert station.heard()[0][:2] == [3, "1"]


@pytest.mark.parametrize(
    "action",
    [
        "MakeCoffee",
        "",
        "heartbeat",
        "x" * 5000,
        "\U0001f50c",
        "Heartbeat\x00",
        "__class__",
    ],
)
def test_an_action_of_no_version_is_not_implemented(station, action):
    code, _ = station.refusal(action, {})
    assert code == "NotImplemented"
    assert station.bench.counted(station.version, "unknown") == {"refused": 1}


@pytest.mark.parametrize("action", ["Reset", "TriggerMessage", "GetLog"])
def test_an_action_that_only_we_may_send_is_known_but_not_supported(station, action):
    code, _ = station.refusal(action, {})
    assert code == "NotSupported"
    assert station.bench.counted(station.version, "unknown") == {"refused": 1}


def test_an_action_that_another_version_sends_to_stations_is_not_implemented(bench):
    assert bench.connect(OCPP16).refusal("GetVariables", {})[0] == "NotImplemented"
    assert bench.connect(OCPP201, "NEW").refusal("GetConfiguration", {})[0] == "NotImplemented"


@pytest.mark.parametrize(
    ("version", "actions"),
    [(OCPP16, FROM_STATION_201 - FROM_STATION_16), (OCPP201, FROM_STATION_16 - FROM_STATION_201)],
)
def test_actions_of_the_other_version_are_not_implemented(bench, version, actions):
    line = bench.connect(version)
    assert actions
    for action in sorted(actions):
        assert line.refusal(action, {})[0] == "NotImplemented"


@pytest.mark.parametrize("number", [0, 1, 7, 99, -2, 10**30])
def test_an_unknown_message_type_is_ignored_by_16_and_answered_by_201(bench, number):
    old, new = bench.connect(OCPP16, "OLD"), bench.connect(OCPP201, "NEW")
    for line in (old, new):
        line.send(f'[{number},"id","Heartbeat",{{}}]')
    assert old.heard() == []
    assert [message[:3] for message in new.heard()] == [[4, "id", "MessageTypeNotSupported"]]
    assert bench.deviations(Deviation.MESSAGE_TYPE_UNKNOWN) == 2
    assert bench.deviations(Deviation.MESSAGE_UNREADABLE) == 0


def test_the_message_types_of_21_are_unknown_to_older_versions(bench):
    old, new = bench.connect(OCPP16, "OLD"), bench.connect(OCPP201, "NEW")
    for line in (old, new):
        line.send('[5,"a","GenericError","",{}]')
        line.send('[6,"b","NotifyPeriodicEventStream",{}]')
    assert old.heard() == []
    assert [message[:3] for message in new.heard()] == [
        [4, "a", "MessageTypeNotSupported"],
        [4, "b", "MessageTypeNotSupported"],
    ]


UNREADABLE = [
    "",
    "x",
    "{}",
    "[]",
    "[2]",
    '[2,7,"Heartbeat",{}]',
    '[2,"","Heartbeat",{}]',
    f'[2,"{"x" * 37}","Heartbeat",{{}}]',
    '[2,null,"Heartbeat",{}]',
    '["2","id","Heartbeat",{}]',
    "null",
    "[" * 5000,
    '[2,"\\ud800","Heartbeat",{}]',
]


@pytest.mark.parametrize("text", UNREADABLE)
def test_an_unreadable_id_is_answered_minus_1_by_201_and_only_counted_by_16(bench, text):
    old, new = bench.connect(OCPP16, "OLD"), bench.connect(OCPP201, "NEW")
    for line in (old, new):
        line.send(text)
    assert old.heard() == []
    ((kind, message_id, code, _, _),) = new.heard()
    assert (kind, message_id, code) == (4, "-1", "RpcFrameworkError")
    assert bench.deviations(Deviation.MESSAGE_UNREADABLE) == 2


@pytest.mark.parametrize(
    "text",
    [
        '[2,"id"]',
        '[2,"id","Heartbeat"]',
        '[2,"id","Heartbeat",{},{}]',
        '[2,"id",7,{}]',
        '[2,"id","Heartbeat",{]',
        '[2,"id","Heartbeat",NaN]',
        '[2,"id","Heartbeat",{}]]',
        '[2,"id","Heartbeat",{}',
        '[2,"id","Heartbeat",{"a":1,"a":1}]',
        '[2,"id","Heartbeat",1e999]',
        '[2,"id","Heartbeat","\\ud800"]',
        '[2,"id","Heartbeat",' + "[" * 40 + "]" * 40 + "]",
    ],
)
def test_a_broken_call_with_a_readable_id_is_refused_under_that_id(bench, text):
    old, new = bench.connect(OCPP16, "OLD"), bench.connect(OCPP201, "NEW")
    for line in (old, new):
        line.send(text)
    assert [message[:3] for message in old.heard()] == [[4, "id", "FormationViolation"]]
    assert [message[:3] for message in new.heard()] == [[4, "id", "RpcFrameworkError"]]


def test_what_was_sent_is_never_echoed_in_an_error(station):
    station.send('[2,"id","Heartbeat",{"secret<script>":}]')
    station.call("Heartbeat", {"secret<script>": 1, "idTag": "secret"})
    station.call("secret<script>", {})
    for message in station.heard():
        assert "<script>" not in message[3] or message[3].startswith("$.secret<script>")
        assert '"secret"' not in json.dumps(message)


@pytest.mark.parametrize("text", ['[3,"id",{}]', '[4,"id","GenericError","",{}]'])
def test_answers_to_calls_that_were_never_made_are_counted_and_not_answered(station, bench, text):
    station.send(text)
    assert station.heard() == []
    assert bench.deviations(Deviation.ANSWER_WITHOUT_CALL) == 1


@pytest.mark.parametrize("text", ['[3,"id"]', '[3,"id",{},{}]', '[4,"id"]', '[3,"id",{]', "[4]"])
def test_broken_answers_are_counted_and_not_answered(station, bench, text):
    station.send(text)
    assert station.heard() == []
    assert bench.deviations(Deviation.MESSAGE_UNREADABLE) == 1


# Payloads that break their schema: OCPP-FACTS, table of error codes


def broken_payloads(version):
    format_violation = "FormationViolation" if version == OCPP16 else "FormatViolation"
    occurrence = "OccurenceConstraintViolation" if version == OCPP16 else "OccurrenceConstraintViolation"
    boot = BOOTS[version]
    first = next(iter(boot))
    other = "PropertyConstraintViolation"
    if version == OCPP16:
        wrong_type = ({**boot, "chargePointModel": 7}, "TypeConstraintViolation", "$.chargePointModel")
        too_long = ({**boot, "chargePointModel": "x" * 21}, other, "$.chargePointModel")
    else:
        wrong_type = ({**boot, "chargingStation": 7}, "TypeConstraintViolation", "$.chargingStation")
        too_long = ({**boot, "reason": "Boredom"}, other, "$.reason")
    missing = ({name: value for name, value in boot.items() if name != first}, occurrence, f"$.{first}")
    unknown = ({**boot, "colour": "red"}, format_violation, "$.colour")
    return [missing, unknown, wrong_type, too_long, ([], "TypeConstraintViolation", "$")]


@pytest.mark.parametrize(
    ("version", "payload", "code", "path"),
    [(version, *case) for version in (OCPP16, OCPP201, OCPP21) for case in broken_payloads(version)],
)
def test_a_payload_against_its_schema_is_refused_with_its_code_and_the_place(bench, version, payload, code, path):
    line = bench.connect(version)
    said_code, description = line.refusal("BootNotification", payload)
    assert (said_code, description.split(": ")[0]) == (code, path)
    assert bench.journal.entries == []
    assert bench.counted(version, "BootNotification") == {"answered": 1, "refused": 1}  # the first is connect's own


# Registration: OCPP 2.0.1 use cases B01 to B03, OCPP 1.6 section 4.2


@pytest.mark.parametrize("version", [OCPP16, OCPP201, OCPP21])
@pytest.mark.parametrize("status", [None, "Pending", "Rejected"])
def test_before_accepted_only_the_boot_and_security_events_are_taken(version, status):
    bench = Bench(registration=status or "Accepted")
    line = bench.connect(version, booted=False)
    if status is not None:
        assert line.ask("BootNotification", BOOTS[version])["status"] == status
    taken = {"BootNotification"} if status == "Rejected" else {"BootNotification", "SecurityEventNotification"}
    for action in sorted(FROM_STATION_16 if version == OCPP16 else FROM_STATION_201):
        line.call(action, {})
        bench.journal.commit()
        ((kind, _, code, *_),) = line.heard()
        assert kind == 4
        assert (code != "SecurityError") == (action in taken), action


@pytest.mark.parametrize("version", [OCPP16, OCPP201, OCPP21])
def test_security_events_from_the_queue_are_taken_before_the_boot(bench, version):
    line = bench.connect(version, booted=False)
    assert line.ask("SecurityEventNotification", {"type": "StartupOfTheDevice", "timestamp": said.at()}) == {}
    assert [record.kind for record in bench.records] == ["SecurityEventNotification"]


@pytest.mark.parametrize(("status", "interval"), [("Accepted", 300), ("Pending", 60), ("Rejected", 60)])
@pytest.mark.parametrize("version", [OCPP16, OCPP201, OCPP21])
def test_the_boot_answer_says_the_heartbeat_or_the_retry_interval(version, status, interval):
    bench = Bench(registration=status)
    answer = bench.connect(version, booted=False).ask("BootNotification", BOOTS[version])
    assert answer == {"status": status, "interval": interval, "currentTime": "2026-03-01T12:00:00.000Z"}


def test_a_station_that_is_accepted_later_may_speak_then():
    bench = Bench(registration="Pending")
    line = bench.connect(OCPP201, booted=False)
    line.ask("BootNotification", BOOTS[OCPP201])
    assert line.refusal("Heartbeat", {})[0] == "SecurityError"
    bench.registration = "Accepted"
    line.ask("BootNotification", BOOTS[OCPP201])
    assert line.ask("Heartbeat", {})


def test_a_reconnect_needs_no_boot(station):
    again = station.bench.connect(station.version, booted=False)
    assert again.ask("Heartbeat", {})


def test_undecodable_transaction_messages_before_accepted_are_refused_and_not_kept(bench):
    line = bench.connect(OCPP16, booted=False)
    assert line.refusal("MeterValues", {})[0] == "SecurityError"
    line.send('[2,"1","MeterValues",{"value":NaN}]')
    assert line.heard()[0][0] == 4
    assert bench.journal.entries == []


# Errors of ours


def fail(*_):
    raise ZeroDivisionError("secret detail")


def with_failing_handler(bench, version, action):
    calls = bench.services[version].calls
    calls[action] = msgspec.structs.replace(calls[action], handle=fail)


def test_an_error_of_ours_is_answered_internal_error_without_its_text(station, bench):
    with_failing_handler(bench, station.version, "Heartbeat")
    code, description = station.refusal("Heartbeat", {})
    assert code == "InternalError"
    assert "secret" not in description
    assert bench.logged[0][0] == "answer_failed"


def test_a_transaction_message_is_kept_raw_when_the_error_is_ours(station, bench):
    action = "StopTransaction" if station.version == OCPP16 else "TransactionEvent"
    payload = said.stop_16(7) if station.version == OCPP16 else said.event_201()
    with_failing_handler(bench, station.version, action)
    assert station.ask(action, payload) == {}
    (raw,) = bench.records
    assert (raw.rule, json.loads(raw.payload)) == ("internal", payload)


def test_after_an_error_of_ours_the_session_goes_on(station, bench):
    with_failing_handler(bench, station.version, "Heartbeat")
    station.refusal("Heartbeat", {})
    assert station.session.idle
    assert station.ask("BootNotification", BOOTS[station.version])["status"] == "Accepted"


def test_a_refused_call_leaves_one_line_without_what_the_station_chose(bench):
    line = bench.connect(OCPP16)
    line.send('[2,"1","Heartbeat",{"secret":"SECRET"}]')
    line.send('[2,"2","SECRET",{}]')
    refused = [fields for event, fields in bench.logged if event == "message_refused"]
    assert [(one["station"], one["code"], one["level"]) for one in refused] == [
        ("CP1", "FormationViolation", "warning"),
        ("CP1", "NotImplemented", "warning"),
    ]
    assert refused[0]["action"] == "Heartbeat"
    assert "unknown property" in refused[0]["reason"]
    assert "SECRET" not in str(refused)
