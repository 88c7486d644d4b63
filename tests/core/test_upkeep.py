from itertools import pairwise
from typing import Any

import pytest

from gateway.core.authorisation import Token
from gateway.core.facts.item_limits import KEY as LIMITS_KEY
from gateway.core.facts.item_limits import LIMITS, ItemLimits
from gateway.core.facts.local_list import KEY, LIST, ListState
from gateway.core.stations import Station
from gateway.core.token_history import TokenHistory, TokenList
from gateway.core.upkeep import (
    RETRY_S_FIRST,
    SETTLE_S,
    TRIES_MAX,
    VOID_MAX,
    Attended,
    Upkeep,
    UpkeepPolicy,
    Waiting,
    attend,
)
from tests.core.scripted_station import ScriptedStation, Silent
from tests.core.station_bench import BEGIN, OCPP16, OCPP21, OCPP201, Bench
from tests.core.test_event_streams import open_stream

HISTORY = TokenHistory([TokenList(1, ()), TokenList(2, (Token(id="A"),))])
POLICY = UpkeepPolicy(
    trigger_boot_after_s=10.0,
    reset_unbooted=False,
    read_limits=True,
    name_streams=True,
    concurrent_max=2,
    starts_per_s=10.0,
)


class Desk:
    """An Upkeep with a clock that a test sets, and what it began."""

    def __init__(self, history: TokenHistory | None = None, **changes: Any) -> None:
        self.now = 0.0
        self.bench = Bench()
        self.begun: list[Waiting] = []
        self.policy = UpkeepPolicy(**{**_fields(POLICY), **changes})
        self.due: list[float] = []
        self.upkeep = Upkeep(
            self.policy,
            token_history=lambda station: history,
            begin=self.begun.append,
            schedule=lambda upkeep, deadline: self.due.append(deadline),
            monotonic=lambda: self.now,
        )

    def connect(self, identity: str, *, booted: bool = True) -> Station:
        station = self.bench.connect(OCPP201, identity, booted=booted).station
        self.upkeep.connected(station)
        return station

    def disconnect(self, station: Station) -> None:
        station.session = None
        self.upkeep.gone(station)

    def wait(self, until: float) -> list[str]:
        """Let time pass as the timer wheel does, and return who was begun."""
        before = len(self.begun)
        while self.due and (due := min(self.due)) <= until:
            self.due.remove(due)
            self.now = max(self.now, due)
            following = self.upkeep.tick(self.now)
            if following is not None:
                self.due.append(following)
        self.now = until
        return [waiting.station.identity for waiting in self.begun[before:]]


def _fields(policy: UpkeepPolicy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in policy.__struct_fields__}


class TestWhoIsAttendedTo:
    def test_a_station_that_never_booted_is_waited_for_first(self) -> None:
        desk = Desk()
        desk.connect("A", booted=False)
        assert desk.wait(9.0) == []
        assert desk.wait(11.0) == ["A"]

    def test_nobody_is_asked_to_boot_where_that_is_switched_off(self) -> None:
        desk = Desk(trigger_boot_after_s=None)
        desk.connect("A", booted=False)
        assert desk.wait(100.0) == []

    def test_a_station_that_boots_in_time_is_not_asked_to(self) -> None:
        desk = Desk(read_limits=False)
        line = desk.bench.connect(OCPP201, "A", booted=False)
        desk.upkeep.connected(line.station)
        line.ask("BootNotification", {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}})
        desk.upkeep.noted(line.station, "BootNotification")
        assert desk.wait(100.0) == []
        assert desk.upkeep.waiting == 0

    def test_a_station_is_left_alone_where_nothing_is_to_be_done(self) -> None:
        desk = Desk(read_limits=False)
        desk.connect("A")
        assert desk.wait(100.0) == []

    @pytest.mark.parametrize("registration", ["Pending", "Rejected"])
    def test_a_station_that_is_not_accepted_is_left_alone(self, registration: Any) -> None:
        desk = Desk(HISTORY)
        desk.bench.registration = registration
        station = desk.connect("A")
        desk.upkeep.noted(station, "BootNotification")
        assert desk.wait(100.0) == []

    def test_limits_are_read_once_a_firmware(self) -> None:
        desk = Desk()
        station = desk.bench.connect(OCPP201, "A").station
        limits = LIMITS.holds(LIMITS_KEY, ItemLimits(None, {}), BEGIN)
        desk.bench.recorder.record(station, [limits], BEGIN)
        desk.upkeep.connected(station)
        assert desk.wait(100.0) == []
        other = LIMITS.holds(LIMITS_KEY, ItemLimits("other firmware", {}), BEGIN)
        desk.bench.recorder.record(station, [other], BEGIN)
        desk.upkeep.connected(station)
        assert desk.wait(200.0) == ["A"]

    @pytest.mark.parametrize(
        ("state", "on_connect", "on_boot"),
        [
            (ListState(), True, True),
            (ListState(1), True, True),
            (ListState(2), False, True),
            (ListState(problem="failed"), True, True),
            (ListState(problem="too_small"), True, True),
            (ListState(problem="disabled"), False, True),
            (ListState(problem="unsupported"), False, False),
            (ListState(problem="unsupported", firmware="older"), True, True),
        ],
    )
    def test_a_list_is_looked_after_where_that_may_help(
        self, state: ListState, on_connect: bool, on_boot: bool
    ) -> None:
        desk = Desk(HISTORY, read_limits=False)
        station = desk.bench.connect(OCPP201, "A").station
        desk.bench.recorder.record(station, [LIST.holds(KEY, state, BEGIN)], BEGIN)
        desk.upkeep.connected(station)
        assert bool(desk.wait(50.0)) is on_connect
        desk.upkeep.noted(station, "BootNotification")
        assert bool(desk.wait(100.0)) is on_boot
        assert all(waiting.booted for waiting in desk.begun[int(on_connect) :])

    def test_a_station_has_time_to_settle(self) -> None:
        desk = Desk()
        desk.connect("A")
        assert desk.wait(SETTLE_S - 0.1) == []
        assert desk.wait(SETTLE_S + 0.1) == ["A"]

    def test_who_left_is_not_attended_to(self) -> None:
        desk = Desk()
        station = desk.connect("A")
        desk.disconnect(station)
        assert desk.upkeep.waiting == 0
        assert desk.wait(100.0) == []

    def test_the_end_of_an_older_connection_changes_nothing(self) -> None:
        desk = Desk()
        station = desk.connect("A")
        desk.wait(1.0)
        desk.connect("A")
        desk.upkeep.gone(station)
        assert desk.wait(100.0) == ["A"]


class TestPace:
    def test_no_more_than_so_many_are_under_way(self) -> None:
        desk = Desk()
        for number in range(5):
            desk.connect(str(number))
        assert desk.wait(50.0) == ["0", "1"]
        assert desk.upkeep.under_way == 2
        desk.upkeep.ended(desk.begun[0], Attended.DONE)
        assert desk.wait(60.0) == []  # the next began at once
        assert [waiting.station.identity for waiting in desk.begun] == ["0", "1", "2"]
        for number in (1, 2, 3, 4):
            desk.upkeep.ended(desk.begun[number], Attended.DONE)
        assert desk.upkeep.under_way == 0
        assert desk.upkeep.attended == {Attended.DONE: 5, Attended.AGAIN: 0, Attended.WILL_NOT_BOOT: 0}
        assert len(desk.begun) == 5

    def test_they_begin_at_the_pace(self) -> None:
        desk = Desk(concurrent_max=1000)
        for number in range(100):
            desk.connect(str(number))
        assert len(desk.wait(SETTLE_S + 1.0)) == pytest.approx(20, abs=3)
        assert len(desk.wait(SETTLE_S + 3.0)) == pytest.approx(20, abs=2)
        assert len(desk.wait(SETTLE_S + 20.0)) == pytest.approx(60, abs=3)

    def test_those_who_come_first_are_first(self) -> None:
        desk = Desk(concurrent_max=1000)
        for name in "ABC":
            desk.connect(name)
            desk.wait(desk.now + 0.1)
        assert desk.wait(60.0) == ["A", "B", "C"]

    def test_turns_that_became_void_take_no_place_for_ever(self) -> None:
        desk = Desk(trigger_boot_after_s=3600.0)
        for _ in range(3 * VOID_MAX):
            desk.disconnect(desk.connect("A", booted=False))
        assert len(desk.upkeep._queue) <= VOID_MAX + 1
        desk.connect("A", booted=False)
        assert desk.wait(4000.0) == ["A"]


class TestRetries:
    def test_pauses_double_and_end(self) -> None:
        desk = Desk()
        desk.connect("A")
        desk.wait(SETTLE_S + 1.0)
        begun_at = [desk.now]
        for _ in range(20):
            desk.upkeep.ended(desk.begun[-1], Attended.AGAIN)
            before = len(desk.begun)
            while len(desk.begun) == before and desk.now < begun_at[-1] + 7300.0:
                desk.wait(desk.now + 5.0)
            if len(desk.begun) == before:
                break
            begun_at.append(desk.now)
        pauses = [later - earlier for earlier, later in pairwise(begun_at)]
        assert len(begun_at) == TRIES_MAX
        assert pauses == pytest.approx([RETRY_S_FIRST * 2**number for number in range(TRIES_MAX - 1)], abs=6)

    def test_a_new_connection_begins_anew(self) -> None:
        desk = Desk()
        station = desk.connect("A")
        desk.wait(5.0)
        desk.disconnect(station)
        desk.upkeep.ended(desk.begun[-1], Attended.AGAIN)
        assert desk.wait(10_000.0) == []
        desk.connect("A")
        desk.wait(desk.now + 5.0)
        assert desk.begun[-1].tries == 0

    def test_a_station_that_opens_a_stream_of_an_unknown_monitor_is_attended_to(self) -> None:
        desk = Desk(read_limits=False)
        line = desk.bench.connect(OCPP21, "A")
        desk.upkeep.connected(line.station)
        assert desk.wait(10.0) == []
        open_stream(line, stream=7, monitor=3)
        desk.upkeep.noted(line.station, "OpenPeriodicEventStream")
        assert desk.wait(20.0) == ["A"]

    def test_a_stream_does_not_put_off_what_a_boot_asks_for(self) -> None:
        desk = Desk(HISTORY)
        line = desk.bench.connect(OCPP21, "A")
        desk.upkeep.connected(line.station)
        desk.upkeep.noted(line.station, "BootNotification")
        open_stream(line, stream=7, monitor=3)
        desk.upkeep.noted(line.station, "OpenPeriodicEventStream")
        desk.wait(20.0)
        assert [waiting.booted for waiting in desk.begun] == [True]


class TestAttending:
    def attend(self, station: ScriptedStation, *, booted: bool = False, **changes: Any) -> Attended:
        policy = UpkeepPolicy(**{**_fields(POLICY), **changes})

        async def flow(operator: Any, known: Station, request: None) -> Attended:
            return await attend(operator, policy, known, booted=booted)

        return station.run(flow, None)

    @pytest.mark.parametrize("version", [OCPP16, OCPP201, OCPP21])
    def test_a_station_that_never_booted_is_asked_to_and_may(self, version: str) -> None:
        station = ScriptedStation(version, {"TriggerMessage": lambda payload: {"status": "Accepted"}})
        station.station.state.registration = None
        assert self.attend(station) is Attended.DONE
        assert station.asked == [("TriggerMessage", {"requestedMessage": "BootNotification"})]
        station.boot("2.0")
        assert station.station.state.registration == "Accepted"

    @pytest.mark.parametrize("version", [OCPP16, OCPP201, OCPP21])
    @pytest.mark.parametrize("script", [{}, {"TriggerMessage": lambda payload: {"status": "Rejected"}}])
    def test_a_station_that_will_not_boot_is_not_pressed(self, version: str, script: dict[str, Any]) -> None:
        station = ScriptedStation(version, script)
        station.station.state.registration = None
        assert self.attend(station) is Attended.WILL_NOT_BOOT
        assert len(station.asked) == 1

    @pytest.mark.parametrize("version", [OCPP16, OCPP201, OCPP21])
    def test_only_a_2x_station_that_refuses_is_reset_and_only_when_idle(self, version: str) -> None:
        script = {"TriggerMessage": lambda payload: {"status": "Rejected"}}
        station = ScriptedStation(version, {**script, "Reset": lambda payload: {"status": "Scheduled"}})
        station.station.state.registration = None
        attended = self.attend(station, reset_unbooted=True)
        if version == OCPP16:
            assert attended is Attended.WILL_NOT_BOOT
            assert station.asked_for("Reset") == []
        else:
            assert attended is Attended.DONE
            assert station.asked_for("Reset") == [{"type": "OnIdle"}]

    def test_a_deaf_station_is_tried_again(self) -> None:
        def silent(payload: Any) -> Any:
            raise Silent

        station = ScriptedStation(OCPP16, {"TriggerMessage": silent})
        station.station.state.registration = None
        assert self.attend(station) is Attended.AGAIN

    def test_a_station_that_stopped_being_accepted_is_left_alone(self) -> None:
        station = ScriptedStation(OCPP16, {})
        station.station.state.registration = "Rejected"
        assert self.attend(station) is Attended.DONE
        assert station.asked == []

    def test_limits_come_first_and_then_the_list(self) -> None:
        script = {
            "GetConfiguration": lambda payload: {"unknownKey": payload["key"]},
            "GetLocalListVersion": lambda payload: {"listVersion": 0},
            "SendLocalList": lambda payload: {"status": "Accepted"},
        }
        station = ScriptedStation(OCPP16, script)
        station.histories = HISTORY
        assert self.attend(station) is Attended.DONE
        assert [action for action, _ in station.asked] == [*script]
        assert self.attend(station) is Attended.DONE
        assert len(station.asked) == 3
        assert self.attend(station, booted=True) is Attended.DONE
        assert [action for action, _ in station.asked[3:]] == ["GetLocalListVersion", "SendLocalList"]

    @pytest.mark.parametrize(("status", "attended"), [("Failed", Attended.AGAIN), ("NotSupported", Attended.DONE)])
    def test_a_list_that_failed_is_tried_again_but_not_one_that_cannot_be(
        self, status: str, attended: Attended
    ) -> None:
        script = {
            "GetConfiguration": lambda payload: {},
            "GetLocalListVersion": lambda payload: {"listVersion": 0},
            "SendLocalList": lambda payload: {"status": status},
        }
        station = ScriptedStation(OCPP16, script)
        station.histories = HISTORY
        assert self.attend(station, read_limits=False) is attended

    def test_a_stream_of_an_unknown_monitor_is_named_by_asking_for_the_monitors(self) -> None:
        station = ScriptedStation(OCPP21, {"GetMonitoringReport": lambda payload: {"status": "Accepted"}})
        open_stream(station.line, stream=7, monitor=3)
        station.bench.journal.commit_all()
        station.line.heard()

        def report(payload: Any) -> Any:
            monitor = {"id": 3, "transaction": False, "value": 1, "type": "Periodic", "severity": 8}
            monitor["eventNotificationType"] = "CustomMonitor"
            watched = {"component": {"name": "Connector", "evse": {"id": 1}}, "variable": {"name": "ACCurrent"}}
            part = {"requestId": payload["requestId"], "seqNo": 0, "generatedAt": BEGIN.isoformat()}
            station.send("NotifyMonitoringReport", part | {"monitor": [watched | {"variableMonitoring": [monitor]}]})
            return {"status": "Accepted"}

        station.script["GetMonitoringReport"] = report
        assert self.attend(station, read_limits=False) is Attended.DONE
        assert station.asked_for("GetMonitoringReport")[0]["monitoringCriteria"] == ["PeriodicMonitoring"]
        assert self.attend(station, read_limits=False) is Attended.DONE
        assert len(station.asked) == 1

    def test_a_stream_of_a_monitor_that_the_station_does_not_report_keeps_its_number(self) -> None:
        station = ScriptedStation(OCPP21, {"GetMonitoringReport": lambda payload: {"status": "EmptyResultSet"}})
        open_stream(station.line, stream=7, monitor=3)
        assert self.attend(station, read_limits=False) is Attended.DONE
        assert self.attend(station, read_limits=False, name_streams=False) is Attended.DONE
        assert len(station.asked) == 1
