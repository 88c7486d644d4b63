"""Whatever a station answers, if it is valid, the flows of the device model and of the local list end with a result."""

import json
from random import Random
from typing import Any

import msgspec
import pytest

from gateway.core.authorisation import Token
from gateway.core.calls import Outcome
from gateway.core.flows import reports
from gateway.core.flows.device_model import GetRequest, ReportRequest, SetRequest, get, report, set_
from gateway.core.flows.flow import Result
from gateway.core.flows.local_list import ShowRequest, SyncRequest, show, sync
from gateway.core.flows.request import flow_request
from gateway.core.token_history import TokenHistory, TokenList
from tests.core.scripted_station import Refused, ScriptedStation
from tests.core.station_bench import MESSAGES, OCPP16, OCPP21, OCPP201
from tests.wire import schema_oracle

NAMED = {"component": "OCPPCommCtrlr", "variable": "HeartbeatInterval"}

ASKED: list[tuple[Any, type[Any], dict[str, Any]]] = [
    (report, ReportRequest, {}),
    (get, GetRequest, {"variables": [NAMED, {**NAMED, "component": "ChargePoint"}]}),
    (set_, SetRequest, {"variables": [{**NAMED, "value": "1"}, {**NAMED, "component": "ChargePoint", "value": ""}]}),
    (sync, SyncRequest, {}),
    (sync, SyncRequest, {"full": True}),
    (show, ShowRequest, {}),
]

HISTORY = TokenHistory([TokenList(4096, (Token(id="A"),)), TokenList(8192, (Token(id="A"), Token(id="B")))])


class AnyScript(dict[str, Any]):
    """A script that says anything that the schemas allow, and now and then refuses."""

    def __init__(self, version: str, random: Random) -> None:
        super().__init__()
        self._version = version
        self._random = random

    def __contains__(self, action: object) -> bool:
        return self._random.random() > 0.05

    def __getitem__(self, action: str) -> Any:
        if self._random.random() < 0.02:
            raise Refused("InternalError")
        schema = MESSAGES[self._version, action, "response"].schema
        payload = schema_oracle.Maker(schema, self._random).payload(self._random.choice((0.0, 0.5, 1.0)))
        return lambda request: payload


@pytest.mark.parametrize("version", [OCPP16, OCPP201, OCPP21])
@pytest.mark.parametrize(("flow", "request_type", "body"), ASKED)
def test_any_valid_answer_brings_a_result(
    version: str, flow: Any, request_type: type[Any], body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "PART_TIMEOUT_S", 0.001)
    request = flow_request(request_type, json.dumps(body).encode(), {})
    for seed in range(25):
        station = ScriptedStation(version, {})
        station.script = AnyScript(version, Random(f"{version} {flow.__name__} {seed}"))
        station.histories = HISTORY
        result = station.run(flow, request)
        assert isinstance(result, Result)
        assert result.outcome in (Outcome.ACCEPTED, Outcome.CALL_ERROR) or result.reason
        json.loads(msgspec.json.encode(result.body))
        assert station.station.listeners is None
        assert not HISTORY.being_sent
        assert [event for event, _ in station.bench.logged if event == "answer_failed"] == []
