"""A bench for flows: one station whose answers a test scripts, and an operator on a loop that waits for nothing.

Every request that the gateway sends is checked against the schemas of the `ocpp` package, as every answer is.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from gateway.app.operator import Known, LoopOperator
from gateway.core.commands import Commander, CommandError
from gateway.core.flows import FLOWS, SHOWN
from gateway.core.flows.flow import Result
from gateway.core.flows.request import flow_request
from gateway.core.stations import Station
from gateway.wire.versions import VERSIONS
from tests.core.station_bench import MESSAGES, OCPP16, OCPP21, OCPP201, Bench
from tests.wire import schema_oracle

ALL = (OCPP16, OCPP201, OCPP21)
BOTH_2 = (OCPP201, OCPP21)

SILENCE = object()
"""The answer of a station that gives none: time passes until the call has timed out."""

GONE = object()
"""The answer of a station whose connection breaks instead."""

UNREADABLE = object()
"""An answer that is no JSON."""

TIMEOUT_S = 30.0

LIMITS_ASKED_BY = {"GetVariables"}
"""What a flow may ask beside its own calls: how many items a message may have."""

DEFAULT_ANSWERS: dict[str, Any] = {
    "UnlockConnector": {"status": "Unlocked"},
    "UnpublishFirmware": {"status": "Unpublished"},
    "GetDiagnostics": {"fileName": "diagnostics.zip"},
}


class StationError:
    """The answer of a station that sends a CALLERROR."""

    def __init__(self, code: str, description: str = "") -> None:
        self.code, self.description = code, description


class FlowBench:
    """One gateway, one station. `answers` maps actions to payloads, or to functions of the request that return one."""

    def __init__(self, version: str, **answers: Any) -> None:
        self.version = version
        self.bench = Bench()
        self.line = self.bench.connect(version)
        self.answers: dict[str, Any] = {**DEFAULT_ANSWERS, **answers}
        if version == OCPP16:
            self.answers.setdefault("UpdateFirmware", {})
        self.sent: list[tuple[str, Any]] = []
        """What the gateway sent: action and payload."""
        self.refused_results: list[str] = []
        """Codes of the CALLRESULTERRORs by which the gateway said that an answer was wrong (2.1)."""
        self._later: list[tuple[str, Any]] = []
        self._commander = Commander(self.bench.registry, VERSIONS, lambda: self.bench.monotonic_s)

    @property
    def station(self) -> Station:
        return self.line.station

    def operator(self) -> LoopOperator:
        return LoopOperator(
            self._commander,
            self.bench.recorder,
            now=lambda: self.bench.now,
            timeout_s=TIMEOUT_S,
            known=Known(stored_variables=_no_store, token_history=lambda station: None),
        )

    def ask(self, route: str, body: Any = None, **path_fields: str) -> Result:
        """Carry out a flow, named by method and path, and return its result."""
        method, path = route.split(" ")
        (flow,) = [flow for flow in FLOWS if (flow.method, flow.path) == (method, path)]
        text = b"" if body is None else json.dumps(body).encode()
        request = flow_request(flow.request_type, text, path_fields)
        before = len(self.sent)
        result = asyncio.run(self._carry_out(flow.run, request))
        asked = {action for action, _ in self.sent[before:]} - LIMITS_ASKED_BY
        assert asked <= set(flow.actions), "the table of actions says less than the flow does"
        return result

    def refusal(self, route: str, body: Any = None, **path_fields: str) -> tuple[str, str | None]:
        """Carry out a flow that cannot be; return the name of the fault and the path. Nothing was sent or recorded."""
        recorded, sent = len(self.bench.journal.entries), len(self.sent)
        try:
            result = self.ask(route, body, **path_fields)
        except CommandError as error:
            assert " " in str(error), "a reason is for people"
            assert (len(self.bench.journal.entries), len(self.sent)) == (recorded, sent)
            return error.fault.value, error.path
        raise AssertionError(result)

    def show(self, path: str, **parameters: str) -> Any:
        """What the API shows, as JSON."""
        (shown,) = [shown for shown in SHOWN if shown.path == path]
        return json.loads(json.dumps(shown.show(self.station, parameters, self.bench.now)))

    def say(self, action: str, payload: Any) -> Any:
        """Send a call as the station, and return the answer."""
        return self.line.ask(action, payload)

    def say_later(self, action: str, payload: Any) -> None:
        """Send a call as the station once it has answered what is asked of it now."""
        self._later.append((action, payload))

    def restart(self) -> None:
        """Restart the gateway: live state is what a replay of the journal makes of it. The station connects again."""
        entries = self.bench.journal.entries
        self.bench = Bench()
        station = self.bench.registry.station("CP1")
        self.line = self.bench.connect(self.version)  # its boot is not among the entries
        for entry in entries:
            station.apply(entry)
        self.bench.journal.entries += entries
        self._commander = Commander(self.bench.registry, VERSIONS, lambda: self.bench.monotonic_s)

    async def _carry_out(self, run: Callable[..., Any], request: Any) -> Result:
        task = asyncio.create_task(run(self.operator(), self.station, request))
        async with asyncio.timeout(10):
            while not task.done():
                await asyncio.sleep(0)
                self.bench.journal.commit_all()
                self._serve()
        return task.result()

    def _serve(self) -> None:
        """Answer what the gateway asks, then send what is to be sent."""
        written, self.line.link.written = self.line.link.written, []
        for text in written:
            message = json.loads(text)
            if message[0] == 2:
                self._answer(*message[1:])
            elif message[0] == 5:
                self.refused_results.append(message[2])
            else:
                self.line._check(message)
        if self._later and self.line.session.idle:
            self.line.call(*self._later.pop(0))

    def _answer(self, message_id: str, action: str, payload: Any) -> None:
        verdicts = schema_oracle.verdicts(_validator(self.version, action), payload)
        assert not verdicts, (action, payload, verdicts)
        self.sent.append((action, payload))
        answer = self.answers.get(action, {"status": "Accepted"})
        if callable(answer):
            answer = answer(payload)
        if answer is SILENCE:
            self.bench.monotonic_s += TIMEOUT_S
            for queue, _ in self.bench.scheduled:
                queue.tick(self.bench.monotonic_s)
        elif answer is GONE:
            self.line.session.close()
            self.station.session = None
        elif answer is UNREADABLE:
            self.line.send(f'[3,"{message_id}",{{"status":]')
        elif isinstance(answer, StationError):
            self.line.send(json.dumps([4, message_id, answer.code, answer.description, {}]))
        else:
            self.line.send(json.dumps([3, message_id, answer]))


async def _no_store(station: Station, query: object) -> Any:
    raise AssertionError("these flows do not read the store")


_validators: dict[tuple[str, str], Any] = {}


def _validator(version: str, action: str) -> Any:
    if (version, action) not in _validators:
        _validators[version, action] = schema_oracle.validator(MESSAGES[version, action, "request"].schema)
    return _validators[version, action]


def without(payload: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name not in names}
