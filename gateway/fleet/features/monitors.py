"""Variable monitors and the events that they cause: OCPP 2.x use cases N02 to N08, and 2.1's streams (N11 to N15)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from gateway.fleet.clock import seconds_from
from gateway.fleet.features.streams import Streams
from gateway.fleet.features.timed import Home
from gateway.fleet.intents import MonitorEvent

MONITORS_MAX = 50
"""MonitoringCtrlr: how many a station has room for."""

LOOK_S = 30.0
"""How often thresholds and deltas are looked at."""

CRITERIA = {
    "UpperThreshold": "ThresholdMonitoring",
    "LowerThreshold": "ThresholdMonitoring",
    "Delta": "DeltaMonitoring",
    "Periodic": "PeriodicMonitoring",
    "PeriodicClockAligned": "PeriodicMonitoring",
}
"""MonitorEnumType as far as it is simulated, and the MonitoringCriterionEnumType of each."""


class Monitor(Struct):
    """One monitor of what `place` names: a component and a variable. `measure` reads it at a moment."""

    monitor_id: int
    place: dict[str, Any]
    kind: str
    value: float
    severity: int
    transaction: bool
    measure: Callable[[datetime], float]
    reference: float
    """What was reported last, or was read when it was set."""
    exceeded: bool = False
    due_at: datetime | None = None


class Monitors:
    """The monitors of a station, by id. `level` is the least serious severity that is reported (N04)."""

    __slots__ = ("_home", "_ids", "_monitors", "level", "streams")

    def __init__(self, home: Home) -> None:
        self._home = home
        self._ids = 0
        self._monitors: dict[int, Monitor] = {}
        self.streams = Streams(home)
        self.level = 9

    @property
    def next_at(self) -> datetime | None:
        """See `Timed.next_at`."""
        if not self._monitors:
            return None
        moments = [monitor.due_at for monitor in self._monitors.values()] + [self.streams.next_at]
        return min((at for at in moments if at is not None), default=None)

    def tick(self, now: datetime) -> None:
        """See `Timed.tick`."""
        for monitor in self._monitors.values():
            while monitor.due_at is not None and monitor.due_at <= now:
                due_at, monitor.due_at = monitor.due_at, self._next_due(monitor, monitor.due_at)
                self._look(monitor, due_at)
        self.streams.tick(now)

    def set(self, wanted: Monitor, now: datetime, *, is_new: bool, stream: tuple[int, int] | None = None) -> str:
        """Set a monitor: Accepted, Duplicate, UnsupportedMonitorType or Rejected (SetMonitoringStatusEnumType).

        A new one gets its id here. `stream` is interval and number of values of its event stream.
        """
        if wanted.kind not in CRITERIA:
            return "UnsupportedMonitorType"
        periodic = CRITERIA[wanted.kind] == "PeriodicMonitoring"
        if (periodic and wanted.value < 1) or (wanted.kind == "Delta" and wanted.value < 0):
            return "Rejected"
        if not is_new and wanted.monitor_id not in self._monitors:
            return "Rejected"
        for held in self._monitors.values():
            alike = (held.place, held.kind, held.severity) == (wanted.place, wanted.kind, wanted.severity)
            if alike and (is_new or held.monitor_id != wanted.monitor_id):
                return "Duplicate"
        if is_new and len(self._monitors) >= MONITORS_MAX:
            return "Rejected"
        if is_new:
            self._ids += 1
            wanted.monitor_id = self._ids
        wanted.due_at = self._next_due(wanted, now)
        self._monitors[wanted.monitor_id] = wanted
        self.streams.close(wanted.monitor_id)
        if stream is not None and periodic:
            self.streams.open(wanted.monitor_id, stream[0], stream[1], now)
        return "Accepted"

    def clear(self, monitor_id: int) -> str:
        """Remove a monitor, and its stream: Accepted or NotFound."""
        if self._monitors.pop(monitor_id, None) is None:
            return "NotFound"
        self.streams.close(monitor_id)
        return "Accepted"

    def clear_custom(self) -> None:
        """Remove all: every one was set by a server, none came with the station (N03)."""
        for monitor_id in list(self._monitors):
            self.clear(monitor_id)

    def matching(self, criteria: Sequence[str] | None, fits: Callable[[dict[str, Any]], bool]) -> list[Monitor]:
        """The monitors of these criteria whose place `fits`."""
        return [
            monitor
            for monitor in self._monitors.values()
            if (not criteria or CRITERIA[monitor.kind] in criteria) and fits(monitor.place)
        ]

    def _next_due(self, monitor: Monitor, after: datetime) -> datetime:
        if CRITERIA[monitor.kind] != "PeriodicMonitoring":
            return seconds_from(after, LOOK_S)
        if monitor.kind == "PeriodicClockAligned":
            return seconds_from(after, monitor.value - after.timestamp() % monitor.value)
        return seconds_from(after, monitor.value)

    def _look(self, monitor: Monitor, at: datetime) -> None:
        value = monitor.measure(at)
        if CRITERIA[monitor.kind] == "PeriodicMonitoring":
            if not self.streams.sample(monitor.monitor_id, at, value):
                self._report(monitor, at, value, "Periodic")
        elif monitor.kind == "Delta":
            if abs(value - monitor.reference) > monitor.value:
                monitor.reference = value
                self._report(monitor, at, value, "Delta")
        else:
            above, below = value > monitor.value, value < monitor.value
            exceeded = above if monitor.kind == "UpperThreshold" else below
            if exceeded is not monitor.exceeded:
                monitor.exceeded = exceeded
                self._report(monitor, at, value, "Alerting", cleared=not exceeded)

    def _report(self, monitor: Monitor, at: datetime, value: float, trigger: str, *, cleared: bool = False) -> None:
        if monitor.severity <= self.level:
            self._home.say(
                MonitorEvent(monitor.monitor_id, monitor.place, at, value, trigger, monitor.severity, cleared)
            )
