"""Facts about monitors, their events and reports, and the streams of 2.1."""

import json
from itertools import pairwise

import pytest

from gateway.fleet import Behaviour
from tests.fleet.csms import OCPP21, OCPP201, Csms
from tests.fleet.operator import VERSIONS_2, operated
from tests.fleet.schemas import errors

STAYS = Behaviour(
    first_arrival_s_mean=1e9, idle_s_mean=1e9, offline_every_s_mean=None, limited=0.0, stay_s=(40_000, 50_000)
)
POWER = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}
REGISTER = {"component": {"name": "FiscalMetering", "evse": {"id": 1}}, "variable": {"name": "EnergyImportRegister"}}


async def monitor(operator, kind: str, value: float, *, place: dict = POWER, severity: int = 5, **more) -> dict:
    asked = {"type": kind, "value": value, "severity": severity, **place, **more}
    answer = await operator.ask("SetVariableMonitoring", {"setMonitoringData": [asked]})
    (result,) = answer["setMonitoringResult"]
    return result


def events(operator) -> list[dict]:
    found = [event for told in operator.csms.of("NotifyEvent") for event in told["eventData"]]
    return [event for event in found if event["eventNotificationType"] == "CustomMonitor"]


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_a_periodic_monitor_reports_at_its_period(version):
    async with operated(version, behaviour=STAYS) as operator:
        result = await monitor(operator, "Periodic", 30, place=REGISTER)
        assert result["status"] == "Accepted"
        await operator.start()
        await operator.clock.turn(300)
        told = events(operator)
        assert [event["trigger"] for event in told] == ["Periodic"] * 10
        assert {event["variableMonitoringId"] for event in told} == {result["id"]}
        values = [float(event["actualValue"]) for event in told]
        assert values == sorted(values)
        assert values[-1] > values[0]


async def test_a_clock_aligned_monitor_reports_at_round_times():
    async with operated(OCPP201) as operator:
        await operator.clock.turn(7)
        await monitor(operator, "PeriodicClockAligned", 60)
        await operator.clock.turn(200)
        assert [event["timestamp"][14:19] for event in events(operator)] == ["01:00", "02:00", "03:00"]


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_a_threshold_reports_when_it_is_passed_and_when_it_is_over(version):
    async with operated(version, behaviour=STAYS) as operator:
        await monitor(operator, "UpperThreshold", 1000.0)
        await operator.clock.turn(120)
        assert events(operator) == []
        await operator.start()
        await operator.clock.turn(300)
        await operator.stop()
        await operator.clock.turn(300)
        first, second = events(operator)
        assert (first["trigger"], second["trigger"]) == ("Alerting", "Alerting")
        assert float(first["actualValue"]) > 1000 > float(second["actualValue"])
        assert (first.get("cleared", False), second["cleared"]) == (False, True)


async def test_a_lower_threshold_is_passed_the_other_way():
    async with operated(OCPP201, behaviour=STAYS) as operator:
        await monitor(operator, "LowerThreshold", 1000.0)
        await operator.clock.turn(60)
        (event,) = events(operator)
        assert float(event["actualValue"]) < 1000


async def test_a_delta_reports_each_step_from_what_was_reported_last():
    async with operated(OCPP201, behaviour=STAYS) as operator:
        await operator.start()
        await operator.clock.turn(5)
        await monitor(operator, "Delta", 200.0, place=REGISTER)
        await operator.clock.turn(3 * 3600)
        told = [float(event["actualValue"]) for event in events(operator)]
        assert len(told) > 5
        assert all(after - before > 200 for before, after in pairwise(told))


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_what_is_less_serious_than_the_level_is_not_reported(version):
    async with operated(version, behaviour=STAYS) as operator:
        await monitor(operator, "Periodic", 30, severity=5)
        for level, status in ((4, "Accepted"), (10, "Rejected")):
            assert (await operator.ask("SetMonitoringLevel", {"severity": level}))["status"] == status
        await operator.clock.turn(120)
        assert events(operator) == []


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_a_monitor_that_cannot_be_set_says_why(version):
    async with operated(version) as operator:
        kitchen = {"component": {"name": "Kitchen"}, "variable": {"name": "Power"}}
        coffee = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Coffee"}}
        fixed = {"component": {"name": "ChargingStation"}, "variable": {"name": "Model"}}
        cases = [
            (await monitor(operator, "Periodic", 30, place=kitchen), "UnknownComponent"),
            (await monitor(operator, "Periodic", 30, place=coffee), "UnknownVariable"),
            (await monitor(operator, "Periodic", 30, place=fixed), "Rejected"),
            (await monitor(operator, "Periodic", 0), "Rejected"),
            (await monitor(operator, "Delta", -1), "Rejected"),
            (await monitor(operator, "Periodic", 30, id=77), "Rejected"),
            (await monitor(operator, "Periodic", 30), "Accepted"),
            (await monitor(operator, "Periodic", 60), "Duplicate"),
            (await monitor(operator, "Periodic", 60, severity=6), "Accepted"),
        ]
        if version == OCPP21:
            cases.append((await monitor(operator, "TargetDelta", 1), "UnsupportedMonitorType"))
        assert [result["status"] for result, _ in cases] == [status for _, status in cases]
        too_many = [POWER | {"type": "Periodic", "value": 1.0, "severity": 1}] * 11
        answer = await operator.raw("SetVariableMonitoring", {"setMonitoringData": too_many})
        assert answer[0] == "OccurrenceConstraintViolation"


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_monitors_are_reported_until_they_are_cleared(version):
    async with operated(version) as operator:
        periodic = (await monitor(operator, "Periodic", 3600))["id"]
        threshold = (await monitor(operator, "UpperThreshold", 1e6, place=REGISTER | POWER))["id"]

        async def reported(**wanted) -> set[int]:
            seen = len(operator.csms.of("NotifyMonitoringReport"))
            answer = await operator.ask("GetMonitoringReport", {"requestId": 3} | wanted)
            parts = operator.csms.of("NotifyMonitoringReport")[seen:]
            assert answer["status"] == ("Accepted" if parts else "EmptyResultSet")
            told = [told for part in parts for place in part["monitor"] for told in place["variableMonitoring"]]
            return {monitoring["id"] for monitoring in told}

        assert await reported() == {periodic, threshold}
        assert await reported(monitoringCriteria=["ThresholdMonitoring"]) == {threshold}
        assert await reported(componentVariable=[{"component": {"name": "Kitchen"}}]) == set()
        answer = await operator.ask("ClearVariableMonitoring", {"id": [periodic, 99]})
        assert [result["status"] for result in answer["clearMonitoringResult"]] == ["Accepted", "NotFound"]
        assert await reported() == {threshold}
        assert (await operator.ask("SetMonitoringBase", {"monitoringBase": "All"}))["status"] == "Accepted"
        assert await reported() == {threshold}
        assert (await operator.ask("SetMonitoringBase", {"monitoringBase": "HardWiredOnly"}))["status"] == "Accepted"
        assert await reported() == set()


async def stream(operator, *, period_s: int = 10, interval: int = 60, values: int = 0) -> dict:
    params = {"interval": interval} | ({"values": values} if values else {})
    return await monitor(operator, "Periodic", period_s, place=REGISTER, periodicEventStream=params)


async def test_a_monitor_with_a_stream_sends_samples_that_nobody_answers():
    async with operated(OCPP21, behaviour=STAYS) as operator:
        set_monitor = await stream(operator)
        (opened,) = operator.csms.of("OpenPeriodicEventStream")
        constant = opened["constantStreamData"]
        assert (constant["variableMonitoringId"], constant["params"]) == (set_monitor["id"], {"interval": 60})
        await operator.start()
        await operator.clock.turn(300)
        assert events(operator) == [], "the samples come by the stream instead"
        sent = [call.payload for call in operator.csms.sends]
        assert len(sent) == 5
        assert {message["id"] for message in sent} == {constant["id"]}
        assert [[sample["t"] for sample in message["data"]] for message in sent[1:]] == [[0, 10, 20, 30, 40, 50]] * 4
        values = [float(sample["v"]) for message in sent for sample in message["data"]]
        assert values == sorted(values)
        assert values[-1] > values[0]
        statistics = operator.fleet.statistics
        assert (statistics.sends, statistics.calls) == (5, statistics.results)


async def test_enough_values_go_out_before_the_interval_is_over():
    async with operated(OCPP21) as operator:
        await stream(operator, period_s=5, interval=3600, values=4)
        await operator.clock.turn(60)
        assert [len(call.payload["data"]) for call in operator.csms.sends] == [4, 4, 4]


async def test_a_stream_is_told_adjusted_and_closed():
    async with operated(OCPP21) as operator:
        assert await operator.ask("GetPeriodicEventStream", {}) == {}
        set_monitor = await stream(operator)
        (told,) = (await operator.ask("GetPeriodicEventStream", {}))["constantStreamData"]
        assert told == operator.csms.of("OpenPeriodicEventStream")[0]["constantStreamData"]
        for number, status in ((told["id"], "Accepted"), (99, "Rejected")):
            asked = {"id": number, "params": {"interval": 20}}
            assert (await operator.ask("AdjustPeriodicEventStream", asked))["status"] == status
        await operator.clock.turn(100)
        assert len(operator.csms.sends) == 5
        await operator.ask("ClearVariableMonitoring", {"id": [set_monitor["id"]]})
        assert operator.csms.of("ClosePeriodicEventStream") == [{"id": told["id"]}]
        await operator.clock.turn(100)
        assert len(operator.csms.sends) == 5
        assert await operator.ask("GetPeriodicEventStream", {}) == {}


async def test_a_stream_that_the_server_refuses_becomes_events():
    csms = Csms()
    refused = {"status": "Rejected"}
    csms.before_answer = lambda call: refused if call.action == "OpenPeriodicEventStream" else None
    async with operated(OCPP21, csms=csms) as operator:
        await stream(operator)
        await operator.clock.turn(60)
        assert csms.sends == []
        assert len(events(operator)) == 6


async def test_a_station_opens_its_streams_again_after_a_reset():
    streaming = Behaviour(first_arrival_s_mean=1e9, offline_every_s_mean=None, stream_s=5)
    async with operated(OCPP21, behaviour=streaming) as operator:
        evses = len(operator.fleet.stations[0].outlets)
        assert len(operator.csms.of("OpenPeriodicEventStream")) == evses
        await operator.clock.turn(200)
        before = len(operator.csms.sends)
        assert before >= 3
        await operator.ask("Reset", {"type": "Immediate"})
        await operator.clock.turn(300)
        assert len(operator.csms.of("OpenPeriodicEventStream")) == 2 * evses
        assert len(operator.csms.sends) > before


async def test_only_2_1_has_streams():
    streaming = Behaviour(first_arrival_s_mean=1e9, offline_every_s_mean=None, stream_s=5)
    async with operated(OCPP201, behaviour=streaming) as operator:
        await operator.clock.turn(600)
        assert operator.csms.of("OpenPeriodicEventStream") == []
        assert operator.csms.sends == []


async def test_a_2_1_answer_against_its_schema_is_answered():
    csms = Csms()
    csms.before_answer = lambda call: {"currentTime": 7} if call.action == "Heartbeat" else None
    async with operated(OCPP21, csms=csms) as operator:
        await operator.ask("TriggerMessage", {"requestedMessage": "Heartbeat"})
        (call,) = [call for call in csms.calls if call.action == "Heartbeat"]
        assert errors(OCPP21, "Heartbeat", {"currentTime": 7}, answer=True) != []
        (refused,) = csms.result_errors
        assert refused[:2] == [call.message_id, "FormatViolation"]
        assert len(refused) == 4
        assert operator.fleet.statistics.malformed == 1


async def test_a_result_error_of_the_server_is_counted():
    async with operated(OCPP21) as operator:
        operator.push(json.dumps([5, "server-1", "FormatViolation", "", {}]))
        await operator.clock.turn(1)
        assert operator.fleet.statistics.result_errors == 1
        assert operator.fleet.statistics.malformed == 0
