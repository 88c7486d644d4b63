"""What stations answer to their server when it starts, stops, resets and triggers, and what they do then."""

from collections.abc import Callable

import pytest

from gateway.fleet import Behaviour
from tests.fleet.csms import OCPP16, OCPP21, OCPP201, Csms
from tests.fleet.manual_clock import settle
from tests.fleet.operator import VERSIONS, VERSIONS_2, operated


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
        if version != OCPP16:
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
        status = "NotifyEvent" if version == OCPP21 else "StatusNotification"
        assert [c.action for c in sent] == [status, "MeterValues"]
        sampled = sent[1].payload["meterValue"][0]["sampledValue"]
        assert {sample["context"] for sample in sampled} == {"Trigger"}


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_accepted_station_boots_again_for_a_trigger_in_1_6_only(version):
    async with operated(version) as operator:
        answer = await operator.ask("TriggerMessage", {"requestedMessage": "BootNotification"})
        assert answer["status"] == ("Accepted" if version == OCPP16 else "Rejected")
        await operator.clock.turn(60)
        assert len(operator.csms.of("BootNotification")) == (2 if version == OCPP16 else 1)
        assert operator.csms.connections == 1


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_a_trigger_for_what_no_simulated_station_does_is_not_implemented(version):
    async with operated(version) as operator:
        for message in ("SignChargingStationCertificate", "PublishFirmwareStatusNotification"):
            answer = await operator.ask("TriggerMessage", {"requestedMessage": message})
            assert answer["status"] == "NotImplemented"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_station_that_does_nothing_tells_so_when_asked(version):
    async with operated(version) as operator:
        logs = "DiagnosticsStatusNotification" if version == OCPP16 else "LogStatusNotification"
        for message in ("FirmwareStatusNotification", logs):
            answer = await operator.ask("TriggerMessage", {"requestedMessage": message})
            assert answer["status"] == "Accepted"
            assert operator.csms.of(message) == [{"status": "Idle"}]


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
        assert operator.connector_states()[-1] == "Unavailable"
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
        assert operator.connector_states()[-1] == "Unavailable"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("action", "code"),
    [("PublishFirmware", "NotSupported"), ("UnpublishFirmware", "NotSupported"), ("Coffee", "NotImplemented")],
)
async def test_what_a_station_cannot_do_is_answered_with_an_error(version, action, code):
    async with operated(version) as operator:
        answer = await operator.raw(action, {})
        assert answer[0] == ("NotImplemented" if version == OCPP16 else code)
        assert operator.fleet.statistics.refused == 1


@pytest.mark.parametrize(
    ("version", "code"), [(OCPP16, "FormationViolation"), (OCPP201, "FormatViolation"), (OCPP21, "FormatViolation")]
)
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
        push: Callable[[str], None] = operator.push
        push("{}")
        push('[3,"nobody asked",{}]')
        await settle()
        assert operator.fleet.statistics.malformed == 1
        assert (await operator.start())["status"] == "Accepted"
