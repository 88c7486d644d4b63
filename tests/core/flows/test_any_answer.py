"""Whatever a station answers, if it is valid, a flow ends with a result that can be shown."""

import json
import re
from random import Random

import msgspec
import pytest

from gateway.core.calls import Outcome
from gateway.core.commands import CommandError, Fault
from gateway.core.flows import SHOWN, display, reports
from gateway.core.flows.flow import Result
from tests.core.flows.flow_bench import ALL, FlowBench, StationError
from tests.core.station_bench import MESSAGES
from tests.wire import schema_oracle

MONITOR = {"component": "EVSE", "variable": "Power", "type": "Delta", "value": 5, "severity": 8}
URL = "https://files.example/x"

ASKED = [
    ("POST start", {"id_token": "TAG1", "evse": 1}),
    ("POST stop", {"transaction": "7"}),
    ("POST availability", {"operative": True}),
    ("POST unlock", {"evse": 1}),
    ("POST reset", {"type": "Immediate"}),
    ("POST trigger", {"message": "Heartbeat"}),
    ("POST cache/clear", {}),
    ("POST data-transfer", {"vendor_id": "V"}),
    ("POST reservations", {"id_token": "TAG1", "expires_at": "2027-01-01T00:00:00Z", "id": 1}),
    ("DELETE reservations/{reservation_id}", {"reservation_id": 1}),
    ("POST firmware", {"location": URL}),
    ("POST firmware/published", {"location": URL, "checksum": "0" * 32}),
    ("DELETE firmware/published/{checksum}", {"checksum": "0" * 32}),
    ("POST logs", {"remote_location": URL}),
    ("POST logs", {"remote_location": URL, "log_type": "SecurityLog"}),
    ("POST monitors", {"monitors": [MONITOR, MONITOR]}),
    ("DELETE monitors/{monitor_id}", {"monitor_id": 1}),
    ("POST monitors/report", {}),
    ("POST monitors/base", {"base": "All"}),
    ("POST monitors/level", {"severity": 1}),
    ("POST display-messages", {"content": "Hi", "id": 1}),
    ("DELETE display-messages/{message_id}", {"message_id": 1}),
    ("POST display-messages/report", {}),
    ("POST customer-information", {"customer_identifier": "C"}),
]


class AnyAnswer(dict):
    """Answers of a station that says anything that its schemas allow, and now and then an error."""

    def __init__(self, version, random):
        super().__init__()
        self._version = version
        self._random = random

    def get(self, action, default=None):
        if self._random.random() < 0.05:
            return StationError("InternalError", "\u20ac\u0000")
        schema = MESSAGES[self._version, action, "response"].schema
        return schema_oracle.Maker(schema, self._random).payload(self._random.choice((0.0, 0.5, 1.0)))


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize(("route", "body"), ASKED)
def test_any_valid_answer_brings_a_result(version, route, body, monkeypatch):
    for module in (reports, display):
        monkeypatch.setattr(module, "PART_TIMEOUT_S", 0.001)
    flows = FlowBench(version)
    flows.answers = AnyAnswer(version, Random(f"{version} {route}"))
    for _ in range(20):
        try:
            result = flows.ask(route, body)
        except CommandError as error:
            assert error.fault is Fault.ACTION_OF_OTHER_VERSION
            return
        assert isinstance(result, Result)
        assert isinstance(result.outcome, Outcome)
        json.loads(msgspec.json.encode(result.body))
        assert (result.outcome in (Outcome.ACCEPTED, Outcome.CALL_ERROR)) or result.reason
        for shown in SHOWN:
            if not re.search("{", shown.path):
                flows.show(shown.path)
    assert flows.station.listeners is None
    assert [fields for event, fields in flows.bench.logged if event == "answer_failed"] == []
