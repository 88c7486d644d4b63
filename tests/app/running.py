"""A whole gateway inside the test's own loop, with stations on the `websockets` client."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import uvloop
from websockets.asyncio.client import ClientConnection, connect

from gateway.app.config import AdminSection, Config, DataSection, ListenerSection
from gateway.app.gateway import Gateway, system_now

DEADLINE_S = 30.0
"""For a whole test."""

BOOTS: dict[str, dict[str, Any]] = {
    "ocpp1.6": {"chargePointVendor": "Vendor", "chargePointModel": "Model", "firmwareVersion": "1.2"},
    "ocpp2.0.1": {"reason": "PowerUp", "chargingStation": {"vendorName": "Vendor", "model": "Model"}},
}


def run(story: Coroutine[Any, Any, None]) -> None:
    """Run a test's coroutine to its end."""
    uvloop.run(asyncio.wait_for(story, DEADLINE_S))


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition; the deadline is that of the test."""
    while not condition():
        await asyncio.sleep(0.005)


class Running(Gateway):
    """A gateway, and what a test asks of it."""

    def connect(self, identity: str, version: str = "ocpp1.6", **how: Any) -> connect:
        return connect(self.stations_url + identity, subprotocols=[version], ping_interval=None, proxy=None, **how)

    @contextlib.asynccontextmanager
    async def station(self, identity: str, version: str = "ocpp1.6") -> AsyncIterator[ClientConnection]:
        """A connected station that has booted."""
        async with self.connect(identity, version) as station:
            await call(station, "BootNotification", BOOTS[version])
            yield station

    def stored(self, table: str) -> int:
        return self.store.stored[table]


@contextlib.asynccontextmanager
async def running(directory: Path, *, now: Callable[[], Any] = system_now, **sections: Any) -> AsyncIterator[Running]:
    """A started gateway on free ports, stopped at the end; `sections` are those of the configuration."""
    logged: list[tuple[str, dict[str, Any]]] = []
    listener = sections.pop("listener", {})
    config = Config(
        data=DataSection(directory=directory),
        listener=ListenerSection(**{"port": 0} | listener),
        admin=AdminSection(port=0),
        **sections,
    )
    gateway = Running(config, log=lambda event, **fields: logged.append((event, fields)), now=now)
    try:
        await gateway.start()
        yield gateway
    finally:
        await gateway.stop()


async def call(station: ClientConnection, action: str, payload: Any = None, message_id: str = "1") -> Any:
    """Call, and return the payload of the answer, or the code of the error."""
    await station.send(json.dumps([2, message_id, action, {} if payload is None else payload]))
    answer = json.loads(await station.recv())
    assert answer[1] == message_id
    return answer[2]
