"""Stations on real sockets: the `websockets` server is the other side."""

import asyncio
import base64
import ssl

import pytest
from websockets.asyncio.server import basic_auth, serve

from gateway.fleet import Behaviour, Fleet, accelerated_clock, real_clock
from gateway.fleet.link import (
    BadUrl,
    LinkLost,
    MalformedMessage,
    check_url,
    decode,
    dial_websocket,
    encode_call,
    encode_error,
    encode_result_error,
    encode_send,
)
from tests.fleet.csms import OCPP16, OCPP201, Call, Csms, Hang, websocket_csms

DEADLINE_S = 30
QUICK = Behaviour(first_arrival_s_mean=30, idle_s_mean=60, stay_s=(300, 900), offline_every_s_mean=1800)


async def until(condition) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.01)


async def finished(fleet: Fleet, running: asyncio.Task) -> None:
    async with asyncio.timeout(DEADLINE_S):
        await fleet.finish()
    fleet.stop()
    await running


async def test_a_server_that_hangs_up_at_every_twentieth_message_loses_none():
    csms = Csms()

    def hang_up(call: Call) -> None:
        if len(csms.calls) % 20 == 0:
            raise Hang

    csms.before_answer = hang_up
    async with websocket_csms(csms) as url:
        fleet = Fleet(
            url, stations=6, seed=2, versions=[OCPP16, OCPP201], clock=accelerated_clock(300), behaviour=QUICK
        )
        running = asyncio.create_task(fleet.run())
        await until(lambda: len(csms.calls) > 300)
        csms.before_answer = lambda call: None
        await finished(fleet, running)
    assert fleet.statistics.losses > 5
    assert fleet.statistics.steps_waiting == fleet.statistics.steps_lost == 0
    for truth in fleet.transactions:
        if truth.version == OCPP201:
            of_it = [
                e
                for e in csms.of("TransactionEvent", truth.station)
                if e["transactionInfo"]["transactionId"] == truth.transaction
            ]
            assert {e["seqNo"] for e in of_it} == set(range(truth.acknowledged))
            assert of_it[-1]["eventType"] == "Ended"
        else:
            stops = [s for s in csms.of("StopTransaction", truth.station) if s["transactionId"] == truth.server_id]
            assert {s["meterStop"] for s in stops} == {truth.register_end_wh}
            assert truth.acknowledged == len(truth.samples) + 2


async def test_stopping_closes_every_connection_in_good_order():
    codes = []

    async def handle(connection) -> None:
        await connection.wait_closed()
        codes.append(connection.close_code)

    async with serve(handle, "127.0.0.1", 0, subprotocols=[OCPP16]) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        fleet = Fleet(url, stations=5, seed=2, versions=[OCPP16], clock=real_clock(), connects_per_s=1000)
        running = asyncio.create_task(fleet.run())
        await until(lambda: fleet.statistics.connected == 5)
        fleet.stop()
        await running
        await until(lambda: len(codes) == 5)
    assert codes == [1000] * 5
    assert fleet.statistics.connected == 0


async def test_the_identity_is_user_name_and_last_segment_of_the_path():
    seen = []

    async def handle(connection) -> None:
        seen.append((connection.request.path, connection.username, connection.request.headers["Authorization"]))

    auth = basic_auth(check_credentials=lambda user, password: password == "secret of sixteen")
    async with serve(handle, "127.0.0.1", 0, subprotocols=[OCPP16], process_request=auth) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ocpp/"
        await dial_websocket(url, password="secret of sixteen")("A/B 1", OCPP16)
        with pytest.raises(LinkLost, match="401"):
            await dial_websocket(url, password="wrong")("A/B 1", OCPP16)
        await until(lambda: seen)
    token = base64.b64encode(b"A/B 1:secret of sixteen").decode()
    assert seen == [("/ocpp/A%2FB%201", "A/B 1", f"Basic {token}")]


async def test_a_server_that_does_not_speak_the_version_is_no_link():
    async def handle(connection) -> None:
        await connection.wait_closed()

    async with serve(handle, "127.0.0.1", 0) as server:
        dial = dial_websocket(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(LinkLost, match=r"does not speak ocpp2.0.1: .* it chose none"):
            await dial("SIM-1", OCPP201)


async def test_nobody_listening_is_no_link():
    async with serve(lambda connection: None, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
    with pytest.raises(LinkLost, match="nobody listens"):
        await dial_websocket(f"ws://127.0.0.1:{port}")("SIM-1", OCPP16)


def test_a_call_is_an_array_of_four():
    assert encode_call("7", "Heartbeat", b"{}") == b'[2,"7","Heartbeat",{}]'


def test_an_error_is_an_array_of_five():
    assert encode_error("7", "NotSupported", "no") == b'[4,"7","NotSupported","no",{}]'


def test_a_result_error_is_an_array_of_five():
    assert encode_result_error("7", "FormatViolation", "no") == b'[5,"7","FormatViolation","no",{}]'


def test_a_send_is_an_array_of_four():
    assert encode_send("7", "NotifyPeriodicEventStream", b"{}") == b'[6,"7","NotifyPeriodicEventStream",{}]'


@pytest.mark.parametrize(
    ("url", "secure"), [("ws://h", False), ("wss://h:1/ocpp/", True), ("ws://[::1]:9000/a/b", False)]
)
def test_an_address_of_a_server_says_whether_it_is_secure(url, secure):
    assert check_url(url) is secure


@pytest.mark.parametrize(
    "url", ["", "h", "http://h", "ws://", "ws://h:99999", "ws://h?a=b", "ws://me:it@h", "ws://h/#f"]
)
def test_what_is_no_address_of_a_server_is_told_in_one_line(url):
    with pytest.raises(BadUrl) as told:
        check_url(url)
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize("status", [401, 404, 503])
async def test_a_refused_handshake_says_its_status(status):
    def refuse(connection, request):
        return connection.respond(status, "no\n")

    async with serve(lambda connection: None, "127.0.0.1", 0, process_request=refuse) as server:
        dial = dial_websocket(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(LinkLost, match=f"HTTP {status}"):
            await dial("SIM-1", OCPP16)


@pytest.mark.parametrize("url", ["http://h", "https://h/ocpp", "h:9000"])
def test_another_scheme_is_told_with_an_example(url):
    with pytest.raises(BadUrl, match=r"the scheme must be ws or wss, as in ws://127\.0\.0\.1:9000/ocpp"):
        check_url(url)


@pytest.mark.parametrize(
    ("scheme", "answer", "why"),
    [
        ("ws", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", r"no WebSocket server answers there \(HTTP 200\)$"),
        ("ws", b"HTTP/1.0 404 File not found\r\n\r\n", "no WebSocket server answers there$"),
        ("ws", b"SSH-2.0-OpenSSH_9.2\r\n", "no WebSocket server answers there$"),
        ("ws", b"\x15\x03\x01\x00\x02\x02\x46", r"no WebSocket server answers there; is it wss\?$"),
        ("ws", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 10\r\n\r\nHTTPS port", r"HTTP 400; is it wss\?$"),
        ("wss", b"HTTP/1.0 400 Bad Request\r\n\r\n", r"no TLS there; is it ws\?$"),
        ("wss", b"", r"the server hangs up during the handshake; is it ws\?$"),
    ],
)
async def test_a_port_that_something_else_listens_on_is_told(scheme, answer, why):
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        tls = ssl.create_default_context() if scheme == "wss" else None
        dial = dial_websocket(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}", tls=tls)
        with pytest.raises(LinkLost, match=why):
            await dial("SIM-1", OCPP16)


async def test_a_host_that_there_is_not_is_told():
    with pytest.raises(LinkLost, match="no host of this name"):
        await dial_websocket("ws://nobody.invalid")("SIM-1", OCPP16)


def test_a_payload_of_null_is_an_empty_one():
    assert decode(b'[3,"7",null]').payload == {}


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b"[2]", b'[2,7,"A",{}]', b'[3,"7",[]]', b'[9,"7",{}]', b"\xff", b"NaN"]
)
def test_what_is_no_message_is_refused(text):
    with pytest.raises(MalformedMessage):
        decode(text)
