"""What stations answer to their server, and what they do then."""

import asyncio
import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from itertools import count

import pytest

from gateway.fleet import Behaviour, Fleet
from tests.fleet.csms import OCPP16, OCPP201, Csms, MemorySocket, memory_dial
from tests.fleet.manual_clock import ManualClock, settle
from tests.fleet.schemas import errors

STATION = "SIM-0001"
NOBODY_COMES = Behaviour(first_arrival_s_mean=1e9, idle_s_mean=1e9, offline_every_s_mean=None)
VERSIONS = [OCPP16, OCPP201]


class Operator:
    """A server's view of one station: asks, and checks each answer against its schema."""

    def __init__(self, fleet: Fleet, csms: Csms, clock: ManualClock, sockets: dict[str, MemorySocket]) -> None:
        self.fleet, self.csms, self.clock = fleet, csms, clock
        self._sockets = sockets
        self._ids = count(1)

    @property
    def version(self) -> str:
        return self.fleet.stations[0].version

    async def raw(self, action: str, payload: dict) -> list:
        message_id = f"server-{next(self._ids)}"
        self._sockets[STATION].push(json.dumps([2, message_id, action, payload]))
        await settle()
        return self.csms.results[message_id]

    async def ask(self, action: str, payload: dict) -> dict:
        assert errors(self.version, action, payload) == [], "the test itself asks wrongly"
        (answer,) = await self.raw(action, payload)
        assert errors(self.version, action, answer, answer=True) == []
        return answer

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
    finally:
        fleet.stop()
        await task


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_remote_start_starts_and_a_remote_stop_stops(version):
    async with operated(version) as operator:
        assert (await operator.start())["status"] == "Accepted"
        await operator.clock.turn(600)
        assert operator.fleet.statistics.charging == 1
        assert (await operator.start())["status"] == "Rejected", "the outlet is taken"
        assert (await operator.stop())["status"] == "Accepted"
        await operator.clock.turn(600)
        assert operator.fleet.statistics.transactions == 0
        assert (await operator.stop())["status"] == "Rejected", "it has ended"
        (truth,) = operator.fleet.transactions
        assert (truth.id_token, truth.stopped_reason) == ("CARD", "Remote")
        assert truth.energy_wh > 500
        assert operator.csms.of("Authorize") == []
        if version == OCPP201:
            started, *_, ended = operator.csms.of("TransactionEvent")
            assert started["transactionInfo"]["remoteStartId"] == 77
            assert (started["triggerReason"], ended["triggerReason"]) == ("RemoteStart", "RemoteStop")
        else:
            assert operator.csms.of("StopTransaction")[0]["reason"] == "Remote"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_pending_station_refuses_a_remote_start_and_sends_what_is_triggered(version):
    csms = Csms()
    pending = {"status": "Pending", "currentTime": "2025-03-01T08:00:00Z", "interval": 60}
    csms.before_answer = lambda call: pending if call.action == "BootNotification" else None
    async with operated(version, csms=csms) as operator:
        assert (await operator.start())["status"] == "Rejected"
        assert (await operator.ask("TriggerMessage", {"requestedMessage": "Heartbeat"}))["status"] == "Accepted"
        await operator.clock.turn(30)
        assert [c.action for c in csms.calls] == ["BootNotification", "Heartbeat"]
        answer = await operator.ask("TriggerMessage", {"requestedMessage": "BootNotification"})
        assert answer["status"] == "Accepted"
        await operator.clock.turn(1)
        assert [c.action for c in csms.calls][2:] == ["BootNotification"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_triggered_message_follows_its_answer(version):
    async with operated(version) as operator:
        evse = {"connectorId": 1} if version == OCPP16 else {"evse": {"id": 1}}
        before = len(operator.csms.calls)
        for message in ("StatusNotification", "MeterValues"):
            answer = await operator.ask("TriggerMessage", {"requestedMessage": message} | evse)
            assert answer["status"] == "Accepted"
        sent = operator.csms.calls[before:]
        assert [c.action for c in sent] == ["StatusNotification", "MeterValues"]
        assert [e for c in sent for e in errors(version, c.action, c.payload)] == []
        sampled = sent[1].payload["meterValue"][0]["sampledValue"]
        assert {sample["context"] for sample in sampled} == {"Trigger"}
        unknown = await operator.ask("TriggerMessage", {"requestedMessage": "FirmwareStatusNotification"})
        assert unknown["status"] == "NotImplemented"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_reset_ends_the_transaction_and_boots_again(version):
    async with operated(version) as operator:
        await operator.start()
        await operator.clock.turn(600)
        reset = {"type": "Hard" if version == OCPP16 else "Immediate"}
        assert (await operator.ask("Reset", reset))["status"] == "Accepted"
        await operator.clock.turn(120)
        actions = [c.action for c in operator.csms.calls]
        assert actions.count("BootNotification") == 2
        assert operator.csms.connections == 2
        if version == OCPP16:
            assert operator.csms.of("StopTransaction")[0]["reason"] == "HardReset"
            assert actions.index("StopTransaction") < len(actions) - actions[::-1].index("BootNotification")
        else:
            assert operator.csms.of("BootNotification")[1]["reason"] == "RemoteReset"
            ended = operator.csms.of("TransactionEvent")[-1]
            assert ended["transactionInfo"]["stoppedReason"] == "ImmediateReset"
            assert ended["triggerReason"] == "ResetCommand"


async def test_a_reset_on_idle_waits_for_the_transaction():
    async with operated(OCPP201) as operator:
        await operator.start()
        assert (await operator.ask("Reset", {"type": "OnIdle"}))["status"] == "Scheduled"
        await operator.clock.turn(600)
        assert len(operator.csms.of("BootNotification")) == 1
        await operator.stop()
        await operator.clock.turn(120)
        assert len(operator.csms.of("BootNotification")) == 2


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_inoperative_outlet_takes_nobody_until_it_is_back(version):
    def availability(kind: str) -> dict:
        if version == OCPP16:
            return {"connectorId": 0, "type": kind}
        return {"operationalStatus": kind}

    busy = Behaviour(first_arrival_s_mean=600, offline_every_s_mean=None)
    async with operated(version, behaviour=busy) as operator:
        assert (await operator.ask("ChangeAvailability", availability("Inoperative")))["status"] == "Accepted"
        assert (await operator.start())["status"] == "Rejected"
        await operator.clock.turn(2 * 3600)
        assert operator.fleet.transactions == []
        field = "status" if version == OCPP16 else "connectorStatus"
        assert operator.csms.of("StatusNotification")[-1][field] == "Unavailable"
        assert (await operator.ask("ChangeAvailability", availability("Operative")))["status"] == "Accepted"
        await operator.clock.turn(2 * 3600)
        assert operator.fleet.transactions != []


@pytest.mark.parametrize("version", VERSIONS)
async def test_availability_during_a_transaction_changes_when_the_vehicle_has_left(version):
    async with operated(version) as operator:
        await operator.start()
        asked = (
            {"connectorId": 1, "type": "Inoperative"}
            if version == OCPP16
            else {"operationalStatus": "Inoperative", "evse": {"id": 1}}
        )
        assert (await operator.ask("ChangeAvailability", asked))["status"] == "Scheduled"
        await operator.clock.turn(300)
        assert operator.fleet.statistics.transactions == 1
        await operator.stop()
        await operator.clock.turn(300)
        field = "status" if version == OCPP16 else "connectorStatus"
        assert operator.csms.of("StatusNotification")[-1][field] == "Unavailable"


async def test_a_1_6_station_tells_its_configuration_and_obeys_a_new_one():
    async with operated(OCPP16) as operator:
        asked = {"key": "MeterValueSampleInterval", "value": "15"}
        assert (await operator.ask("ChangeConfiguration", asked))["status"] == "Accepted"
        for key, value, status in (
            ("MeterValueSampleInterval", "often", "Rejected"),
            ("NumberOfConnectors", "9", "Rejected"),
            ("Nonsense", "1", "NotSupported"),
        ):
            assert (await operator.ask("ChangeConfiguration", {"key": key, "value": value}))["status"] == status
        answer = await operator.ask("GetConfiguration", {"key": ["MeterValueSampleInterval", "Nonsense"]})
        assert answer["configurationKey"] == [{"key": "MeterValueSampleInterval", "readonly": False, "value": "15"}]
        assert answer["unknownKey"] == ["Nonsense"]
        assert len((await operator.ask("GetConfiguration", {}))["configurationKey"]) > 5
        await operator.start()
        await operator.clock.turn(150)
        assert len(operator.csms.of("MeterValues")) == 10


async def test_a_2_0_1_station_tells_its_variables_and_obeys_a_new_one():
    interval = {"component": {"name": "SampledDataCtrlr"}, "variable": {"name": "TxUpdatedInterval"}}
    nonsense = {"component": {"name": "SampledDataCtrlr"}, "variable": {"name": "Nonsense"}}
    async with operated(OCPP201) as operator:
        answer = await operator.ask("SetVariables", {"setVariableData": [interval | {"attributeValue": "15"}]})
        assert answer["setVariableResult"] == [interval | {"attributeStatus": "Accepted"}]
        answer = await operator.ask("GetVariables", {"getVariableData": [interval, nonsense]})
        assert answer["getVariableResult"] == [
            interval | {"attributeStatus": "Accepted", "attributeValue": "15"},
            nonsense | {"attributeStatus": "UnknownVariable"},
        ]
        await operator.start()
        await operator.clock.turn(150)
        periodic = [e for e in operator.csms.of("TransactionEvent") if e["triggerReason"] == "MeterValuePeriodic"]
        assert len(periodic) == 10


async def test_a_base_report_follows_its_answer():
    async with operated(OCPP201) as operator:
        answer = await operator.ask("GetBaseReport", {"requestId": 5, "reportBase": "FullInventory"})
        assert answer["status"] == "Accepted"
        (report,) = operator.csms.of("NotifyReport")
        assert errors(OCPP201, "NotifyReport", report) == []
        assert report["requestId"] == 5


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("action", "code"),
    [("SetChargingProfile", "NotSupported"), ("ClearChargingProfile", "NotSupported"), ("Coffee", "NotImplemented")],
)
async def test_what_a_station_cannot_do_is_answered_with_an_error(version, action, code):
    async with operated(version) as operator:
        answer = await operator.raw(action, {})
        assert answer[0] == code
        assert operator.fleet.statistics.refused == 1


@pytest.mark.parametrize(("version", "code"), [(OCPP16, "FormationViolation"), (OCPP201, "FormatViolation")])
async def test_a_malformed_call_is_answered_in_the_words_of_the_version(version, code):
    async with operated(version) as operator:
        answer = await operator.raw("TriggerMessage", {"requestedMessage": 7})
        assert answer[0] == code


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_limit_suspends_and_releases_charging(version):
    async with operated(version) as operator:
        await operator.start()
        outlet = operator.fleet.stations[0].outlets[0]
        told: list[str] = []
        for limit_a in (0.0, 16.0):
            outlet.set_limit(limit_a, operator.clock.now())
            await operator.clock.turn(61)
            told.append(outlet.stage.value)
        assert told == ["SuspendedEVSE", "Charging"]
        if version == OCPP16:
            statuses = [s["status"] for s in operator.csms.of("StatusNotification") if s["connectorId"] == 1]
            assert statuses[-3:] == ["Charging", "SuspendedEVSE", "Charging"]
        else:
            changes = [
                e["transactionInfo"]["chargingState"]
                for e in operator.csms.of("TransactionEvent")
                if e["triggerReason"] == "ChargingStateChanged"
            ]
            assert changes == ["Charging", "SuspendedEVSE", "Charging"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_message_that_is_none_is_counted_and_harms_nothing(version):
    async with operated(version) as operator:
        push: Callable[[str], None] = operator._sockets[STATION].push
        push("{}")
        push('[3,"nobody asked",{}]')
        await settle()
        assert operator.fleet.statistics.malformed == 1
        assert (await operator.start())["status"] == "Accepted"
