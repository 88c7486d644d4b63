"""Stations that say what a test wants said when they are commanded, and a client of the API that commands them."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.system.process import DEADLINE_S, GatewayProcess, running

BOOTS: dict[str, dict[str, Any]] = {
    "ocpp1.6": {"chargePointVendor": "V", "chargePointModel": "M"},
    "ocpp2.0.1": {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}},
    "ocpp2.1": {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}},
}
RESETS = {"ocpp1.6": {"type": "Soft"}, "ocpp2.0.1": {"type": "Immediate"}, "ocpp2.1": {"type": "Immediate"}}
VERSIONS = tuple(BOOTS)

ACCEPTED = {"status": "Accepted"}

Say = Callable[[str, str, Any], list[str]]
"""What a station says when it hears a call: (message id, action, payload) -> texts."""


def result(message_id: str, payload: Any = ACCEPTED) -> str:
    return json.dumps([3, message_id, payload])


def accept(message_id: str, action: str, payload: Any) -> list[str]:
    return [result(message_id)]


def say_nothing(message_id: str, action: str, payload: Any) -> list[str]:
    return []


class Station:
    """A station that has booted; it says what its `say` returns, and notes what it heard."""

    def __init__(self, connection: ClientConnection, say: Say) -> None:
        self.connection = connection
        self.say = say
        self.heard: list[tuple[str, str, Any]] = []
        self.news = asyncio.Event()
        self._ids = itertools.count(1)
        self._asked: dict[str, asyncio.Future[Any]] = {}

    async def run(self) -> None:
        """Hear and answer until the connection ends."""
        with contextlib.suppress(ConnectionClosed):
            async for text in self.connection:
                message = json.loads(text)
                if message[0] == 2:
                    _, message_id, action, payload = message
                    self.heard.append((message_id, action, payload))
                    self.news.set()
                    for said in self.say(message_id, action, payload):
                        await self.connection.send(said)
                elif message[1] in self._asked:
                    self._asked.pop(message[1]).set_result(message)
                else:
                    assert message[0] == 5 or message[1] == "-1", message

    async def call(self, action: str, payload: Any) -> Any:
        """Call the gateway, and return its whole answer."""
        message_id = f"s{next(self._ids)}"
        answer = self._asked[message_id] = asyncio.get_running_loop().create_future()
        await self.connection.send(json.dumps([2, message_id, action, payload]))
        return await asyncio.wait_for(answer, DEADLINE_S)

    async def hears(self, count: int) -> None:
        """Wait until it has heard `count` calls."""
        async with asyncio.timeout(DEADLINE_S):
            while len(self.heard) < count:
                self.news.clear()
                await self.news.wait()


@contextlib.asynccontextmanager
async def station(
    gateway: GatewayProcess, identity: str = "CP1", version: str = "ocpp1.6", say: Say = accept, *, boot: bool = True
) -> AsyncIterator[Station]:
    """A connected station."""
    url = gateway.url(quote(identity, safe=""))
    async with connect(url, subprotocols=[version], ping_interval=None, proxy=None, max_size=None) as connection:
        one = Station(connection, say)
        running = asyncio.create_task(one.run())
        if boot:
            await one.call("BootNotification", BOOTS[version])
        try:
            yield one
        finally:
            await connection.close()
            await running


class Operator:
    """Who commands: a client of the API."""

    def __init__(self, gateway: GatewayProcess, client: aiohttp.ClientSession) -> None:
        self._url = f"http://127.0.0.1:{gateway.admin_port}/api/v1/stations/"
        self._client = client

    async def post(
        self, target: str, payload: Any = None, *, key: str | None = None, body: bytes | None = None
    ) -> tuple[int, Any]:
        """Return status and JSON of the answer."""
        headers = {"Content-Type": "application/json"} | ({} if key is None else {"Idempotency-Key": key})
        content = json.dumps({} if payload is None else payload).encode() if body is None else body
        url = aiohttp.client.URL(self._url + target, encoded=True)
        async with self._client.post(url, data=content, headers=headers) as answer:
            said = await answer.json(content_type=None)
            expected = "application/json" if answer.status == 200 else "application/problem+json"
            assert answer.content_type == expected
            assert answer.status == 200 or said["status"] == answer.status
            return answer.status, said


@contextlib.asynccontextmanager
async def operator(gateway: GatewayProcess) -> AsyncIterator[Operator]:
    """A client that waits as long as it takes."""
    timeout = aiohttp.ClientTimeout(total=2 * DEADLINE_S)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as client:
        yield Operator(gateway, client)


def tell(folder: Path, story: Callable[[GatewayProcess, Operator], Any], **sections: Any) -> None:
    """Run a test's story with a running gateway."""

    async def run() -> None:
        async with operator(gateway) as someone:
            await asyncio.wait_for(story(gateway, someone), 2 * DEADLINE_S)

    with running(folder, **sections) as gateway:
        asyncio.run(run())
