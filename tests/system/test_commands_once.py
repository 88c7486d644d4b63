"""Facts about commands when something goes wrong: none is carried out twice, and no rubbish ends the wrong one."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from tests.system.commanding import (
    ACCEPTED,
    RESETS,
    VERSIONS,
    Operator,
    accept,
    operator,
    result,
    say_nothing,
    station,
    tell,
)
from tests.system.process import DEADLINE_S, GatewayProcess, running

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
