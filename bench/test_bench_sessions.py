"""A message through a whole session, from its text to the encoded entry; without socket and disk."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gateway.core.records import Entry
from tests.core import said
from tests.core.station_bench import OCPP21, Bench

VALUES = 60
"""Samples in one message of a stream: one a second, sent once a minute."""


class EncodingJournal:
    """Encodes each entry as the journal does, and forgets it."""

    has_room = True

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.encode = msgspec.msgpack.Encoder().encode

    def append(self, entry: Entry, durable: Callable[[], None]) -> None:
        self.encode(entry)
        self.waiting.append(durable)

    def barrier(self, durable: Callable[[], None]) -> None:
        self.waiting.append(durable)

    def commit(self) -> None:
        waiting, self.waiting = self.waiting, []
        for durable in waiting:
            durable()


def _stream_message() -> bytes:
    data = [{"t": second, "v": f"{7200 + second / 10}"} for second in range(VALUES)]
    payload = {"id": 7, "pending": 0, "basetime": said.at(), "data": data}
    return json.dumps([6, "s1", "NotifyPeriodicEventStream", payload], separators=(",", ":")).encode()


def _events() -> bytes:
    """The same samples as a station without streams sends them: an event each, in one NotifyEvent."""
    event = {
        "eventId": 1,
        "timestamp": said.at(),
        "trigger": "Periodic",
        "actualValue": "7200.5",
        "eventNotificationType": "CustomMonitor",
        "variableMonitoringId": 3,
        "component": {"name": "Connector", "evse": {"id": 2, "connectorId": 1}},
        "variable": {"name": "Power"},
    }
    payload = {"generatedAt": said.at(), "seqNo": 0, "eventData": [event] * VALUES}
    return json.dumps([2, "c1", "NotifyEvent", payload], separators=(",", ":")).encode()


def _meter_values() -> bytes:
    payload = said.meter_values_201(*[{"value": 7200 + number} for number in range(VALUES)])
    return json.dumps([2, "c1", "MeterValues", payload], separators=(",", ":")).encode()


@pytest.mark.parametrize("named", [True, False], ids=["named", "by-number"])
def test_an_event_stream_of_60_values(benchmark: Any, named: bool) -> None:
    bench, receive = _session()
    if named:
        receive(_events())
        opened = {"constantStreamData": {"id": 7, "variableMonitoringId": 3, "params": {}}}
        receive(json.dumps([2, "c1", "OpenPeriodicEventStream", opened]).encode())
        receive(_events())
    before = bench.registry.readings_total
    benchmark(receive, _stream_message())
    assert bench.registry.readings_total > before


@pytest.mark.parametrize("message", [_events(), _meter_values()], ids=["NotifyEvent", "MeterValues"])
def test_60_values_otherwise(benchmark: Any, message: bytes) -> None:
    bench, receive = _session()
    before = bench.appended
    benchmark(receive, message)
    assert bench.appended > before


def _session() -> tuple[Bench, Callable[[bytes], None]]:
    journal = EncodingJournal()
    bench = Bench()
    line = bench.connect(OCPP21)
    bench.recorder.journal = journal
    service = bench.services[OCPP21]
    service.journal = journal
    state = line.station.state

    def receive(text: bytes) -> None:
        state.answers.clear()  # or else it would be a repeat
        line.session.receive(text)
        journal.commit()
        line.link.written.clear()

    return bench, receive
