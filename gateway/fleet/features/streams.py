"""Periodic event streams of OCPP 2.1 (use cases N11 to N15): samples that travel together, and are never answered."""

from datetime import datetime

from msgspec import Struct

from gateway.fleet.clock import seconds_from
from gateway.fleet.features.timed import Home
from gateway.fleet.intents import StreamClosed, StreamData, StreamOpened

INTERVAL_S = 60
"""Between two messages, where the server leaves it to the station."""

VALUES_MAX = 100
"""Samples kept for one message at most; then it is sent early."""


class Stream(Struct):
    """The samples of one monitor. `accepted` is the server's answer to its opening; before that it only collects."""

    stream_id: int
    monitor_id: int
    interval_s: int
    values: int
    due_at: datetime
    accepted: bool = False
    samples: list[tuple[datetime, float]] = []


class Streams:
    """The streams of a station, by monitor. A message goes out when its interval has passed or it holds `values`."""

    __slots__ = ("_by_monitor", "_home", "_ids")

    def __init__(self, home: Home) -> None:
        self._home = home
        self._ids = 0
        self._by_monitor: dict[int, Stream] = {}

    @property
    def next_at(self) -> datetime | None:
        """See `Timed.next_at`."""
        return min((stream.due_at for stream in self._by_monitor.values()), default=None)

    def tick(self, now: datetime) -> None:
        """See `Timed.tick`."""
        for stream in self._by_monitor.values():
            if stream.due_at <= now:
                self._send(stream, now)

    def open(self, monitor_id: int, interval_s: int, values: int, now: datetime) -> None:
        """Ask the server to take a stream; 0 leaves `interval_s` or `values` to the station."""
        self._ids += 1
        interval_s = interval_s or INTERVAL_S
        stream = Stream(self._ids, monitor_id, interval_s, values, seconds_from(now, interval_s))
        self._by_monitor[monitor_id] = stream
        self._home.say(StreamOpened(stream.stream_id, monitor_id, interval_s, values))

    def answered(self, stream_id: int, accepted: bool) -> None:
        """The server takes the stream, or does not: then the monitor's events are sent one by one."""
        for monitor_id, stream in list(self._by_monitor.items()):
            if stream.stream_id == stream_id:
                stream.accepted = accepted
                if not accepted:
                    del self._by_monitor[monitor_id]

    def reopen(self, now: datetime) -> None:
        """The server has registered the station anew: it knows of no stream any more."""
        for stream in list(self._by_monitor.values()):
            self.open(stream.monitor_id, stream.interval_s, stream.values, now)

    def close(self, monitor_id: int) -> None:
        """End the stream of a monitor, if it has one, and tell the server."""
        stream = self._by_monitor.pop(monitor_id, None)
        if stream is not None and stream.accepted:
            self._home.say(StreamClosed(stream.stream_id))

    def adjust(self, stream_id: int, interval_s: int, values: int, now: datetime) -> bool:
        """Change when messages go out; False where there is no such stream."""
        for stream in self._by_monitor.values():
            if stream.stream_id == stream_id:
                stream.interval_s, stream.values = interval_s or INTERVAL_S, values
                stream.due_at = seconds_from(now, stream.interval_s)
                return True
        return False

    def all(self) -> list[Stream]:
        """The streams, as they are."""
        return list(self._by_monitor.values())

    def sample(self, monitor_id: int, at: datetime, value: float) -> bool:
        """Keep a sample for the stream of a monitor; False where it has none."""
        stream = self._by_monitor.get(monitor_id)
        if stream is None:
            return False
        stream.samples.append((at, value))
        if len(stream.samples) >= min(stream.values or VALUES_MAX, VALUES_MAX):
            self._send(stream, at)
        return True

    def _send(self, stream: Stream, now: datetime) -> None:
        stream.due_at = seconds_from(now, stream.interval_s)
        if not stream.accepted:
            del stream.samples[:-VALUES_MAX]
            return
        if stream.samples:
            self._home.say(StreamData(stream.stream_id, tuple(stream.samples)))
            stream.samples = []
