"""The echo path of the listener on loopback, with `websockets` as the peer, on both event loops."""

import asyncio
import gc
from weakref import ref

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from gateway.core.admission import Admission
from gateway.core.credentials import parse_credentials
from tests.hot.client_frames import client_frame
from tests.io.test_listener import BINARY, HEARTBEAT, Yard, boot, close_code, listening, on_both_loops, until

CREDENTIALS_ONLY = Admission(listed=(), credentials=parse_credentials("", name="credentials"), unknown="reject")


def echo(yard: Yard, **how: object) -> connect:
    url = f"ws://{yard.address[0]}:{yard.address[1]}/echo"
    return connect(url, ping_interval=None, proxy=None, max_size=None, **how)


@on_both_loops
async def test_text_and_binary_come_back_without_subprotocol_and_credentials():
    async with listening(echo_path="/echo", admission=CREDENTIALS_ONLY) as yard, echo(yard) as peer:
        for message in ("text", b"binary\xff", "", b"", "ü" * 40_000, bytes(90_000)):
            await peer.send(message)
            assert await peer.recv() == message
        await (await peer.ping())
        assert yard.listener.connections == 1
        assert yard.handshakes == {"accepted": 1}
        assert len(yard.bench.registry) == 0


@on_both_loops
async def test_messages_are_compressed_for_who_offers_it():
    async with listening(echo_path="/echo") as yard:
        for compression in ("deflate", None):
            async with echo(yard, compression=compression) as peer:
                assert bool(peer.protocol.extensions) == (compression is not None)
                for message in ("x", "word " * 10_000, bytes(50_000)):
                    await peer.send(message)
                    assert await peer.recv() == message


@on_both_loops
async def test_without_the_key_there_is_no_echo():
    async with listening() as yard:
        with pytest.raises(InvalidStatus) as refused:
            await echo(yard)
        assert refused.value.response.status_code == 404


@on_both_loops
async def test_a_violation_is_closed_with_its_code():
    async with listening(echo_path="/echo", web_socket={"message_bytes_max": 1000}) as yard, echo(yard) as peer:
        await peer.send(b"x" * 1001)
        assert await close_code(peer) == 1009


@on_both_loops
async def test_who_does_not_read_is_not_read_and_gets_everything_later():
    async with listening(echo_path="/echo") as yard:
        reader, writer = await asyncio.open_connection(*yard.address, limit=1 << 16)
        writer.write(
            b"GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        (connection,) = yard.listener.echoing
        frame = client_frame(BINARY, b"z" * 65_000)
        sent = 0
        while connection._transport.is_reading():
            writer.write(frame)
            sent += 1
            await asyncio.sleep(0)
        for _ in range(sent):
            assert (await reader.readexactly(4))[:2] == bytes((0x80 | BINARY, 126))
            assert await reader.readexactly(65_000) == b"z" * 65_000
        writer.close()


@on_both_loops
async def test_an_echo_connection_takes_a_place_and_leaves_it():
    async with listening(echo_path="/echo", connections_max=1) as yard:
        async with echo(yard):
            with pytest.raises(InvalidStatus) as refused:
                await echo(yard)
            assert refused.value.response.status_code == 503
        await until(lambda: yard.listener.connections == 0)


@on_both_loops
async def test_a_drain_ends_the_echo():
    async with listening(echo_path="/echo") as yard, echo(yard) as peer:
        await yard.listener.drain(closes_per_s=1000, grace_s=5)
        assert await close_code(peer) == 1006
        assert yard.listener.connections == 0


@on_both_loops
async def test_an_echo_that_ended_is_freed_without_a_search_for_cycles():
    async with listening(echo_path="/echo") as yard:
        gc.disable()
        try:
            async with echo(yard) as peer:
                await peer.send("x")
                await peer.recv()
                (connection,) = map(ref, yard.listener.echoing)
            await until(lambda: connection() is None)
        finally:
            gc.enable()


@on_both_loops
async def test_stations_get_no_binary_message_through_beside_it():
    async with listening(echo_path="/echo") as yard, yard.connect() as station:
        await station.send(b"{}")
        assert await close_code(station) == 1003


@on_both_loops
async def test_compression_of_stations_is_counted_and_can_be_switched_off():
    async with listening() as yard, yard.connect("A"), yard.connect("B", compression=None):
        assert yard.listener.deflating == 1
    async with listening(deflate=False) as yard, yard.connect("A") as station:
        assert station.protocol.extensions == []
        assert yard.listener.deflating == 0


@on_both_loops
async def test_a_compressed_message_of_a_station_is_answered():
    async with listening() as yard, yard.connect() as station:
        await boot(station)
        await station.send(HEARTBEAT.decode() + " " * 500)
        assert (await station.recv()).startswith('[3,"hb",')
