"""Facts about peers that send what no station should, while well-behaved stations report and must not notice."""

import asyncio
import contextlib
import json
import random
import threading
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.system.process import GatewayProcess, rows, running
from tests.system.raw import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Ended,
    RawClient,
    frame,
    header,
    raw,
)
from tests.system.stations import CHARGE, VERSIONS, Ledger, Station, meter_values_16

HANDSHAKE_TIMEOUT_S = 1.0
PING_INTERVAL_S = 1.0
PONG_TIMEOUT_S = 1.0
HEARTBEAT_INTERVAL_S = 1

FRAGMENTS_MOST = 200_000
"""More empty fragments than anybody takes."""

BOOT = {
    "ocpp1.6": {"chargePointVendor": "V", "chargePointModel": "M"},
    "ocpp2.0.1": {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}},
    "ocpp2.1": {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}},
}


class Bystanders:
    """One well-behaved station of each version, charging in a thread of their own."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self.ledger = Ledger()
        self._gateway = gateway
        self._enough = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._work = asyncio.ensure_future(self._charge(), loop=self._loop)
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._work])
        self._thread.start()

    async def _charge(self) -> None:
        async with asyncio.TaskGroup() as group:
            for version in VERSIONS:
                group.create_task(self._run(version))

    async def _run(self, version: str) -> None:
        station = Station(version, version, self._gateway.url(version), self.ledger, random.Random(1))
        await station.boot()
        await CHARGE[version](station, self._enough)
        await station.close()

    def assert_answered(self) -> None:
        """See that both are answered again."""
        enough = self.ledger.acknowledged + 4
        self._gateway.wait_until(
            lambda: self.ledger.acknowledged >= enough or not self._thread.is_alive(), "bystanders are answered"
        )
        assert self._thread.is_alive()

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._enough.set)
        self._thread.join()
        self._work.result()
        self._loop.close()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory) -> Iterator[GatewayProcess]:
    sections = {
        "authorisation": {"mode": "accept_all"},
        "stations": {"heartbeat_interval_s": HEARTBEAT_INTERVAL_S},
        "listener": {
            "handshake_timeout_s": HANDSHAKE_TIMEOUT_S,
            "ping_interval_s": PING_INTERVAL_S,
            "pong_timeout_s": PONG_TIMEOUT_S,
        },
    }
    with running(tmp_path_factory.mktemp("gateway"), **sections) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def bystanders(gateway: GatewayProcess) -> Iterator[Bystanders]:
    bystanders = Bystanders(gateway)
    try:
        yield bystanders
    finally:
        bystanders.end()
    assert bystanders.ledger.connects == len(VERSIONS), "a bystander lost its connection"
    gateway.wait_until_stored()
    mine = Ledger(messages=bystanders.ledger.messages)
    stored = {(station, value) for station, value in rows(gateway.store_file, "SELECT station, value FROM reading")}
    assert all((message.station, message.value) in stored for message in mine.messages if message.acknowledged)


@pytest.fixture(autouse=True)
def _unimpressed(gateway: GatewayProcess, bystanders: Bystanders) -> Iterator[None]:
    """After each test the bystanders are answered, and no error of ours was logged."""
    yield
    bystanders.assert_answered()
    assert [event for event in gateway.log() if event["level"] == "error"] == []


@contextlib.contextmanager
def counted(gateway: GatewayProcess, *names: str) -> Iterator[None]:
    """The metrics of these names grow by one each."""
    before = gateway.metrics()
    yield
    for name in names:
        gateway.wait_until(lambda name=name: gateway.metrics()[name] == before[name] + 1, f"{name} counts one more")


def call(message_id: str, action: str, payload: object) -> str:
    return json.dumps([2, message_id, action, payload])


@contextlib.contextmanager
def accepted(gateway: GatewayProcess, version: str, identity: str = "RAW") -> Iterator[RawClient]:
    """An open connection of a station that has booted."""
    with raw(gateway.port) as client:
        client.open(identity, version)
        client.send_text(call("boot", "BootNotification", BOOT[version]))
        assert answer_of(client)[2]["status"] == "Accepted"
        yield client


def answer_of(client: RawClient) -> list:
    """Return the next message of the gateway; its pings are none."""
    while True:
        opcode, payload = client.receive()
        if opcode == TEXT:
            return json.loads(payload)
        assert opcode == PING, (opcode, payload)
        client.send(frame(PONG, payload))


def assert_answered(client: RawClient) -> None:
    """See that nothing was said before the answer to a Heartbeat."""
    client.send_text(call("alive", "Heartbeat", {}))
    assert answer_of(client)[:2] == [3, "alive"]


# Before the handshake


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(random.Random(1).randbytes(5000) + b"\r\n\r\n", id="noise"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", id="TLS"),
        pytest.param(b"\r\n\r\n", id="nothing"),
        pytest.param(b"GET /ocpp/CP1 HTTP/1.1\r\nHost: x\r\n\r\n", id="no upgrade"),
        pytest.param(b"POST /ocpp/CP1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", id="POST"),
        pytest.param(b"GET /ocpp/CP1 HTTP/1.0\r\n\r\n", id="HTTP/1.0"),
        pytest.param(b"GET /ocpp/CP1 HTTP/9.9\r\n\r\n", id="HTTP/9.9"),
        pytest.param(b"GET /ocpp/CP1\xff HTTP/1.1\r\nHost: \xff\r\n\r\n", id="bytes that are no ASCII"),
        pytest.param(b"GET /ocpp/CP1 HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", id="long header"),
        pytest.param(b"GET /ocpp/CP1 HTTP/1.1\r\n" + b"X: y\r\n" * 2000 + b"\r\n", id="many headers"),
        pytest.param(b"GET /ocpp/CP1 HTTP/1.1\r\nno colon\r\n\r\n", id="header without a colon"),
        pytest.param(b"x" * 200_000, id="a line without an end"),
    ],
)
def test_what_is_no_handshake_is_refused(gateway: GatewayProcess, data: bytes):
    with counted(gateway, 'handshakes_total{result="refused_request"}'), raw(gateway.port) as client:
        try:
            client.send(data)
            status, _ = client.response()
            assert 400 <= status < 600
        except Ended:
            assert len(data) > 16384, "only who is still sending may miss the answer"
        else:
            client.read_to_the_end()


def test_a_handshake_that_is_never_finished_is_cut_off(gateway: GatewayProcess):
    with counted(gateway, 'handshakes_total{result="timeout"}'), raw(gateway.port) as client:
        client.send(b"GET /ocpp/CP1 HTTP/1.1\r\nHost: gateway\r\nX-Slow:")
        assert client.read_to_the_end() == b""


def test_a_handshake_that_trickles_in_gets_no_more_time(gateway: GatewayProcess):
    with counted(gateway, 'handshakes_total{result="timeout"}'), raw(gateway.port) as client:
        client.send(b"GET /ocpp/CP1 HTTP/1.1\r\nX: ")
        client.socket.settimeout(HANDSHAKE_TIMEOUT_S / 10)
        received = None
        for _ in range(300):
            try:
                client.send(b"x")
                received = client.socket.recv(1)
                break
            except TimeoutError:
                continue
            except (Ended, ConnectionError):
                received = b""
                break
        assert received == b""


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/ocpp",
        "/ocpp/",
        "/other/CP1",
        "/ocpp/..",
        "/ocpp/.",
        "/ocpp/../../etc/passwd",
        "/ocpp/..%2F..%2Fetc%2Fpasswd",
        "/ocpp/CP1%2F",
        "/ocpp/CP1%00",
        "/ocpp/CP1%0A",
        "/ocpp/CP1%7F",
        "/ocpp/%E2%80%AE1PC",
        "/ocpp/%FF",
        "/ocpp/%ZZ",
        "/ocpp/%",
        "/ocpp/" + "x" * 256,
        "/ocpp/" + "x" * 10_000,
    ],
)
def test_an_identity_that_no_station_can_have_is_refused(gateway: GatewayProcess, target: str):
    with counted(gateway, 'handshakes_total{result="refused_request"}'), raw(gateway.port) as client:
        client.request(target)
        status, _ = client.response()
        assert status in {400, 404, 414, 431}


@pytest.mark.parametrize("identity", ["CP*1", "DE:CP|1", "'; DROP TABLE reading; --", "<img src=x>", "Säule 7"])
def test_an_odd_identity_is_taken_literally(gateway: GatewayProcess, identity: str):
    encoded = quote(identity, safe="")
    with accepted(gateway, "ocpp1.6", encoded) as client:
        client.send_text(call("1", "MeterValues", meter_values_16(None, 0.125)))
        assert answer_of(client) == [3, "1", {}]
        assert gateway.get_json(f"/api/v1/stations/{encoded}")["identity"] == identity
    gateway.wait_until(
        lambda: (identity, 0.125) in rows(gateway.store_file, "SELECT station, value FROM reading WHERE value < 1"),
        "its reading is stored",
    )


@pytest.mark.parametrize("identity", ["CP:1", "S%C3%A4ule", "x" * 49])
def test_an_identity_that_only_1_6_allows_is_refused_in_2_0_1(gateway: GatewayProcess, identity: str):
    with raw(gateway.port) as client:
        client.request(f"/ocpp/{identity}", subprotocols="ocpp2.0.1")
        assert client.response()[0] == 400
    with raw(gateway.port) as client:
        client.request(f"/ocpp/{identity}", subprotocols="ocpp1.6")
        assert client.response()[0] == 101


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("ocpp1.6, ocpp2.0.1", "ocpp1.6"),
        ("ocpp2.0.1, ocpp1.6", "ocpp2.0.1"),
        ("ocpp1.5, ocpp9, ocpp1.6", "ocpp1.6"),
    ],
)
def test_of_several_subprotocols_the_first_that_is_known_is_taken(gateway: GatewayProcess, offered: str, chosen: str):
    with raw(gateway.port) as client:
        client.request("/ocpp/RAW", subprotocols=offered)
        status, headers = client.response()
        assert (status, headers["sec-websocket-protocol"]) == (101, chosen)


@pytest.mark.parametrize("offered", [None, "ocpp1.2, ocpp1.5", "chat"])
def test_without_a_common_subprotocol_the_handshake_is_completed_and_closed(
    gateway: GatewayProcess, offered: str | None
):
    with counted(gateway, 'handshakes_total{result="no_subprotocol"}'), raw(gateway.port) as client:
        client.request("/ocpp/RAW", subprotocols=offered)
        status, headers = client.response()
        assert status == 101
        assert "sec-websocket-protocol" not in headers
        assert client.receive_close() == 1002


# Frames


HALF = header(TEXT, 1000) + b"\0\0\0\0" + b"x" * 10

WRONG_KEY = header(TEXT, 4) + b"\xff\xff\xff\xff" + b"[2,]"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(frame(TEXT, b"[]", masked=False), 1002, id="not masked"),
        pytest.param(WRONG_KEY, 1007, id="masked with another key than it says"),
        pytest.param(header(TEXT, 100_000_000) + b"\0\0\0\0", 1009, id="100 MB"),
        pytest.param(header(TEXT, 2**62) + b"\0\0\0\0", 1009, id="2^62 bytes"),
        pytest.param(header(TEXT, 2**63) + b"\0\0\0\0", 1002, id="2^63 bytes"),
        pytest.param(frame(TEXT, b"x" * (128 * 1024 + 1)), 1009, id="one byte more than is allowed"),
        pytest.param(
            frame(TEXT, b"x" * 100_000, final=False) + frame(CONTINUATION, b"x" * 100_000), 1009, id="long in two parts"
        ),
        pytest.param(frame(TEXT, b"\xc3\x28"), 1007, id="not UTF-8"),
        pytest.param(frame(TEXT, b"\xed\xa0\x80"), 1007, id="a surrogate"),
        pytest.param(frame(TEXT, b"\xc3", final=False) + frame(CONTINUATION, b"\x28"), 1007, id="not UTF-8 in parts"),
        pytest.param(header(TEXT, 2, reserved=4) + b"\0\0\0\0[]", 1002, id="a reserved bit"),
        pytest.param(frame(3, b""), 1002, id="an unknown opcode"),
        pytest.param(frame(11, b""), 1002, id="an unknown control opcode"),
        pytest.param(frame(CONTINUATION, b"x"), 1002, id="a continuation of nothing"),
        pytest.param(frame(TEXT, b"[", final=False) + frame(TEXT, b"]"), 1002, id="a message in a message"),
        pytest.param(frame(PING, b"x" * 126), 1002, id="a long ping"),
        pytest.param(frame(PING, b"", final=False), 1002, id="a ping in parts"),
        pytest.param(frame(CLOSE, b"\x03"), 1002, id="half a close code"),
        pytest.param(frame(CLOSE, (1005).to_bytes(2, "big")), 1002, id="a close code that is never sent"),
        pytest.param(frame(CLOSE, (1000).to_bytes(2, "big") + b"\xff"), 1007, id="a close reason that is not UTF-8"),
        pytest.param(frame(BINARY, b"[]"), 1003, id="binary"),
    ],
)
def test_a_frame_against_the_protocol_closes_its_connection(gateway: GatewayProcess, data: bytes, code: int):
    with counted(gateway, 'disconnects_total{reason="protocol_error"}'), raw(gateway.port) as client:
        client.open()
        client.send(data)
        assert client.receive_close() == code


@pytest.mark.parametrize("part", [b"", b"x"], ids=["empty", "one byte"])
def test_fragments_without_end_close_their_connection(gateway: GatewayProcess, part: bytes):
    with counted(gateway, 'disconnects_total{reason="protocol_error"}'), raw(gateway.port) as client:
        client.open()
        client.send(frame(TEXT, part, final=False))
        fragments = frame(CONTINUATION, part, final=False) * 1000
        with contextlib.suppress(Ended):
            for _ in range(FRAGMENTS_MOST // 1000):
                client.send(fragments)
        told = client.read_to_the_end()
        assert not told or told[2:4] == (1008).to_bytes(2, "big"), "only who is still sending may miss the Close frame"


@pytest.mark.parametrize("pongs", [0, 1])
def test_half_a_frame_and_silence_is_cut_off(gateway: GatewayProcess, pongs: int):
    with counted(gateway, 'disconnects_total{reason="silent"}'), raw(gateway.port) as client:
        client.open()
        for _ in range(pongs):
            assert client.receive() == (PING, b"")
            client.send(frame(PONG, b""))
        client.send(HALF)
        assert set(client.read_to_the_end()) <= set(frame(PING, b"", masked=False)), "nothing but pings"


def test_pings_between_fragments_are_answered(gateway: GatewayProcess):
    with accepted(gateway, "ocpp1.6") as client:
        text = call("1", "Heartbeat", {}).encode()
        client.send(frame(TEXT, text[:5], final=False) + frame(PING, b"?") + frame(CONTINUATION, text[5:]))
        assert client.receive() == (PONG, b"?")
        assert answer_of(client)[:2] == [3, "1"]


# Messages


DEEP = "[" * 60_000 + "]" * 60_000

UNREADABLE = [
    pytest.param("coffee", id="no JSON"),
    pytest.param("", id="nothing"),
    pytest.param("{}", id="an object"),
    pytest.param("[]", id="an empty array"),
    pytest.param('"2"', id="a string"),
    pytest.param(DEEP, id="a deep array"),
    pytest.param('[2,"1","Heartbeat",{}', id="no end"),
    pytest.param('[2,"1","Heartbeat",{}]]', id="more after the end"),
]


@pytest.mark.parametrize("text", UNREADABLE)
def test_an_unreadable_message_is_ignored_in_1_6(gateway: GatewayProcess, text: str):
    name = 'deviations_total{deviation="message_unreadable"}'
    with counted(gateway, name), accepted(gateway, "ocpp1.6") as client:
        client.send_text(text)
        client.send_text(call("alive", "Heartbeat", {}))
        answers = [answer_of(client)]
        if answers[0][:2] != [3, "alive"]:
            assert answers[0][:2] == [4, "1"], "where the id could be read, the station is told"
            answers.append(answer_of(client))
        assert answers[-1][:2] == [3, "alive"]


@pytest.mark.parametrize("text", UNREADABLE)
def test_an_unreadable_message_is_answered_in_2_0_1(gateway: GatewayProcess, text: str):
    name = 'deviations_total{deviation="message_unreadable"}'
    with counted(gateway, name), accepted(gateway, "ocpp2.0.1") as client:
        client.send_text(text)
        kind, message_id, code, _, details = answer_of(client)
        assert (kind, code, details) == (4, "RpcFrameworkError", {})
        assert message_id in {"-1", "1"}
        assert_answered(client)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_action_is_answered_not_implemented(gateway: GatewayProcess, version: str):
    name = f'messages_total{{action="unknown",outcome="refused",version="{version}"}}'
    with counted(gateway, name), accepted(gateway, version) as client:
        client.send_text(call("1", "MakeCoffee", {}))
        assert answer_of(client)[:3] == [4, "1", "NotImplemented"]
        assert_answered(client)


def test_an_unknown_message_type_is_ignored_but_for_2_0_1_that_refuses_it(gateway: GatewayProcess):
    text = '[9,"1","Heartbeat",{}]'
    for version in ("ocpp1.6", "ocpp2.1"):
        with accepted(gateway, version) as client:
            client.send_text(text)
            assert_answered(client)
    with accepted(gateway, "ocpp2.0.1") as client:
        client.send_text(text)
        assert answer_of(client)[:3] == [4, "1", "MessageTypeNotSupported"]
        assert_answered(client)


@pytest.mark.parametrize(
    ("version", "code"),
    [(version, "FormatViolation" if version != "ocpp1.6" else "FormationViolation") for version in VERSIONS],
)
@pytest.mark.parametrize(
    "payload",
    [
        pytest.param('{"a":' + DEEP + "}", id="deep"),
        pytest.param('{"a":1,"a":2}', id="a key twice"),
        pytest.param('{"a":NaN}', id="NaN"),
        pytest.param('{"a":"\\ud800"}', id="a lone surrogate"),
    ],
)
def test_a_payload_that_is_none_is_refused_by_its_id(gateway: GatewayProcess, version: str, code: str, payload: str):
    with accepted(gateway, version) as client:
        client.send_text(f'[2,"1","Heartbeat",{payload}]')
        kind, message_id, told, *_ = answer_of(client)
        assert (kind, message_id) == (4, "1")
        assert told in {code, "RpcFrameworkError"}
        assert_answered(client)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_quirk_of_the_field_is_answered_and_counted(gateway: GatewayProcess, version: str):
    with (
        counted(gateway, 'quirks_total{mode="on",quirk="extra_property"}'),
        counted(gateway, 'quirks_total{mode="on",quirk="payload_missing"}'),
        accepted(gateway, version) as client,
    ):
        client.send_text('[2,"1","Heartbeat",{"unknown":1}]')
        kind, message_id, answer = answer_of(client)
        assert (kind, message_id, list(answer)) == (3, "1", ["currentTime"])
        client.send_text('[2,"2","Heartbeat"]')
        assert answer_of(client)[:2] == [3, "2"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_deep_transaction_message_is_kept_raw_and_answered(gateway: GatewayProcess, version: str):
    name = f'messages_total{{action="MeterValues",outcome="kept_raw",version="{version}"}}'
    payload = f'{{"customData":{DEEP}}}'
    with counted(gateway, name), accepted(gateway, version, f"DEEP-{version}") as client:
        client.send_text(f'[2,"1","MeterValues",{payload}]')
        assert answer_of(client) == [3, "1", {}]
        assert_answered(client)
    kept = f"SELECT payload FROM raw_message WHERE station = 'DEEP-{version}'"
    gateway.wait_until(lambda: rows(gateway.store_file, kept) == [(payload.encode(),)], "it is stored as it was sent")


def test_a_station_that_never_reads_its_answers_is_cut_off(gateway: GatewayProcess):
    before = gateway.resident_bytes()
    with counted(gateway, 'disconnects_total{reason="too_slow"}'), accepted(gateway, "ocpp1.6") as client:
        heartbeats = frame(TEXT, call("1", "Heartbeat", {}).encode()) * 1000
        assert client.send_until_refused(heartbeats, 2000) < 2000
    assert gateway.resident_bytes() < before + 32 * 1024 * 1024


def test_random_bytes_cost_only_their_own_connection(gateway: GatewayProcess):
    dice = random.Random(2)
    for _ in range(100):
        with raw(gateway.port) as client:
            client.open(f"NOISE{dice.randrange(5)}", dice.choice(VERSIONS))
            with contextlib.suppress(Ended):
                for _ in range(5):
                    client.send(dice.randbytes(dice.randrange(2000)))
    gateway.wait_until(lambda: gateway.metrics()['connections{version="ocpp1.6"}'] == 1, "all of them are gone")
