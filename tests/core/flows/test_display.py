import pytest

from gateway.core.calls import Outcome
from gateway.core.flows import display
from tests.core.flows.flow_bench import BOTH_2, FlowBench
from tests.core.station_bench import OCPP16, OCPP21, OCPP201


def message(message_id, content="Hello"):
    return {"id": message_id, "priority": "InFront", "message": {"format": "UTF8", "content": content}}


@pytest.mark.parametrize("version", BOTH_2)
def test_a_message_is_shown_and_known(version):
    flows = FlowBench(version)
    body = {
        "content": "Welcome",
        "priority": "InFront",
        "language": "en",
        "state": "Idle",
        "end_at": "2026-03-02T00:00:00Z",
        "transaction": "T1",
    }
    result = flows.ask("POST display-messages", body)
    message_id = result.body["message_id"]
    assert flows.sent == [
        (
            "SetDisplayMessage",
            {
                "message": {
                    "id": message_id,
                    "priority": "InFront",
                    "state": "Idle",
                    "endDateTime": "2026-03-02T00:00:00.000Z",
                    "transactionId": "T1",
                    "message": {"format": "UTF8", "language": "en", "content": "Welcome"},
                }
            },
        )
    ]
    flows.restart()
    assert flows.show("display-messages") == [
        {**body, "message_id": message_id, "format": "UTF8", "start_at": None},
    ]


@pytest.mark.parametrize("version", BOTH_2)
def test_a_message_that_is_not_supported_is_not_known(version):
    flows = FlowBench(version, SetDisplayMessage={"status": "NotSupportedPriority"})
    result = flows.ask("POST display-messages", {"content": "Hi", "id": 3})
    assert (result.outcome, result.body) == (Outcome.REJECTED, {"status": "NotSupportedPriority", "message_id": 3})
    assert flows.show("display-messages") == []


@pytest.mark.parametrize("version", BOTH_2)
@pytest.mark.parametrize(("status", "outcome"), [("Accepted", Outcome.ACCEPTED), ("Unknown", Outcome.REJECTED)])
def test_a_message_is_cleared(version, status, outcome):
    flows = FlowBench(version, ClearDisplayMessage={"status": status})
    flows.ask("POST display-messages", {"content": "Hi", "id": 3})
    assert flows.ask("DELETE display-messages/{message_id}", message_id="3").outcome is outcome
    assert flows.sent[-1] == ("ClearDisplayMessage", {"id": 3})
    assert flows.show("display-messages") == []


def test_a_message_that_21_does_not_let_go_stays_known():
    flows = FlowBench(OCPP21, ClearDisplayMessage={"status": "Rejected"})
    flows.ask("POST display-messages", {"content": "Hi", "id": 3})
    assert flows.ask("DELETE display-messages/{message_id}", message_id="3").outcome is Outcome.REJECTED
    assert len(flows.show("display-messages")) == 1


@pytest.mark.parametrize("version", BOTH_2)
def test_a_report_is_what_is_known_from_then_on(version):
    def answer(request):
        first = {"requestId": request["requestId"], "tbc": True, "messageInfo": [message(7), message(8)]}
        flows.say_later("NotifyDisplayMessages", first)
        flows.say_later("NotifyDisplayMessages", {**first, "requestId": 99, "tbc": False})
        flows.say_later("NotifyDisplayMessages", {**first, "tbc": False, "messageInfo": [message(9)]})
        return {"status": "Accepted"}

    flows = FlowBench(version, GetDisplayMessages=answer)
    flows.ask("POST display-messages", {"content": "Gone since", "id": 3})
    result = flows.ask("POST display-messages/report")
    assert result.outcome is Outcome.ACCEPTED
    assert [row["message_id"] for row in result.body["messages"]] == [7, 8, 9]
    assert flows.show("display-messages") == result.body["messages"]


@pytest.mark.parametrize("version", BOTH_2)
def test_a_station_that_has_no_messages_says_so(version):
    flows = FlowBench(version, GetDisplayMessages={"status": "Unknown"})
    flows.ask("POST display-messages", {"content": "Gone since", "id": 3})
    result = flows.ask("POST display-messages/report")
    assert (result.outcome, result.body["messages"]) == (Outcome.ACCEPTED, [])
    assert flows.show("display-messages") == []


@pytest.mark.parametrize("version", BOTH_2)
def test_half_a_report_forgets_nothing(version, monkeypatch):
    monkeypatch.setattr(display, "PART_TIMEOUT_S", 0.05)

    def answer(request):
        half = {"requestId": request["requestId"], "tbc": True, "messageInfo": [message(7)]}
        flows.say_later("NotifyDisplayMessages", half)
        return {"status": "Accepted"}

    flows = FlowBench(version, GetDisplayMessages=answer)
    flows.ask("POST display-messages", {"content": "Still there", "id": 3})
    result = flows.ask("POST display-messages/report")
    assert (result.outcome, [row["message_id"] for row in result.body["messages"]]) == (Outcome.TIMEOUT, [7])
    assert [row["message_id"] for row in flows.show("display-messages")] == [3, 7]
    assert flows.station.listeners is None


@pytest.mark.parametrize(
    ("version", "body", "path"),
    [
        (OCPP201, {"content": ""}, "$.content"),
        (OCPP201, {"content": "x" * 513}, "$.message.message.content"),
        (OCPP201, {"content": "x", "format": "QRCODE"}, "$.message.message.format"),
        (OCPP201, {"content": "x", "state": "Suspended"}, "$.message.state"),
        (OCPP21, {"content": "x", "priority": "Loud"}, "$.priority"),
        (OCPP21, {"content": "x", "start_at": "tomorrow"}, "$.start_at"),
    ],
)
def test_a_message_that_cannot_be_said_is_refused_with_its_place(version, body, path):
    assert FlowBench(version).refusal("POST display-messages", body) == ("invalid", path)


def test_16_has_no_messages():
    flows = FlowBench(OCPP16)
    fault = ("action_of_other_version", None)
    assert flows.refusal("POST display-messages", {"content": "Hi"}) == fault
    assert flows.refusal("DELETE display-messages/{message_id}", message_id="3") == fault
    assert flows.refusal("POST display-messages/report") == fault
