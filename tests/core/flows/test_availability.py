import pytest

from gateway.core.calls import Outcome
from tests.core.flows.flow_bench import ALL, BOTH_2, FlowBench
from tests.core.said import event_201, start_16
from tests.core.station_bench import OCPP16, OCPP21, OCPP201

SAID = [
    ("POST availability", {"operative": True}, "ChangeAvailability", {"connectorId": 0, "type": "Operative"}),
    (
        "POST availability",
        {"operative": False, "evse": 2, "connector": 1},
        "ChangeAvailability",
        {"connectorId": 2, "type": "Inoperative"},
    ),
    ("POST unlock", {"evse": 2}, "UnlockConnector", {"connectorId": 2}),
    ("POST reset", {"type": "Immediate"}, "Reset", {"type": "Hard"}),
    ("POST reset", {"type": "OnIdle"}, "Reset", {"type": "Soft"}),
    ("POST trigger", {"message": "MeterValues"}, "TriggerMessage", {"requestedMessage": "MeterValues"}),
    (
        "POST trigger",
        {"message": "StatusNotification", "evse": 2, "connector": 1},
        "TriggerMessage",
        {"requestedMessage": "StatusNotification", "connectorId": 2},
    ),
    (
        "POST trigger",
        {"message": "LogStatusNotification"},
        "ExtendedTriggerMessage",
        {"requestedMessage": "LogStatusNotification"},
    ),
    (
        "POST trigger",
        {"message": "SignChargingStationCertificate"},
        "ExtendedTriggerMessage",
        {"requestedMessage": "SignChargePointCertificate"},
    ),
    ("POST cache/clear", None, "ClearCache", {}),
    (
        "POST data-transfer",
        {"vendor_id": "V", "message_id": "M", "data": "text"},
        "DataTransfer",
        {"vendorId": "V", "messageId": "M", "data": "text"},
    ),
    (
        "POST data-transfer",
        {"vendor_id": "V", "data": {"price": 0.25}},
        "DataTransfer",
        {"vendorId": "V", "data": '{"price":0.25}'},
    ),
]

SAID_2 = [
    ("POST availability", {"operative": True}, "ChangeAvailability", {"operationalStatus": "Operative"}),
    (
        "POST availability",
        {"operative": False, "evse": 2},
        "ChangeAvailability",
        {"operationalStatus": "Inoperative", "evse": {"id": 2}},
    ),
    (
        "POST availability",
        {"operative": False, "evse": 2, "connector": 3},
        "ChangeAvailability",
        {"operationalStatus": "Inoperative", "evse": {"id": 2, "connectorId": 3}},
    ),
    ("POST unlock", {"evse": 2}, "UnlockConnector", {"evseId": 2, "connectorId": 1}),
    ("POST reset", None, "Reset", {"type": "OnIdle"}),
    ("POST reset", {"type": "Immediate", "evse": 1}, "Reset", {"type": "Immediate", "evseId": 1}),
    (
        "POST trigger",
        {"message": "StatusNotification", "evse": 2, "connector": 1},
        "TriggerMessage",
        {"requestedMessage": "StatusNotification", "evse": {"id": 2, "connectorId": 1}},
    ),
    ("POST trigger", {"message": "TransactionEvent"}, "TriggerMessage", {"requestedMessage": "TransactionEvent"}),
    ("POST cache/clear", {}, "ClearCache", {}),
    (
        "POST data-transfer",
        {"vendor_id": "V", "data": {"price": [0.25]}},
        "DataTransfer",
        {"vendorId": "V", "data": {"price": [0.25]}},
    ),
]


@pytest.mark.parametrize(("route", "body", "action", "payload"), SAID)
def test_what_is_asked_in_the_words_of_2_is_said_in_those_of_16(route, body, action, payload):
    flows = FlowBench(OCPP16)
    assert flows.ask(route, body).outcome is Outcome.ACCEPTED
    assert flows.sent == [(action, payload)]


@pytest.mark.parametrize("version", BOTH_2)
@pytest.mark.parametrize(("route", "body", "action", "payload"), SAID_2)
def test_what_is_asked_is_said_to_a_station_of_2(version, route, body, action, payload):
    flows = FlowBench(version)
    assert flows.ask(route, body).outcome is Outcome.ACCEPTED
    assert flows.sent == [(action, payload)]


@pytest.mark.parametrize(
    ("version", "route", "body", "path"),
    [
        (OCPP16, "POST availability", {"operative": True, "evse": 1, "connector": 2}, "$.connector"),
        (OCPP16, "POST availability", {"operative": True, "connector": 1}, "$.evse"),
        (OCPP201, "POST availability", {"operative": True, "connector": 1}, "$.evse"),
        (OCPP201, "POST availability", {"operative": "yes"}, "$.operative"),
        (OCPP16, "POST unlock", {"evse": 1, "connector": 2}, "$.connector"),
        (OCPP16, "POST reset", {"evse": 1}, "$.evse"),
        (OCPP16, "POST reset", {"type": "Soft"}, "$.type"),
        (OCPP16, "POST reset", {"type": "ImmediateAndResume"}, "$.type"),
        (OCPP201, "POST reset", {"type": "ImmediateAndResume"}, "$.type"),
        (OCPP16, "POST trigger", {"message": "TransactionEvent"}, "$.message"),
        (OCPP16, "POST trigger", {"message": "CustomTrigger", "custom_trigger": "x"}, "$.custom_trigger"),
        (OCPP201, "POST trigger", {"message": "CustomTrigger"}, "$.requestedMessage"),
        (OCPP16, "POST trigger", {"message": "MeterValues", "connector": 1}, "$.evse"),
    ],
)
def test_what_the_version_cannot_say_is_refused_with_its_place(version, route, body, path):
    assert FlowBench(version).refusal(route, body) == ("invalid", path)


def test_only_21_resumes_and_has_triggers_of_its_own():
    flows = FlowBench(OCPP21)
    flows.ask("POST reset", {"type": "ImmediateAndResume"})
    flows.ask("POST trigger", {"message": "CustomTrigger", "custom_trigger": "Self-test"})
    assert flows.sent == [
        ("Reset", {"type": "ImmediateAndResume"}),
        ("TriggerMessage", {"requestedMessage": "CustomTrigger", "customTrigger": "Self-test"}),
    ]


def test_a_reset_on_idle_of_16_never_ends_a_running_transaction():
    flows = FlowBench(OCPP16)
    flows.say("StartTransaction", start_16())
    assert flows.refusal("POST reset", {"type": "OnIdle"}) == ("invalid", "$.type")
    assert flows.ask("POST reset", {"type": "Immediate"}).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("version", BOTH_2)
def test_a_reset_on_idle_of_2_is_for_the_station_to_wait_with(version):
    flows = FlowBench(version, Reset={"status": "Scheduled"})
    flows.say("TransactionEvent", event_201("Started"))
    result = flows.ask("POST reset", {"type": "OnIdle"})
    assert (result.outcome, result.body) == (Outcome.ACCEPTED, {"status": "Scheduled"})


@pytest.mark.parametrize("version", ALL)
def test_an_availability_that_waits_for_a_transaction_is_accepted_as_scheduled(version):
    result = FlowBench(version, ChangeAvailability={"status": "Scheduled"}).ask(
        "POST availability", {"operative": False}
    )
    assert (result.outcome, result.body) == (Outcome.ACCEPTED, {"status": "Scheduled"})


@pytest.mark.parametrize(
    ("version", "status"),
    [
        (OCPP16, "UnlockFailed"),
        (OCPP16, "NotSupported"),
        *((version, "OngoingAuthorizedTransaction") for version in BOTH_2),
        *((version, "UnknownConnector") for version in BOTH_2),
    ],
)
def test_a_connector_that_stays_locked_is_a_rejection(version, status):
    result = FlowBench(version, UnlockConnector={"status": status}).ask("POST unlock", {"evse": 1})
    assert (result.outcome, result.body["status"]) == (Outcome.REJECTED, status)


@pytest.mark.parametrize("version", ALL)
def test_a_data_transfer_gives_back_the_data_of_the_answer(version):
    flows = FlowBench(version, DataTransfer={"status": "Accepted", "data": "{}"})
    assert flows.ask("POST data-transfer", {"vendor_id": "V"}).body == {"status": "Accepted", "data": "{}"}
    flows.answers["DataTransfer"] = {"status": "UnknownVendorId"}
    assert flows.ask("POST data-transfer", {"vendor_id": "V"}).outcome is Outcome.REJECTED
