"""Facts about commands to real stations over a real API: how each may end, and in which order they go out."""

import asyncio
import contextlib
import json
from urllib.parse import quote

import ocpp.v16
import ocpp.v21
import ocpp.v201
import pytest
from ocpp.routing import on
from websockets.asyncio.client import connect

from tests.system.commanding import (
    ACCEPTED,
    RESETS,
    VERSIONS,
    Operator,
    accept,
    result,
    say_nothing,
    station,
    tell,
)
from tests.system.process import DEADLINE_S, GatewayProcess

WAITING_MAX = 32
"""Calls that wait behind the open one of a station, as the documents have it."""

# Every way in which a command ends


@pytest.mark.parametrize("version", VERSIONS)
def test_a_station_accepts_declines_errs_is_silent_leaves_or_is_away(tmp_path, version):
    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        reset = RESETS[version]
        async with station(gateway, version=version) as one:
            assert await ask.post("CP1/calls/Reset", reset) == (200, {"outcome": "accepted", "response": ACCEPTED})
            assert one.heard[0][1:] == ("Reset", reset)

            one.say = lambda message_id, action, payload: [result(message_id, {"status": "Rejected"})]
            status, said = await ask.post("CP1/calls/Reset", reset)
            assert (status, said["outcome"], said["response"]) == (409, "rejected", {"status": "Rejected"})

            words = 'no "such" <thing>'
            one.say = lambda message_id, action, payload: [json.dumps([4, message_id, "NotSupported", words, {}])]
            status, said = await ask.post("CP1/calls/Reset", reset)
            assert (status, said["outcome"]) == (502, "call_error")
            assert (said["error_code"], said["error_description"]) == ("NotSupported", words)

            one.say = say_nothing
            status, said = await ask.post("CP1/calls/Reset?timeout_s=0.2", reset)
            assert (status, said["outcome"], said["sent"]) == (504, "timeout", True)

            command = asyncio.create_task(ask.post("CP1/calls/Reset", reset))
            await one.hears(5)
            await one.connection.close()
            status, said = await command
            assert (status, said["outcome"], said["sent"]) == (504, "unknown", True)

        status, said = await ask.post("CP1/calls/Reset", reset)
        assert (status, said["outcome"], said["sent"]) == (503, "offline", False)
        counted = gateway.metrics()
        for outcome, count in (("accepted", 1), ("rejected", 1), ("call_error", 1), ("timeout", 1), ("unknown", 1)):
            assert counted[f'calls_total{{action="Reset",outcome="{outcome}",version="{version}"}}'] == count

    tell(tmp_path, story)


def test_what_cannot_be_sent_is_refused_before_the_station_hears_of_it(tmp_path):
    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        async with station(gateway) as one:
            for target, body, status, kind in [
                ("NOBODY/calls/Reset", b"{}", 404, "station-unknown"),
                ("CP1/calls/MakeCoffee", b"{}", 404, "action-unknown"),
                ("CP1/calls/BootNotification", b"{}", 404, "action-unknown"),
                ("CP1/calls/GetVariables", b"{}", 422, "action-of-other-version"),
                ("CP1/calls/Reset", b"", 400, "not-json"),
                ("CP1/calls/Reset", b'{"type":"Soft"', 400, "not-json"),
                ("CP1/calls/Reset", b'{"type":"Soft","type":"Hard"}', 400, "not-json"),
                ("CP1/calls/Reset", b'{"type":"Soft"}],["', 400, "not-json"),
                ("CP1/calls/Reset", b"{}", 422, "invalid"),
                ("CP1/calls/Reset", b"[]", 422, "invalid"),
                ("CP1/calls/Reset", b'{"type":"Soft","x":1}', 422, "invalid"),
            ]:
                answer = await ask.post(target, body=body)
                assert (answer[0], answer[1]["type"]) == (status, f"urn:ocpp-gateway:problem:{kind}"), (target, body)
            (_, said) = await ask.post("CP1/calls/ChangeConfiguration", {"key": "A", "value": "x" * 501})
            assert (said["path"], said["status"]) == ("$.value", 422)
            assert not one.heard
            assert (await one.call("Heartbeat", {}))[0] == 3

    tell(tmp_path, story)


def test_a_pending_station_is_asked_but_not_started_and_a_rejected_one_is_not_bothered(tmp_path):
    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        async with station(gateway, version="ocpp2.0.1") as one:
            start = {"idToken": {"idToken": "A", "type": "Central"}, "remoteStartId": 1}
            status, said = await ask.post("CP1/calls/RequestStartTransaction", start)
            assert (status, said["type"]) == (409, "urn:ocpp-gateway:problem:not-accepted")
            one.say = lambda message_id, action, payload: [result(message_id)]
            trigger = {"requestedMessage": "StatusNotification"}
            assert (await ask.post("CP1/calls/TriggerMessage", trigger))[0] == 200
            assert [action for _, action, _ in one.heard] == ["TriggerMessage"]

    tell(tmp_path, story, stations={"unknown": "pending"})


@pytest.mark.parametrize("identity", ["DE*ABC*E1", "a.b|c@d+e=f", "CP 1"])
def test_a_station_is_found_whatever_its_identity_holds(tmp_path, identity):
    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        async with station(gateway, identity):
            assert (await ask.post(f"{quote(identity, safe='')}/calls/ClearCache"))[0] == 200

    tell(tmp_path, story)


def test_identities_of_2_x_are_found_in_any_case(tmp_path):
    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        async with station(gateway, "Cp-One", "ocpp2.0.1"):
            assert (await ask.post("CP-ONE/calls/ClearCache", key="k"))[0] == 200
            assert (await ask.post("Cp-One/calls/Reset", RESETS["ocpp2.0.1"], key="k"))[0] == 422

    tell(tmp_path, story)


# Order and load


@pytest.mark.parametrize("version", VERSIONS)
def test_calls_that_cross_are_both_answered(tmp_path, version):
    """The station calls while it has our call to answer, and answers ours only after it got its own answer."""

    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        async with station(gateway, version=version, say=say_nothing) as one:
            for number in range(1, 21):
                command = asyncio.create_task(ask.post("CP1/calls/Reset", RESETS[version]))
                await one.hears(number)
                assert (await one.call("Heartbeat", {}))[0] == 3
                await one.connection.send(result(one.heard[-1][0]))
                assert (await command)[0] == 200

    tell(tmp_path, story)


def test_a_station_has_one_call_to_answer_at_a_time_in_the_order_they_came(tmp_path):
    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        async with station(gateway, say=say_nothing) as one:
            commands = []
            for number in range(10):
                body = {"key": "K", "value": str(number)}
                commands.append(asyncio.create_task(ask.post("CP1/calls/ChangeConfiguration", body)))
                await gateway.until(
                    lambda count=number: (
                        gateway.get_json("/api/v1/stations/CP1")["calls"]
                        == {"open": "ChangeConfiguration", "waiting": count}
                    ),
                    "the call waits",
                )
            for number in range(10):
                await one.hears(number + 1)
                assert (await one.call("Heartbeat", {}))[0] == 3
                assert [payload["value"] for _, _, payload in one.heard] == [str(n) for n in range(number + 1)]
                await one.connection.send(result(one.heard[-1][0]))
            assert {status for status, _ in await asyncio.gather(*commands)} == {200}

    tell(tmp_path, story)


def test_more_calls_than_may_wait_are_refused_at_once(tmp_path):
    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        async with station(gateway, say=say_nothing) as one:
            commands = [asyncio.create_task(ask.post("CP1/calls/ClearCache")) for _ in range(200)]
            await gateway.until(
                lambda: gateway.get_json("/api/v1/stations/CP1")["calls"]["waiting"] == WAITING_MAX, "calls wait"
            )
            async with asyncio.timeout(DEADLINE_S):
                while sum(command.done() for command in commands) < 200 - WAITING_MAX - 1:
                    await asyncio.wait([c for c in commands if not c.done()], return_when=asyncio.FIRST_COMPLETED)
            refused = [command.result() for command in commands if command.done()]
            assert {(status, said["type"]) for status, said in refused} == {(429, "urn:ocpp-gateway:problem:too-many")}
            one.say = accept
            await one.connection.send(result(one.heard[0][0]))
            ended = await asyncio.gather(*commands)
            assert sum(status == 200 for status, _ in ended) == len(one.heard) == WAITING_MAX + 1

    tell(tmp_path, story)


def test_a_call_that_waits_behind_a_silent_one_times_out_unsent(tmp_path):
    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        async with station(gateway, say=say_nothing) as one:
            first = asyncio.create_task(ask.post("CP1/calls/ClearCache"))
            await one.hears(1)
            status, said = await ask.post("CP1/calls/ClearCache?timeout_s=0.2")
            assert (status, said["outcome"], said["sent"]) == (504, "timeout", False)
            await one.connection.send(result(one.heard[0][0]))
            assert (await first)[0] == 200
            assert len(one.heard) == 1

    tell(tmp_path, story)


def test_a_hundred_stations_are_commanded_at_once(tmp_path):
    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        async with contextlib.AsyncExitStack() as stations:
            names = [f"CP{number}" for number in range(100)]
            all_of_them = [
                await stations.enter_async_context(station(gateway, name, VERSIONS[number % 3]))
                for number, name in enumerate(names)
            ]
            asked = [
                ask.post(f"{name}/calls/Reset", RESETS[VERSIONS[number % 3]], key=f"key-{turn}")
                for turn in range(3)
                for number, name in enumerate(names)
            ]
            assert {status for status, _ in await asyncio.gather(*asked)} == {200}
            assert {len(one.heard) for one in all_of_them} == {3}
            again = [
                ask.post(f"{name}/calls/Reset", RESETS[VERSIONS[n % 3]], key="key-1") for n, name in enumerate(names)
            ]
            assert {status for status, _ in await asyncio.gather(*again)} == {200}
            assert {len(one.heard) for one in all_of_them} == {3}
            assert gateway.metrics()["commands_repeated_total"] == 100
            assert gateway.metrics()["commands_under_way"] == 0

    tell(tmp_path, story)


# Stations of the `ocpp` package


class ChargePoint16(ocpp.v16.ChargePoint):
    """A station of OCPP 1.6 as others write it."""

    @on("Reset")
    async def on_reset(self, **asked):
        return ocpp.v16.call_result.Reset(status="Accepted")

    @on("GetConfiguration")
    async def on_get_configuration(self, **wanted):
        self.crossing = asyncio.create_task(self.call(ocpp.v16.call.Heartbeat()))
        return ocpp.v16.call_result.GetConfiguration(unknown_key=wanted.get("key"))


class ChargePoint201(ocpp.v201.ChargePoint):
    """A station of OCPP 2.0.1 as others write it."""

    @on("Reset")
    async def on_reset(self, **asked):
        return ocpp.v201.call_result.Reset(status="Accepted")

    @on("GetVariables")
    async def on_get_variables(self, get_variable_data, **others):
        asked = get_variable_data[0]
        return ocpp.v201.call_result.GetVariables(
            [{"attribute_status": "UnknownVariable", "component": asked["component"], "variable": asked["variable"]}]
        )


class ChargePoint21(ocpp.v21.ChargePoint):
    """A station of OCPP 2.1 as others write it."""

    @on("Reset")
    async def on_reset(self, **asked):
        return ocpp.v21.call_result.Reset(status="Scheduled")


@pytest.mark.parametrize(
    ("version", "make"),
    [("ocpp1.6", ChargePoint16), ("ocpp2.0.1", ChargePoint201), ("ocpp2.1", ChargePoint21)],
)
def test_stations_of_the_ocpp_package_are_commanded(tmp_path, version, make):
    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        url = gateway.url("CP1")
        async with connect(url, subprotocols=[version], ping_interval=None, proxy=None) as connection:
            charge_point = make("CP1", connection)
            running = asyncio.create_task(charge_point.start())
            call = {"ocpp1.6": ocpp.v16.call, "ocpp2.0.1": ocpp.v201.call, "ocpp2.1": ocpp.v21.call}[version]
            if version == "ocpp1.6":
                boot = call.BootNotification(charge_point_model="M", charge_point_vendor="V")
            else:
                boot = call.BootNotification(charging_station={"model": "M", "vendor_name": "V"}, reason="PowerUp")
            assert (await charge_point.call(boot)).status == "Accepted"
            status, said = await ask.post("CP1/calls/Reset", RESETS[version])
            assert (status, said["outcome"]) == (200, "accepted")
            if version == "ocpp1.6":
                status, said = await ask.post("CP1/calls/GetConfiguration", {"key": ["Nothing"]})
                assert (status, said["response"]) == (200, {"unknownKey": ["Nothing"]})
                assert (await charge_point.crossing).current_time
            if version == "ocpp2.0.1":
                asked = {"component": {"name": "C"}, "variable": {"name": "V"}}
                status, said = await ask.post("CP1/calls/GetVariables", {"getVariableData": [asked]})
                assert (status, said["outcome"]) == (409, "rejected")
                assert said["response"]["getVariableResult"][0]["attributeStatus"] == "UnknownVariable"
            if version != "ocpp2.1":  # there the package ends at what it has no handler for
                status, said = await ask.post("CP1/calls/ClearCache")
                assert (status, said["error_code"]) == (502, "NotImplemented")
            running.cancel()

    tell(tmp_path, story)
