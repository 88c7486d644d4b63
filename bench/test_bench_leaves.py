"""What the compiled leaves cost beside their twins and what they replace. `pytest bench/test_bench_leaves.py`."""

import importlib
import json
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
import orjson
import prometheus_client
import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

import gateway.hot
from gateway.hot import Deflater
from gateway.wire.handshake import Handshake
from gateway.wire.websocket import WebSocket, WebSocketSettings

METER_VALUES = (
    b'[2,"b6b1f1a2-5b1e-4a6e-9a0e-1f2c3d4e5f60","MeterValues",'
    + json.dumps(
        {
            "connectorId": 1,
            "transactionId": 12345,
            "meterValue": [
                {
                    "timestamp": "2025-01-01T12:00:00.000Z",
                    "sampledValue": [
                        {
                            "value": f"230.{phase}",
                            "context": "Sample.Periodic",
                            "format": "Raw",
                            "measurand": "Voltage",
                            "phase": f"L{phase % 3 + 1}-N",
                            "location": "Outlet",
                            "unit": "V",
                        }
                        for phase in range(8)
                    ],
                }
            ],
        },
        separators=(",", ":"),
    ).encode()
    + b"]"
)
"""A 1.6 MeterValues of eight samples, about 1.2 kB."""

KEY = b"\x12\x34\x56\x78"
FRAME = b"\x81\xfe" + len(METER_VALUES).to_bytes(2, "big") + KEY + bytes(
    byte ^ KEY[index % 4] for index, byte in enumerate(METER_VALUES)
)  # fmt: skip

COMPRESSED = Deflater(15).deflate(METER_VALUES)
COMPRESSED_FRAME = b"\xc1\xfe" + len(COMPRESSED).to_bytes(2, "big") + KEY + bytes(
    byte ^ KEY[index % 4] for index, byte in enumerate(COMPRESSED)
)  # fmt: skip

PACKAGES = {"compiled": "gateway._speedups", "plain": "gateway.hot"}

Benchmark = Callable[..., Any]


@pytest.fixture(params=PACKAGES)
def package(request: pytest.FixtureRequest) -> str:
    return PACKAGES[request.param]


@pytest.mark.benchmark(group="read one masked text frame of 1.2 kB")
def test_frame(benchmark: Benchmark, package: str) -> None:
    reader = importlib.import_module(f"{package}.frames").FrameReader(1 << 17)
    assert benchmark(reader.feed, FRAME) == [(gateway.hot.TEXT, METER_VALUES)]


@pytest.mark.benchmark(group="read one masked text frame of 1.2 kB")
def test_frame_by_websocket(benchmark: Benchmark) -> None:
    socket = WebSocket(lambda _data: None, WebSocketSettings(1 << 17, 60.0, 30.0, 600.0), 0.0)
    assert benchmark(socket.receive, FRAME, 0.0) == [METER_VALUES]


@pytest.mark.benchmark(group="read one masked text frame of 1.2 kB")
def test_frame_by_websockets(benchmark: Benchmark) -> None:
    protocol = ServerProtocol(state=OPEN)

    def read() -> Any:
        protocol.receive_data(FRAME)
        return protocol.events_received()[0].data  # type: ignore[union-attr]

    assert benchmark(read) == METER_VALUES


@pytest.mark.benchmark(group="read one compressed text frame of 1.2 kB")
def test_compressed_frame(benchmark: Benchmark, package: str) -> None:
    reader = importlib.import_module(f"{package}.frames").FrameReader(1 << 17, True)
    assert benchmark(reader.feed, COMPRESSED_FRAME) == [(gateway.hot.TEXT, METER_VALUES)]


@pytest.mark.benchmark(group="read one compressed text frame of 1.2 kB")
@pytest.mark.parametrize("no_context", [True, False], ids=["without context", "with context"])
def test_compressed_frame_by_websockets(benchmark: Benchmark, no_context: bool) -> None:
    protocol = ServerProtocol(state=OPEN)
    protocol.extensions = [PerMessageDeflate(no_context, no_context, 15, 15)]

    def read() -> Any:
        protocol.receive_data(COMPRESSED_FRAME)
        return protocol.events_received()[0].data  # type: ignore[union-attr]

    assert benchmark(read) == METER_VALUES


@pytest.mark.benchmark(group="compress one message of 1.2 kB")
def test_deflate(benchmark: Benchmark) -> None:
    benchmark(Deflater(15).deflate, METER_VALUES)


@pytest.mark.benchmark(group="compress one message of 1.2 kB")
def test_deflate_by_a_new_compressor(benchmark: Benchmark) -> None:
    def deflate() -> bytes:
        stream = zlib.compressobj(1, wbits=-15)
        return stream.compress(METER_VALUES) + stream.flush(zlib.Z_SYNC_FLUSH)

    benchmark(deflate)


@pytest.mark.benchmark(group="write one text frame of 60 bytes")
def test_server_frame(benchmark: Benchmark, package: str) -> None:
    server_frame = importlib.import_module(f"{package}.frames").server_frame
    benchmark(server_frame, 1, b"x" * 60)


@pytest.mark.benchmark(group="split an envelope of 1.2 kB, checking all of it")
def test_envelope(benchmark: Benchmark, package: str) -> None:
    split = importlib.import_module(f"{package}.envelope").split_envelope
    assert benchmark(split, METER_VALUES)[2] == "MeterValues"


@pytest.mark.benchmark(group="split an envelope of 1.2 kB, checking all of it")
@pytest.mark.parametrize(
    "loads", [json.loads, orjson.loads, msgspec.json.Decoder().decode], ids=["json", "orjson", "msgspec"]
)
def test_envelope_by_a_json_library(benchmark: Benchmark, loads: Callable[[bytes], Any]) -> None:
    assert benchmark(loads, METER_VALUES)[2] == "MeterValues"


@pytest.mark.benchmark(group="count one thing")
def test_counter(benchmark: Benchmark, package: str) -> None:
    benchmark(importlib.import_module(f"{package}.counters").Counters(8).add, 3)


@pytest.mark.benchmark(group="count one thing")
def test_counter_by_prometheus_client(benchmark: Benchmark) -> None:
    registry = prometheus_client.CollectorRegistry()
    counter = prometheus_client.Counter("things", "Things.", ["kind"], registry=registry)
    benchmark(counter.labels("x").inc)


@pytest.mark.benchmark(group="observe one value")
def test_histogram(benchmark: Benchmark, package: str) -> None:
    bounds = [0.001 * 2**step for step in range(12)]
    benchmark(importlib.import_module(f"{package}.counters").Histogram(bounds).observe, 0.02)


@pytest.mark.benchmark(group="observe one value")
def test_histogram_by_prometheus_client(benchmark: Benchmark) -> None:
    bounds = [0.001 * 2**step for step in range(12)]
    registry = prometheus_client.CollectorRegistry()
    benchmark(prometheus_client.Histogram("time", "Time.", buckets=bounds, registry=registry).observe, 0.02)


@pytest.mark.benchmark(group="one opening handshake")
@pytest.mark.parametrize(
    "extensions", [b"", b"Sec-WebSocket-Extensions: permessage-deflate\r\n"], ids=["plain", "with deflate"]
)
def test_handshake(benchmark: Benchmark, extensions: bytes) -> None:
    request = (
        b"GET /ocpp/DE*ABC*1 HTTP/1.1\r\nHost: gateway.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Protocol: ocpp2.0.1, ocpp1.6\r\nAuthorization: Basic REUqQUJDKjE6c2VjcmV0\r\n"
        + extensions
        + b"\r\n"
    )

    def shake() -> bytes:
        handshake = Handshake("/ocpp", deflate=True)
        assert handshake.receive(request) is not None
        return handshake.accept("ocpp1.6")

    assert benchmark(shake).startswith(b"HTTP/1.1 101 ")
