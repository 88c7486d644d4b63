"""Facts about commands to real stations over a real API: how each may end, and that none is carried out twice."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import ocpp.v16
import ocpp.v21
import ocpp.v201
import pytest
from ocpp.routing import on
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

WAITING_MAX = 32
"""Calls that wait behind the open one of a station, as the documents have it."""

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


# Once, whatever happens


def test_a_command_cut_off_by_a_kill_is_unknown_and_never_sent_again(tmp_path):
    with running(tmp_path) as gateway:

        async def story() -> None:
            async with operator(gateway) as ask, station(gateway, say=say_nothing) as one:
                command = asyncio.create_task(ask.post("CP1/calls/Reset", RESETS["ocpp1.6"], key="k"))
                await one.hears(1)
                gateway.kill()
                with pytest.raises(aiohttp.ClientError):
                    await command
            await asyncio.to_thread(gateway.start)
            async with operator(gateway) as ask, station(gateway) as one:
                for _ in range(2):
                    status, said = await ask.post("CP1/calls/Reset", RESETS["ocpp1.6"], key="k")
                    assert (status, said["outcome"]) == (504, "unknown")
                assert (await ask.post("CP1/calls/Reset", {"type": "Hard"}, key="k"))[0] == 422
                assert (await one.call("Heartbeat", {}))[0] == 3
                assert not one.heard

        asyncio.run(story())


def test_an_outcome_that_was_told_is_told_again_after_a_kill(tmp_path):
    with running(tmp_path) as gateway:

        async def story() -> None:
            told = {}
            async with operator(gateway) as ask, station(gateway) as one:
                for number in range(10):
                    one.say = lambda message_id, action, payload, n=number: [
                        result(message_id, ACCEPTED if n % 2 else {"status": "Rejected"})
                    ]
                    key = f"key {number}"
                    told[key] = await ask.post("CP1/calls/Reset", RESETS["ocpp1.6"], key=key)
                gateway.kill()
            assert {status for status, _ in told.values()} == {200, 409}
            await asyncio.to_thread(gateway.start)
            async with operator(gateway) as ask, station(gateway) as one:
                for key, first in told.items():
                    assert await ask.post("CP1/calls/Reset", RESETS["ocpp1.6"], key=key) == first
                assert not one.heard

        asyncio.run(story())


def test_a_client_that_hangs_up_finds_the_outcome_under_its_key(tmp_path):
    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        async with station(gateway, say=say_nothing) as one:
            _, writer = await asyncio.open_connection("127.0.0.1", gateway.admin_port)
            body = json.dumps(RESETS["ocpp1.6"]).encode()
            head = (
                "POST /api/v1/stations/CP1/calls/Reset HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await one.hears(1)
            writer.transport.abort()
            await one.connection.send(result(one.heard[0][0]))
            await gateway.until(lambda: gateway.metrics()["commands_under_way"] == 0, "the command ended")
            assert await ask.post("CP1/calls/Reset", body=body, key="k") == (
                200,
                {"outcome": "accepted", "response": ACCEPTED},
            )
            assert len(one.heard) == 1

    tell(tmp_path, story)


def test_a_command_under_way_ends_before_the_gateway_does(tmp_path):
    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        async with station(gateway, say=say_nothing) as one:
            command = asyncio.create_task(ask.post("CP1/calls/Reset", RESETS["ocpp1.6"], key="k"))
            await one.hears(1)
            gateway.interrupt()
            await gateway.until(lambda: gateway.get("/readyz")[0] == 503, "it drains")
            assert (await ask.post("CP1/calls/ClearCache"))[1]["type"] == "urn:ocpp-gateway:problem:stopping"
            await one.connection.send(result(one.heard[0][0]))
            assert (await command)[0] == 200
            assert await asyncio.to_thread(gateway.wait) == 0

    tell(tmp_path, story)


# Stations and clients that do not keep to the rules


def test_answers_to_nothing_we_asked_change_nothing(tmp_path):
    """Ids of others, an answer before the right one, the right one twice, and one that comes too late."""

    def rave(message_id: str, action: str, payload: Any) -> list[str]:
        return [
            result("nobody asked", {"status": "Rejected"}),
            result(message_id[:-1], {"status": "Rejected"}),
            json.dumps([4, "-1", "InternalError", "", {}]),
            result(message_id),
            result(message_id, {"status": "Rejected"}),
            json.dumps([4, message_id, "InternalError", "", {}]),
        ]

    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        async with station(gateway, say=rave) as one:
            for _ in range(5):
                assert (await ask.post("CP1/calls/ClearCache"))[0] == 200
            one.say = say_nothing
            assert (await ask.post("CP1/calls/ClearCache?timeout_s=0.1"))[1]["outcome"] == "timeout"
            late = one.heard[-1][0]
            second = asyncio.create_task(ask.post("CP1/calls/ClearCache"))
            await one.hears(7)
            await one.connection.send(result(late, {"status": "Rejected"}))
            assert (await one.call("Heartbeat", {}))[0] == 3
            assert not second.done()
            await one.connection.send(result(one.heard[-1][0]))
            assert (await second)[0] == 200
            assert gateway.metrics()['deviations_total{deviation="answer_without_call"}'] == 5 * 5 + 1

    tell(tmp_path, story)


GARBAGE = (
    '[3,"%s"]',
    '[3,"%s",{"status":1}]',
    '[3,"%s",[]]',
    '[3,"%s",{"status":"Accepted","status":"Rejected"}]',
    '[3,"%s",{"status":"Accepted"},"more"]',
    '[3,"%s",{"status":',
    '[3,"%s",{"status":"\\ud800"}]',
    '[4,"%s"]',
    '[4,"%s",7,"",{}]',
)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_answer_that_is_garbage_is_the_stations_error_and_the_next_call_goes_out(tmp_path, version):
    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        async with station(gateway, version=version) as one:
            for text in GARBAGE:
                one.say = lambda message_id, action, payload, text=text: [text % message_id]
                status, said = await ask.post("CP1/calls/Reset?timeout_s=20", RESETS[version])
                assert (status, said["outcome"], said["sent"]) == (502, "call_error", True), text
                assert said["error_description"], text
                one.say = accept
                assert (await ask.post("CP1/calls/Reset", RESETS[version]))[0] == 200

    tell(tmp_path, story)


def test_an_answer_of_a_megabyte_ends_the_connection_and_is_unknown(tmp_path):
    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        huge = {"configurationKey": [{"key": "K", "readonly": True, "value": "v" * 500}] * 2000}
        async with station(gateway) as one:
            one.say = lambda message_id, action, payload: [result(message_id, huge)]
            status, said = await ask.post("CP1/calls/GetConfiguration", key="k")
            assert (status, said["outcome"]) == (504, "unknown")
            await one.connection.wait_closed()
            assert one.connection.close_code == 1009
        assert (await ask.post("CP1/calls/GetConfiguration", key="k")) == (status, said)

    tell(tmp_path, story)


def test_an_answer_that_is_too_large_to_keep_is_told_once_and_its_outcome_ever_after(tmp_path):
    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        large = {"configurationKey": [{"key": "K", "readonly": True, "value": "v" * 500}] * 180}
        async with station(gateway) as one:
            one.say = lambda message_id, action, payload: [result(message_id, large)]
            first = await ask.post("CP1/calls/GetConfiguration", key="k")
            assert first == (200, {"outcome": "accepted", "response": large})
            again = await ask.post("CP1/calls/GetConfiguration", key="k")
            assert again == (200, {"outcome": "accepted", "response_omitted": True})
            assert len(one.heard) == 1

    tell(tmp_path, story)


def test_keys_that_are_none_are_refused(tmp_path):
    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        async with station(gateway) as one:
            for key in ("x" * 256, "x" * 7_000, '"'):
                assert (await ask.post("CP1/calls/ClearCache", key=key))[0] == 400
            assert not one.heard
            assert (await ask.post("CP1/calls/ClearCache", key="x" * 255))[0] == 200

    tell(tmp_path, story)


def test_a_key_of_ten_thousand_characters_harms_nobody(tmp_path):
    async def story(gateway: GatewayProcess, ask: Operator) -> None:
        async with station(gateway) as one:
            reader, writer = await asyncio.open_connection("127.0.0.1", gateway.admin_port)
            head = "POST /api/v1/stations/CP1/calls/ClearCache HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: "
            writer.write(
                f"{head}{'x' * 10_000}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}".encode()
            )
            assert b" 400 " in await asyncio.wait_for(reader.readline(), DEADLINE_S)
            writer.close()
            assert (await ask.post("CP1/calls/ClearCache"))[0] == 200
            assert len(one.heard) == 1

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
