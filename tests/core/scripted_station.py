"""A station whose answers a test writes down, and the operator of the gateway that asks it. Nothing waits for a clock.

Every request that the gateway sends is checked against its schema in the `ocpp` package, and so is every answer of the
script.
"""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from gateway.app.operator import Known, LoopOperator
from gateway.core.commands import Commander
from gateway.core.device_model import VariablePage, VariableQuery
from gateway.core.records import DeviceVariable, DeviceVariables
from gateway.core.stations import Station
from gateway.core.token_history import TokenHistory
from gateway.wire.messages import CALL
from gateway.wire.versions import VERSIONS
from tests.core.station_bench import MESSAGES, Bench, Line, ManualJournal, RecordingLink
from tests.wire import schema_oracle

ANSWERED_WITHIN_S = 20.0
"""A flow of a script ends in milliseconds; one that never ends fails its test."""

Returned = TypeVar("Returned")


class Refused(Exception):
    """Raised by a script: the station answers with this CALLERROR."""


class Silent(Exception):
    """Raised by a script: the station never answers, and the call's deadline comes."""


class Gone(Exception):
    """Raised by a script: the connection is lost before the answer."""


class LoopJournal(ManualJournal):
    """Is on disk in the next turn of the event loop."""

    def append(self, entry: Any, durable: Callable[[], None]) -> None:
        super().append(entry, durable)
        try:
            asyncio.get_running_loop().call_soon(self.commit)
        except RuntimeError:  # before the loop runs, the bench commits
            return


class ScriptedLink(RecordingLink):
    """Hands the gateway's calls to the station; keeps its answers."""

    def __init__(self, called: Callable[[str, str, Any], None]) -> None:
        super().__init__()
        self._called = called

    def write(self, message: bytes) -> bool:
        kind, *rest = json.loads(message)
        if kind == CALL:
            self._called(*rest)
            return True
        return super().write(message)


class ScriptedStation:
    """A station that answers the gateway's calls from `script`: action -> function of the payload -> answer.

    `asked` holds (action, payload) of every call, in order.
    """

    def __init__(self, version: str, script: Mapping[str, Callable[[Any], Any]], *, firmware: str = "1.0") -> None:
        self.version = version
        self.script = dict(script)
        self.asked: list[tuple[str, Any]] = []
        self.histories: TokenHistory | None = None
        self.stored: VariablePage = VariablePage([], None)
        self.looked_up: list[VariableQuery] = []
        self.bench = Bench(journal=LoopJournal())
        self.line: Line = self.bench.connect(version, booted=False)
        self.station: Station = self.line.station
        self._link()
        self.commander = Commander(self.bench.registry, VERSIONS, lambda: self.bench.monotonic_s)
        self.boot(firmware)

    def connect(self) -> None:
        """Connect anew."""
        self.line = self.bench.connect(self.version)
        self._link()

    def _link(self) -> None:
        self.line.link = ScriptedLink(self._receive)
        self.line.session._link = self.line.link

    def boot(self, firmware: str) -> None:
        """Boot, with this firmware, while no loop runs."""
        self.line.link.written.clear()
        if self.version == "ocpp1.6":
            boot = {"chargePointVendor": "V", "chargePointModel": "M", "firmwareVersion": firmware}
        else:
            about = {"vendorName": "V", "model": "M", "firmwareVersion": firmware}
            boot = {"reason": "PowerUp", "chargingStation": about}
        self.line.ask("BootNotification", boot)

    def operator(self) -> LoopOperator:
        """Return one who asks this station."""

        async def stored_variables(station: Station, query: VariableQuery) -> VariablePage:
            self.looked_up.append(query)
            return self.stored

        known = Known(stored_variables, lambda station: self.histories)
        return LoopOperator(
            self.commander,
            self.bench.recorder,
            now=lambda: self.bench.now,
            timeout_s=30.0,
            known=known,
        )

    def run(self, flow: Callable[..., Coroutine[Any, Any, Returned]], request: Any) -> Returned:
        """Carry out a flow."""

        async def run() -> Returned:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                return await flow(self.operator(), self.station, request)

        return asyncio.run(run())

    def asked_for(self, action: str) -> list[Any]:
        """Return the payloads of the calls of one action."""
        return [payload for name, payload in self.asked if name == action]

    def send(self, action: str, payload: Any) -> None:
        """Send a request of the station's own, in one of the next turns of the loop."""
        asyncio.get_running_loop().call_soon(self.line.call, action, payload)

    def kept(self) -> dict[tuple[Any, ...], str | None]:
        """Return what was kept of variables: (component, variable, instance, evse) -> value."""
        return {
            (known.component, known.variable, known.instance, known.evse): known.value for known in self.variables()
        }

    def variables(self) -> list[DeviceVariable]:
        """Return all that was kept of variables, in order."""
        said = [record for record in self.bench.records if isinstance(record, DeviceVariables)]
        return [known for record in said for known in record.variables]

    def _receive(self, message_id: str, action: str, payload: Any) -> None:
        self._check(action, payload, "request")
        self.asked.append((action, payload))
        asyncio.get_running_loop().call_soon(self._answer, message_id, action, payload)

    def _answer(self, message_id: str, action: str, payload: Any) -> None:
        try:
            if action not in self.script:
                raise Refused("NotImplemented")
            answer = self.script[action](payload)
        except Refused as error:
            self.line.send(json.dumps([4, message_id, str(error), "", {}]))
        except Silent:
            self.bench.monotonic_s += 1000.0
            scheduled, self.bench.scheduled = self.bench.scheduled, []
            for queue, _ in scheduled:
                queue.tick(self.bench.monotonic_s)
        except Gone:
            self.line.session.close()
            self.station.session = None
        else:
            self._check(action, answer, "response")
            self.line.send(json.dumps([3, message_id, answer]))

    def _check(self, action: str, payload: Any, role: str) -> None:
        message = MESSAGES[self.version, action, role]
        verdicts = schema_oracle.verdicts(schema_oracle.validator(message.schema), payload)
        assert not verdicts, (action, role, payload, verdicts)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; fail if that takes too long."""
    end = time.monotonic() + ANSWERED_WITHIN_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0)
