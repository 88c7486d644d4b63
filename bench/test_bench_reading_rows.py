"""Entries of the journal as rows of a binary COPY: the leaf beside its twin, and what decoding alone costs."""

import importlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from gateway.core.records import Channel, Entry, MeterValue, Readings, Sample, TransactionEvent
from gateway.hot import NO_ROLE, POWER, REGISTER

PACKAGES = {"compiled": "gateway._speedups", "plain": "gateway.hot"}
MESSAGES = 1000
START = datetime(2025, 6, 1, tzinfo=UTC)
MEASURED = [
    *[("Energy.Active.Import.Register", None, "Wh", REGISTER)],
    *[("Power.Active.Import", phase, "W", POWER) for phase in (None, "L1", "L2", "L3")],
    *[("Current.Import", phase, "A", NO_ROLE) for phase in ("L1", "L2", "L3")],
]
CHANNELS = [Channel(name, phase, "Sample.Periodic", "Outlet", unit) for name, phase, unit, _ in MEASURED]
CODES = {
    msgspec.msgpack.encode(channel): (index, index, 1, 1, 1, row[3])
    for index, (channel, row) in enumerate(zip(CHANNELS, MEASURED, strict=True))
}

Benchmark = Callable[..., Any]


def body(*, events: bool = False) -> bytes:
    """Messages of eight samples, each of another station: of 1.6, or transaction events of 2.x."""
    entries = []
    for index in range(MESSAGES):
        time = START + timedelta(milliseconds=index)
        samples = [Sample(channel, 1000.5 + index) for channel in CHANNELS]
        readings = Readings(1, 1, f"{index:08}-transaction", [MeterValue(time, samples)])
        event = TransactionEvent(
            *(time, "Updated", f"{index:08}-transaction", 1, 1, "MeterValuePeriodic", 7, None, "Charging", None, 1000.5)
        )
        records = [event, readings] if events else [readings]
        entries.append(Entry(f"DE*ABC*{index:06}", time, b"12345678", b"{}", records))
    return msgspec.msgpack.encode(entries)


@pytest.fixture(params=PACKAGES)
def leaf(request: pytest.FixtureRequest) -> Any:
    return importlib.import_module(f"{PACKAGES[request.param]}.reading_rows")


@pytest.mark.benchmark(group="1,000 messages of eight samples")
@pytest.mark.parametrize("copied", [True, False], ids=["rows and sums", "sums"])
def test_take(benchmark: Benchmark, leaf: Any, copied: bool) -> None:
    rows = leaf.ReadingRows(lambda identity: int(identity[7:]), CODES.__getitem__)
    batch = body()

    def take() -> tuple[bytes, Any]:
        rows.take(batch, copied=copied)
        return rows.take_copy(), rows.take_merged()

    stream, merged = benchmark(take)
    assert len(merged.registers) == MESSAGES
    assert len(merged.powers) == 4 * MESSAGES
    assert (len(stream) > 100 * 8 * MESSAGES) == copied


@pytest.mark.benchmark(group="1,000 messages of eight samples")
def test_take_transaction_events(benchmark: Benchmark, leaf: Any) -> None:
    rows = leaf.ReadingRows(lambda identity: int(identity[7:]), CODES.__getitem__)
    batch = body(events=True)

    def take() -> tuple[bytes, Any]:
        assert rows.take(batch) == []
        return rows.take_copy(), rows.take_merged()

    stream, merged = benchmark(take)
    assert len(merged.registers) == len(merged.updates) == MESSAGES
    assert len(stream) > 100 * 8 * MESSAGES


@pytest.mark.benchmark(group="1,000 messages of eight samples")
def test_stations_in(benchmark: Benchmark, leaf: Any) -> None:
    assert len(benchmark(leaf.stations_in, body())) == MESSAGES


@pytest.mark.benchmark(group="1,000 messages of eight samples")
def test_decode_only(benchmark: Benchmark) -> None:
    assert len(benchmark(msgspec.msgpack.Decoder(list[Entry]).decode, body())) == MESSAGES
