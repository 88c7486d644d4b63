"""A server's view of one station in memory: asks, and checks every answer and every message against its schema."""

import asyncio
import json
from contextlib import asynccontextmanager
from itertools import count

from gateway.fleet import Behaviour, Fleet
from tests.fleet.csms import OCPP16, OCPP21, OCPP201, Csms, MemorySocket, memory_dial
from tests.fleet.manual_clock import ManualClock, settle
from tests.fleet.schemas import errors

STATION = "SIM-0001"
NOBODY_COMES = Behaviour(first_arrival_s_mean=1e9, idle_s_mean=1e9, offline_every_s_mean=None)
VERSIONS = [OCPP16, OCPP201, OCPP21]
VERSIONS_2 = [OCPP201, OCPP21]


class Operator:
    """A server's view of one station: asks, and checks each answer against its schema."""

    def __init__(self, fleet: Fleet, csms: Csms, clock: ManualClock, sockets: dict[str, MemorySocket]) -> None:
        self.fleet, self.csms, self.clock = fleet, csms, clock
        self._sockets = sockets
        self._ids = count(1)
        self._seen = 0

    @property
    def version(self) -> str:
        return self.fleet.stations[0].version

    def push(self, text: str) -> None:
        self._sockets[STATION].push(text)

    async def raw(self, action: str, payload: dict) -> list:
        message_id = f"server-{next(self._ids)}"
        self.push(json.dumps([2, message_id, action, payload]))
        await settle()
        return self.csms.results[message_id]

    async def ask(self, action: str, payload: dict) -> dict:
        assert errors(self.version, action, payload) == [], "the test itself asks wrongly"
        (answer,) = await self.raw(action, payload)
        assert errors(self.version, action, answer, answer=True) == []
        return answer

    def told(self, action: str) -> list[dict]:
        """What the station has said in calls of this action, since it was asked for it last."""
        found = [call.payload for call in self.csms.calls[self._seen :] if call.action == action]
        self._seen = len(self.csms.calls)
        return found

    def connector_states(self) -> list[str]:
        """The states of connector 1 of EVSE 1 in order, in the way of the version."""
        if self.version == OCPP16:
            return [s["status"] for s in self.csms.of("StatusNotification") if s["connectorId"] == 1]
        if self.version == OCPP201:
            return [s["connectorStatus"] for s in self.csms.of("StatusNotification") if s["evseId"] == 1]
        events = [event for told in self.csms.of("NotifyEvent") for event in told["eventData"]]
        return [
            event["actualValue"]
            for event in events
            if event["variable"]["name"] == "AvailabilityState" and event["component"]["evse"]["id"] == 1
        ]

    async def start(self) -> dict:
        if self.version == OCPP16:
            return await self.ask("RemoteStartTransaction", {"connectorId": 1, "idTag": "CARD"})
        token = {"idToken": "CARD", "type": "Central"}
        return await self.ask("RequestStartTransaction", {"evseId": 1, "remoteStartId": 77, "idToken": token})

    async def stop(self) -> dict:
        truth = self.fleet.transactions[-1]
        if self.version == OCPP16:
            return await self.ask("RemoteStopTransaction", {"transactionId": truth.server_id})
        return await self.ask("RequestStopTransaction", {"transactionId": truth.transaction})


@asynccontextmanager
async def operated(version: str, *, behaviour: Behaviour = NOBODY_COMES, csms: Csms | None = None):
    csms, clock, sockets = csms or Csms(), ManualClock(), {}
    fleet = Fleet(
        "ws://unused",
        stations=1,
        seed=4,
        versions=[version],
        clock=clock,
        behaviour=behaviour,
        dial=memory_dial(csms, sockets),
    )
    task = asyncio.create_task(fleet.run())
    await clock.turn(1)
    try:
        yield Operator(fleet, csms, clock, sockets)
        told = [*csms.calls, *csms.sends]
        assert [e for call in told for e in errors(version, call.action, call.payload)] == []
    finally:
        fleet.stop()
        await task
