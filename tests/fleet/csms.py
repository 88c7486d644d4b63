"""A small server for stations: answers as a real one would, remembers every message, and fails as it is told."""

import asyncio
import json
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from gateway.fleet.link import LinkLost

OCPP16, OCPP201, OCPP21 = "ocpp1.6", "ocpp2.0.1", "ocpp2.1"


class Call(NamedTuple):
    station: str
    version: str
    message_id: str
    action: str
    payload: dict[str, Any]
    connection: int


class Hang(Exception):
    """Drop the connection instead of answering."""


class Silence(Exception):
    """Do not answer."""


class Fail(Exception):
    """Answer with a CALLERROR of this code."""


class Csms:
    """Answers every CALL. `before_answer` may raise Hang, Silence or Fail, or return another answer."""

    def __init__(self, *, heartbeat_s: int = 300) -> None:
        self.calls: list[Call] = []
        self.results: dict[str, Any] = {}
        self.sends: list[Call] = []
        self.result_errors: list[list[Any]] = []
        self.before_answer: Callable[[Call], dict[str, Any] | None] = lambda call: None
        self.heartbeat_s = heartbeat_s
        self.connections = 0
        self._transactions: dict[str, int] = {}

    def receive(self, station: str, version: str, connection: int, text: str | bytes) -> str | None:
        parts = json.loads(text)
        if parts[0] == 6:
            self.sends.append(Call(station, version, parts[1], parts[2], parts[3], connection))
            return None
        if parts[0] == 5:
            self.result_errors.append(parts[1:])
            return None
        if parts[0] != 2:
            self.results[parts[1]] = parts[2:]
            return None
        _, message_id, action, payload = parts
        call = Call(station, version, message_id, action, payload, connection)
        self.calls.append(call)
        try:
            answer = self.before_answer(call)
        except Silence:
            return None
        except Fail as fail:
            return json.dumps([4, message_id, str(fail), "", {}])
        return json.dumps([3, message_id, self.answer(call) if answer is None else answer])

    def answer(self, call: Call) -> dict[str, Any]:
        match call.action:
            case "BootNotification":
                now = datetime.now(UTC).isoformat()
                return {"status": "Accepted", "currentTime": now, "interval": self.heartbeat_s}
            case "Heartbeat":
                return {"currentTime": datetime.now(UTC).isoformat()}
            case "Authorize":
                return {("idTagInfo" if call.version == OCPP16 else "idTokenInfo"): {"status": "Accepted"}}
            case "StartTransaction":
                key = json.dumps([call.station, call.payload], sort_keys=True)
                number = self._transactions.setdefault(key, len(self._transactions) + 1)
                return {"transactionId": number, "idTagInfo": {"status": "Accepted"}}
            case "OpenPeriodicEventStream":
                return {"status": "Accepted"}
        return {}

    def of(self, action: str, station: str | None = None) -> list[dict[str, Any]]:
        return [c.payload for c in self.calls if c.action == action and station in (None, c.station)]


@asynccontextmanager
async def websocket_csms(csms: Csms):
    """`csms` behind a real WebSocket server; gives its URL."""

    async def handle(connection: ServerConnection) -> None:
        csms.connections += 1
        number = csms.connections
        identity = connection.request.path.rsplit("/", 1)[1]
        with suppress(ConnectionClosed):
            async for text in connection:
                try:
                    answer = csms.receive(identity, connection.subprotocol, number, text)
                except Hang:
                    connection.transport.abort()
                    return
                if answer is not None:
                    await connection.send(answer)

    async with serve(handle, "127.0.0.1", 0, subprotocols=[OCPP16, OCPP201, OCPP21], compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}/ocpp"


class MemorySocket:
    """A `Socket` whose other end is a Csms in the same thread: the answer is there as soon as the call is sent."""

    def __init__(self, csms: Csms, identity: str, version: str) -> None:
        self._csms, self._identity, self._version = csms, identity, version
        csms.connections += 1
        self._number = csms.connections
        self._inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._gone = False

    async def send(self, text: bytes) -> None:
        if self._gone:
            raise LinkLost("gone")
        try:
            answer = self._csms.receive(self._identity, self._version, self._number, text)
        except Hang:
            self.abort()
            return
        if answer is not None:
            self._inbox.put_nowait(answer.encode())

    async def receive(self) -> bytes:
        text = None if self._gone and self._inbox.empty() else await self._inbox.get()
        if text is None:
            raise LinkLost("gone")
        return text

    def push(self, text: str) -> None:
        self._inbox.put_nowait(text.encode())

    async def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        self._gone = True
        self._inbox.put_nowait(None)


def memory_dial(csms: Csms, sockets: dict[str, MemorySocket] | None = None):
    async def dial(identity: str, subprotocol: str) -> MemorySocket:
        socket = MemorySocket(csms, identity, subprotocol)
        if sockets is not None:
            sockets[identity] = socket
        return socket

    return dial
