"""The listener on loopback, with `websockets` as the station, on both event loops."""

import asyncio
import contextlib
import gc
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any
from weakref import ref

import pytest
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gateway.core.admission import Admission
from gateway.core.credentials import SALT_BYTES, hash_line, parse_credentials
from gateway.io.listener import DISCONNECTS, HANDSHAKES, TURNED_AWAY_MAX, ListenerSettings, StationListener
from gateway.io.timers import TimerWheel
from gateway.wire.websocket import WebSocketSettings
from tests.core import said
from tests.core.station_bench import BOOTS, OCPP16, OCPP201, Bench, ManualJournal
from tests.hot.client_frames import client_frame

DEADLINE_S = 20.0
"""For a whole test; nothing in one takes more than a second or two but on a stalled machine."""

TEXT, BINARY, PING, PONG, CLOSE = 1, 2, 9, 10, 8
HEARTBEAT = b'[2,"hb","Heartbeat",{}]'
PASSWORD = "0123456789abcdef"


def on_both_loops(story: Callable[[], Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a test of a coroutine function without arguments."""

    @pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
    def test(run: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        run(asyncio.wait_for(story(), DEADLINE_S))

    return test


def on_uvloop(story: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Do so on one loop: for what takes seconds, as deadlines are met to half a second."""

    def test() -> None:
        uvloop.run(asyncio.wait_for(story(), DEADLINE_S))

    return test


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition; the deadline is that of the test."""
    while not condition():
        await asyncio.sleep(0.005)


class LoopJournal(ManualJournal):
    """Commits at the loop's next turn, unless it is told to hold."""

    holds = False
    broken = False

    def append(self, entry, durable):
        if self.broken:
            raise ValueError("cannot be encoded")
        super().append(entry, durable)
        self._commit_soon()

    def barrier(self, durable):
        super().barrier(durable)
        self._commit_soon()

    def _commit_soon(self):
        if not self.holds:
            asyncio.get_running_loop().call_soon(self.commit)


class Yard:
    """A listening gateway without disk, and its address."""

    def __init__(self, listener: StationListener, bench: Bench, address: tuple[str, int], logged: list[Any]) -> None:
        self.listener = listener
        self.bench = bench
        self.journal = bench.journal
        self.address = address
        self.logged = logged

    def url(self, identity: str) -> str:
        return f"ws://{self.address[0]}:{self.address[1]}/ocpp/{identity}"

    def connect(self, identity: str = "CP1", *versions: str, **how: Any) -> connect:
        return connect(
            self.url(identity), subprotocols=list(versions or (OCPP16,)), ping_interval=None, proxy=None, **how
        )

    async def raw(
        self, identity: str = "CP1", behind: bytes = b""
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection after its handshake, byte by byte in the hands of the test. `behind` goes with the request."""
        reader, writer = await asyncio.open_connection(*self.address)
        head = (
            f"GET /ocpp/{identity} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
        )
        writer.write(head.encode() + behind)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101 ")
        return reader, writer

    @property
    def handshakes(self) -> dict[str, int]:
        return counts(HANDSHAKES, self.listener.handshakes)

    @property
    def disconnects(self) -> dict[str, int]:
        return counts(DISCONNECTS, self.listener.disconnects)


def counts(names, counters) -> dict[str, int]:
    return {name: counters.value(index) for index, name in enumerate(names) if counters.value(index)}


@contextlib.asynccontextmanager
async def listening(
    *, admission: Admission | None = None, web_socket: dict[str, Any] | None = None, **settings: Any
) -> AsyncIterator[Yard]:
    """A listener on a free port. `settings` are those of ListenerSettings, `web_socket` those of WebSocketSettings."""
    bench = Bench(journal=LoopJournal())
    logged: list[Any] = []
    listener = StationListener(
        ListenerSettings(
            **{"path_prefix": "/ocpp", "connections_max": 100, "stations_max": 100, "handshake_timeout_s": 10.0}
            | settings,
            web_socket=WebSocketSettings(
                **{
                    "message_bytes_max": 100_000,
                    "ping_interval_s": 60.0,
                    "pong_timeout_s": 30.0,
                    "silence_max_s": 3600.0,
                }
                | (web_socket or {})
            ),
        ),
        admission=admission or Admission(listed=(), credentials=None, unknown="accept"),
        registry=bench.registry,
        services=bench.services,
        is_strict=lambda identity: identity.startswith("STRICT"),
        wheel=TimerWheel(time.monotonic, asyncio.get_running_loop().call_later),
        monotonic=time.monotonic,
        log=lambda event, **fields: logged.append((event, fields)),
    )
    address = await listener.start("127.0.0.1", 0, backlog=100)
    try:
        yield Yard(listener, bench, address, logged)
    finally:
        await listener.drain(closes_per_s=1000, grace_s=0)


async def call(station: ClientConnection, action: str, payload: Any = None, message_id: str = "1") -> Any:
    """Call, and return the whole answer."""
    await station.send(json.dumps([2, message_id, action, {} if payload is None else payload]))
    return json.loads(await station.recv())


async def boot(station: ClientConnection) -> None:
    answer = await call(station, "BootNotification", BOOTS[station.subprotocol.lower()])
    assert answer[2]["status"] == "Accepted"


async def close_code(station: ClientConnection) -> int:
    """Read until the server has closed, and return its code."""
    with pytest.raises(ConnectionClosed):
        while True:
            await station.recv()
    return station.close_code


# Handshake


@on_both_loops
async def test_the_stations_order_of_subprotocols_is_its_preference():
    async with listening() as yard:
        for offered, chosen in [
            ((OCPP16, OCPP201), OCPP16),
            ((OCPP201, OCPP16), OCPP201),
            (("ocpp2.9", "ocpp1.5", OCPP201), OCPP201),
            (("OCPP1.6",), "OCPP1.6"),
        ]:
            async with yard.connect("CP1", *offered) as station:
                assert station.subprotocol == chosen
                await boot(station)
        assert yard.handshakes == {"accepted": 4}


@on_both_loops
async def test_without_a_common_subprotocol_the_handshake_is_completed_and_then_closed():
    async with listening() as yard:
        for offered in (["ocpp2.9"], ["ocpp1.5", "soap"], None):
            async with connect(yard.url("CP1"), subprotocols=offered, proxy=None) as station:
                assert station.subprotocol is None
                assert await close_code(station) == 1002
        assert yard.handshakes == {"no_subprotocol": 3}
        assert len(yard.bench.registry) == 0


@on_both_loops
async def test_the_log_says_who_came_and_why_they_were_turned_away():
    async with listening() as yard:
        async with connect(yard.url("CP1"), subprotocols=["soap", "ocpp1.5"], proxy=None) as station:
            assert await close_code(station) == 1002
        async with yard.connect("CP2") as station:
            ((ended, why), (connected, who)) = yard.logged
            assert (ended, why["station"], why["offered"]) == ("handshake_ended", "CP1", ("soap", "ocpp1.5"))
            host, port = station.local_address
            assert (connected, who["station"], who["peer"]) == ("station_connected", "CP2", f"{host} port {port}")


async def refused_status(connecting: connect) -> tuple[int, Any]:
    with pytest.raises(InvalidStatus) as raised:
        await connecting
    return raised.value.response.status_code, raised.value.response.headers


@on_both_loops
async def test_strangers_get_404_wrong_passwords_401_and_bad_identities_400():
    credentials = parse_credentials(hash_line("CP1", PASSWORD.encode(), b"x" * SALT_BYTES), name="passwords")
    admission = Admission(listed=(), credentials=credentials, unknown="reject")
    async with listening(admission=admission) as yard:
        from_cp1 = {"Authorization": "Basic Q1AxOjAxMjM0NTY3ODlhYmNkZWY="}  # CP1:0123456789abcdef
        wrong = {"Authorization": "Basic Q1AxOmd1ZXNzZWQ="}  # CP1:guessed
        assert (await refused_status(yard.connect("NEW", additional_headers=from_cp1)))[0] == 404
        status, headers = await refused_status(yard.connect("CP1"))
        assert (status, headers["WWW-Authenticate"].split(" ")[0]) == (401, "Basic")
        assert (await refused_status(yard.connect("CP1", additional_headers=wrong)))[0] == 401
        assert (await refused_status(yard.connect("..")))[0] in (400, 404)
        assert (await refused_status(yard.connect("x" * 49, OCPP201)))[0] == 400
        async with yard.connect("CP1", additional_headers=from_cp1) as station:
            await boot(station)
        assert yard.handshakes == {"accepted": 1, "not_found": 1, "unauthorized": 2, "refused_request": 2}
        assert not any(PASSWORD in str(line) or "guessed" in str(line) for line in yard.logged)


@on_both_loops
async def test_another_path_is_404():
    async with listening() as yard:
        url = yard.url("CP1").replace("/ocpp/", "/other/")
        assert (await refused_status(connect(url, subprotocols=[OCPP16], proxy=None)))[0] == 404


@on_both_loops
async def test_without_a_place_it_is_503_and_when_to_come_again():
    async with listening(connections_max=2) as yard:
        async with yard.connect("CP1"), yard.connect("CP2"):
            status, headers = await refused_status(yard.connect("CP3"))
            assert (status, headers["Retry-After"]) == (503, "30")
        await until(lambda: yard.listener.connections == 0)
        async with yard.connect("CP3"):
            assert yard.handshakes == {"accepted": 3, "full": 1}


@on_both_loops
async def test_peers_that_say_nothing_take_no_more_connections_than_there_are_files_for():
    async with (
        listening(connections_max=2) as yard,
        yard.connect("CP1"),
        yard.connect("CP2"),
        contextlib.AsyncExitStack() as idle,
    ):
        for _ in range(TURNED_AWAY_MAX + 10):
            _, writer = await asyncio.open_connection(*yard.address)
            idle.callback(writer.close)
        await until(lambda: yard.handshakes == {"accepted": 2, "full": 10})
        assert yard.listener.connections == 2 + TURNED_AWAY_MAX


@on_both_loops
async def test_new_stations_are_503_once_all_that_may_be_remembered_are():
    async with listening(stations_max=1) as yard:
        async with yard.connect("CP1") as station:
            await boot(station)
        assert (await refused_status(yard.connect("CP2")))[0] == 503
        async with yard.connect("CP1"):
            assert yard.handshakes == {"accepted": 2, "full": 1}


@on_both_loops
async def test_names_that_said_nothing_are_not_remembered():
    async with listening(stations_max=1) as yard:
        for name in ("A", "B", "C"):
            async with yard.connect(name):
                pass
            await until(lambda: yard.listener.connections == 0)
        assert len(yard.bench.registry) == 0


@on_both_loops
async def test_a_2x_station_is_the_same_however_it_spells_its_case_and_a_16_station_is_not():
    async with listening() as yard:
        async with yard.connect("Cp1", OCPP201) as station:
            await boot(station)
        async with yard.connect("cP1", OCPP201), yard.connect("CP1", OCPP16) as other:
            await boot(other)
            assert sorted(station.identity for station in yard.bench.registry) == ["CP1", "Cp1"]
            assert yard.bench.registry.station("Cp1").session is not None


@on_both_loops
async def test_what_comes_with_the_request_is_the_first_message():
    async with listening() as yard:
        boot_text = json.dumps([2, "early", "BootNotification", BOOTS[OCPP16]]).encode()
        reader, writer = await yard.raw(behind=client_frame(TEXT, boot_text))
        head = await reader.readexactly(2)
        answer = json.loads(await reader.readexactly(head[1]))
        assert (head[0], answer[:2], answer[2]["status"]) == (0x81, [3, "early"], "Accepted")
        writer.close()


@on_uvloop
async def test_a_handshake_that_does_not_end_is_cut():
    async with listening(handshake_timeout_s=0.2) as yard:
        silent, silent_writer = await asyncio.open_connection(*yard.address)
        half, half_writer = await asyncio.open_connection(*yard.address)
        half_writer.write(b"GET /ocpp/CP1 HTTP/1.1\r\nHost: x\r\n")
        for reader in (silent, half):
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
        assert yard.handshakes == {"timeout": 2}
        assert yard.listener.connections == 0
        silent_writer.close()
        half_writer.close()


@on_both_loops
async def test_a_peer_that_goes_away_in_its_handshake_is_forgotten():
    async with listening() as yard:
        _, writer = await asyncio.open_connection(*yard.address)
        writer.write(b"GET /ocpp/CP1")
        await until(lambda: yard.listener.connections == 1)
        writer.close()
        await until(lambda: yard.handshakes == {"abandoned": 1})
        assert yard.listener.connections == 0


# Open connections


@on_both_loops
async def test_connections_are_counted_by_version():
    async with listening() as yard, yard.connect("A"), yard.connect("B"), yard.connect("C", OCPP201):
        assert yard.listener.connections_by_version() == {(OCPP16,): 2, (OCPP201,): 1, ("ocpp2.1",): 0}


@on_both_loops
async def test_a_newer_connection_replaces_the_older_and_outlives_its_end():
    async with listening() as yard:
        async with yard.connect() as older:
            await boot(older)
            async with yard.connect() as newer:
                assert await close_code(older) == 1001
                await until(lambda: yard.disconnects == {"replaced": 1})
                assert (await call(newer, "Heartbeat"))[0] == 3
                station = yard.bench.registry.get("CP1")
                assert station.session is not None
                assert len(yard.listener.open) == 1
        await until(lambda: station.session is None)
        assert yard.disconnects == {"replaced": 1, "closed_by_station": 1}


@on_uvloop
async def test_a_connection_that_hangs_does_not_keep_a_newer_one_out():
    async with listening(web_socket={"close_timeout_s": 0.2}) as yard:
        _, hanging = await yard.raw()
        async with yard.connect() as newer:
            await boot(newer)
            await until(lambda: yard.disconnects == {"replaced": 1})  # cut, as it did not answer the Close frame
            assert (await call(newer, "Heartbeat"))[0] == 3
        hanging.close()


@on_both_loops
async def test_an_answer_that_was_on_its_way_reaches_the_repeat_on_the_new_connection():
    async with listening() as yard, yard.connect() as older:
        await boot(older)
        yard.journal.holds = True
        start = json.dumps([2, "first", "StartTransaction", said.start_16()])
        await older.send(start)
        await until(lambda: len(yard.journal.entries) == 2)
        async with yard.connect() as newer:
            await newer.send(start.replace("first", "again"))
            await until(lambda: not yard.bench.registry.get("CP1").session.idle)
            yard.journal.commit()
            answer = json.loads(await newer.recv())
            assert (answer[:2], answer[2]["transactionId"]) == ([3, "again"], 1)
            assert len(yard.journal.entries) == 2


@on_uvloop
async def test_a_peer_that_says_nothing_at_all_is_pinged_and_then_cut():
    async with listening(web_socket={"ping_interval_s": 0.2, "silence_max_s": 1.5}) as yard:
        reader, writer = await yard.raw()
        with contextlib.suppress(ConnectionResetError):
            assert (await reader.readexactly(2)) == bytes((0x80 | PING, 0))
            await reader.read()
        await until(lambda: yard.disconnects == {"silent": 1})
        assert len(yard.bench.registry) == 0
        writer.close()


@on_uvloop
async def test_a_peer_that_used_to_answer_pings_is_cut_when_it_does_not():
    async with listening(web_socket={"ping_interval_s": 0.2, "pong_timeout_s": 0.3}) as yard:
        reader, writer = await yard.raw()
        with contextlib.suppress(ConnectionResetError):
            assert (await reader.readexactly(2)) == bytes((0x80 | PING, 0))
            writer.write(client_frame(PONG))
            await reader.read()
        await until(lambda: yard.disconnects == {"silent": 1})
        writer.close()


@on_uvloop
async def test_a_station_that_talks_but_never_answers_pings_is_kept():
    async with listening(web_socket={"ping_interval_s": 0.2, "pong_timeout_s": 0.1, "silence_max_s": 1.5}) as yard:
        reader, writer = await yard.raw()
        pings = 0
        while pings < 5:  # the silence of four of them would have been too much
            writer.write(client_frame(TEXT, HEARTBEAT))
            head = await reader.readexactly(2)
            while head[0] == 0x80 | PING:
                pings += 1
                head = await reader.readexactly(2)
            assert json.loads(await reader.readexactly(head[1]))[0] == 4
            await asyncio.sleep(0.02)
        assert yard.disconnects == {}
        writer.close()


@on_uvloop
async def test_a_station_that_answers_pings_and_says_nothing_is_kept():
    async with listening(web_socket={"ping_interval_s": 0.2, "pong_timeout_s": 1.5}) as yard:
        reader, writer = await yard.raw()
        for _ in range(5):  # the silence of four of them would have been too much
            assert (await reader.readexactly(2)) == bytes((0x80 | PING, 0))
            writer.write(client_frame(PONG))
        assert yard.disconnects == {}
        writer.close()


@on_uvloop
async def test_a_station_that_is_not_read_is_not_silent():
    async with listening(web_socket={"ping_interval_s": 0.2, "pong_timeout_s": 0.3, "silence_max_s": 1.0}) as yard:
        async with yard.connect() as station:
            await boot(station)
        yard.journal.holds = True  # as for as long as a disk is full
        reader, writer = await yard.raw()
        calls = [[2, "a", "MeterValues", said.meter_values_16()], [2, "b", "Heartbeat", {}]]
        writer.write(b"".join(client_frame(TEXT, json.dumps(call).encode()) for call in calls))
        for _ in range(5):
            assert (await reader.readexactly(2)) == bytes((0x80 | PING, 0))
            writer.write(client_frame(PONG))  # unread, as everything behind the second CALL
        yard.journal.commit()
        head = await reader.readexactly(2)
        assert json.loads(await reader.readexactly(head[1]))[:2] == [3, "a"]
        head = await reader.readexactly(2)
        assert json.loads(await reader.readexactly(head[1]))[:2] == [3, "b"]
        writer.close()


@on_both_loops
async def test_garbage_of_one_station_does_not_disturb_another():
    async with listening() as yard, yard.connect("GOOD") as good:
        await boot(good)
        garbage = [
            b"\xff" * 50,
            client_frame(TEXT, HEARTBEAT, masked=False),
            client_frame(TEXT, b"\xff\xfe"),
            client_frame(3, b""),
            client_frame(TEXT, b"", declared=2**63 - 1),
            client_frame(PING, b"x" * 126),
        ]
        for index, data in enumerate(garbage):
            reader, writer = await yard.raw(f"BAD{index}")
            writer.write(data)
            with contextlib.suppress(ConnectionResetError):
                assert (await reader.readexactly(1)) == bytes((0x80 | CLOSE,))
                await reader.read()
            writer.close()
            assert (await call(good, "Heartbeat"))[0] == 3
        await until(lambda: yard.disconnects == {"protocol_error": len(garbage)})
        assert {station.identity for station in yard.bench.registry} == {"GOOD"}


@on_both_loops
async def test_a_message_too_big_and_a_binary_one_close_with_their_codes():
    async with listening(web_socket={"message_bytes_max": 5000}) as yard:
        async with yard.connect("BIG") as station:
            await station.send("x" * 5001)
            assert await close_code(station) == 1009
        async with yard.connect("BINARY") as station:
            await station.send(HEARTBEAT)
            assert await close_code(station) == 1003
        async with yard.connect("JUST") as station:
            await station.send("[" + " " * 4998 + "]")
            assert (await call(station, "Heartbeat"))[:3] == [4, "1", "SecurityError"]


@on_both_loops
async def test_a_station_that_does_not_read_its_answers_is_cut_off():
    async with listening() as yard:
        _, writer = await yard.raw()
        flood = client_frame(PING, b"x" * 125) * 100
        with contextlib.suppress(ConnectionError):
            while not yard.disconnects:
                writer.write(flood)
                await writer.drain()
                await asyncio.sleep(0)
        await until(lambda: yard.disconnects == {"too_slow": 1})
        writer.close()


@on_both_loops
async def test_a_second_call_waits_for_the_first_answer_and_reading_goes_on_then():
    async with listening() as yard, yard.connect() as station:
        await boot(station)
        yard.journal.holds = True
        await station.send(json.dumps([2, "a", "MeterValues", said.meter_values_16()]))
        await station.send(json.dumps([2, "b", "Heartbeat", {}]))
        await until(lambda: yard.bench.registry.get("CP1").session._held)
        yard.journal.commit()
        assert [json.loads(await station.recv())[1] for _ in range(2)] == ["a", "b"]


@on_both_loops
async def test_an_error_of_ours_closes_its_own_connection_only():
    async with listening() as yard, yard.connect("ONE") as one, yard.connect("OTHER") as other:
        await boot(one)
        await boot(other)
        yard.journal.broken = True
        await one.send(json.dumps([2, "1", "MeterValues", said.meter_values_16()]))
        assert await close_code(one) == 1011
        yard.journal.broken = False
        assert (await call(other, "MeterValues", said.meter_values_16()))[0] == 3
        await until(lambda: yard.disconnects == {"failed": 1})
        assert [event for event, _ in yard.logged if event == "session_failed"] == ["session_failed"]


@on_both_loops
async def test_strict_is_a_matter_of_the_identity():
    async with listening() as yard, yard.connect("STRICT1") as strict, yard.connect("CP1") as lenient:
        await boot(strict)
        await boot(lenient)
        assert (await call(strict, "MeterValues", {}))[0] == 4
        assert (await call(lenient, "MeterValues", {}))[0] == 3


@on_both_loops
async def test_a_station_that_breaks_off_is_lost_and_remembered():
    async with listening() as yard:
        async with yard.connect() as station:
            await boot(station)
            station.transport.abort()
            await until(lambda: yard.disconnects == {"lost": 1})
        assert yard.bench.registry.get("CP1").session is None
        assert yard.listener.connections == 0


@on_both_loops
async def test_a_connection_that_ended_is_freed_at_once_without_a_search_for_cycles():
    async with listening() as yard:
        gc.disable()
        try:
            async with yard.connect() as station:
                await boot(station)
                yard.journal.holds = True
                await station.send(json.dumps([2, "1", "MeterValues", said.meter_values_16()]))
                await until(lambda: not yard.bench.registry.get("CP1").session.idle)
                (connection,) = map(ref, yard.listener.open)
            await until(lambda: connection() is None)  # though the journal still has to call its session back
        finally:
            gc.enable()
        yard.journal.commit()


# Drain


@on_both_loops
async def test_a_drain_closes_charging_stations_last():
    async with listening() as yard:
        async with yard.connect("CHARGING") as charging, yard.connect("IDLE1") as idle1, yard.connect("IDLE2") as idle2:
            for station in (charging, idle1, idle2):
                await boot(station)
            await call(charging, "StartTransaction", said.start_16())
            draining = asyncio.create_task(yard.listener.drain(closes_per_s=10, grace_s=10))
            codes = [await close_code(station) for station in (charging, idle1, idle2)]
            await draining
        assert codes == [1012] * 3
        gone = [fields["station"] for event, fields in yard.logged if event == "station_disconnected"]
        assert sorted(gone[:2]) == ["IDLE1", "IDLE2"]
        assert gone[2] == "CHARGING"
        assert yard.disconnects == {"drained": 3}


@on_both_loops
async def test_a_drain_waits_for_an_answer_under_way():
    async with listening() as yard, yard.connect() as station:
        await boot(station)
        yard.journal.holds = True
        await station.send(json.dumps([2, "1", "MeterValues", said.meter_values_16()]))
        await until(lambda: len(yard.journal.entries) == 2)
        draining = asyncio.create_task(yard.listener.drain(closes_per_s=1000, grace_s=DEADLINE_S))
        await until(lambda: yard.listener.draining)
        with pytest.raises(OSError):
            await yard.connect("NEW")
        yard.journal.commit()
        assert json.loads(await station.recv())[:2] == [3, "1"]
        assert await close_code(station) == 1012
        await draining


@on_both_loops
async def test_a_drain_ends_at_its_deadline_whoever_holds_on():
    async with listening() as yard:
        _, hanging = await yard.raw("HANGING")  # never answers the Close frame
        async with yard.connect("WAITING") as waiting:
            await boot(waiting)
            yard.journal.holds = True
            await waiting.send(json.dumps([2, "1", "MeterValues", said.meter_values_16()]))
            await until(lambda: len(yard.journal.entries) == 2)
            await yard.listener.drain(closes_per_s=1000, grace_s=0.1)
            assert await close_code(waiting) == 1012
        await until(lambda: yard.disconnects == {"drained": 2})
        assert yard.listener.connections == 0
        yard.journal.commit()  # its answer goes nowhere, and nobody minds
        hanging.close()


@on_both_loops
async def test_a_drain_cuts_off_who_is_still_in_the_handshake():
    async with listening() as yard:
        reader, writer = await asyncio.open_connection(*yard.address)
        await until(lambda: yard.listener.connections == 1)
        await yard.listener.drain(closes_per_s=1000, grace_s=5)
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        assert yard.handshakes == {"draining": 1}
        writer.close()
