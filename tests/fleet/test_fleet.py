"""Whole fleets on a clock turned by hand, against a server in memory."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from gateway.fleet import Behaviour, Fleet
from gateway.fleet.fleet import identity
from gateway.fleet.link import LinkLost
from gateway.fleet.runner import DialFailures
from tests.fleet.csms import OCPP16, OCPP21, OCPP201, Call, Csms, Fail, Hang, Silence, memory_dial
from tests.fleet.manual_clock import ManualClock
from tests.fleet.schemas import errors

HOUR_S = 3600
VERSIONS = [OCPP16, OCPP201, OCPP21]
NOTICES = {"StatusNotification", "NotifyEvent", "Heartbeat", "Authorize"}
BUSY = Behaviour(first_arrival_s_mean=60, idle_s_mean=300, stay_s=(900, 5400), limited=0.3, offline_every_s_mean=7200)
ALWAYS_ONLINE = Behaviour(first_arrival_s_mean=60, idle_s_mean=300, stay_s=(900, 5400), offline_every_s_mean=None)
STOPPED = {"Local", "EVDisconnected", "Remote", "Other", "DeAuthorized", "ImmediateReset"}


@asynccontextmanager
async def running(csms: Csms, clock: ManualClock, *, dial=None, **options):
    options = {"stations": 1, "seed": 5, "versions": [OCPP16, OCPP201, OCPP21], "behaviour": BUSY} | options
    fleet = Fleet("ws://unused", clock=clock, dial=dial or memory_dial(csms), **options)
    task = asyncio.create_task(fleet.run())
    try:
        yield fleet
    finally:
        fleet.stop()
        await task


async def finish(fleet: Fleet, clock: ManualClock) -> None:
    task = asyncio.create_task(fleet.finish())
    await clock.turn(4 * HOUR_S, until=task.done)
    assert task.done(), fleet.statistics


def simulate(hours: float, *, csms: Csms | None = None, **options) -> tuple[Csms, Fleet]:
    csms = csms or Csms()

    async def run() -> Fleet:
        clock = ManualClock()
        async with running(csms, clock, **options) as fleet:
            await clock.turn(hours * HOUR_S)
            await finish(fleet, clock)
            return fleet

    return csms, asyncio.run(run())


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def registers(meter_value: dict) -> list[tuple[str, float]]:
    return [
        (meter_value["timestamp"], float(sample["value"]))
        for sample in meter_value["sampledValue"]
        if sample["measurand"] == "Energy.Active.Import.Register"
    ]


@pytest.fixture(scope="module")
def day() -> tuple[Csms, Fleet]:
    """Half a working day of twelve stations of all versions, with networks that fail."""
    return simulate(5, stations=12)


def test_every_message_of_every_session_is_valid_by_its_schema(day):
    csms, _ = day
    assert len(csms.calls) > 3000
    assert [e for c in csms.calls for e in errors(c.version, c.action, c.payload)] == []
    actions = {version: {c.action for c in csms.calls if c.version == version} for version in VERSIONS}
    common = {"BootNotification", "Heartbeat", "Authorize"}
    assert actions[OCPP16] == common | {"StatusNotification", "StartTransaction", "MeterValues", "StopTransaction"}
    assert actions[OCPP201] == common | {"StatusNotification", "TransactionEvent"}
    assert actions[OCPP21] == common | {"NotifyEvent", "TransactionEvent"}


def test_no_second_call_is_sent_before_the_first_answer(day):
    """The server in memory answers inside `send`: one call more than answers would show as a difference."""
    _, fleet = day
    statistics = fleet.statistics
    assert statistics.calls == statistics.results
    assert statistics.timeouts == statistics.errors == statistics.malformed == 0


def test_the_truth_about_a_1_6_transaction_is_what_the_server_was_told(day):
    csms, fleet = day
    truths = [truth for truth in fleet.transactions if truth.version == OCPP16]
    starts = {(c.station, c.payload["timestamp"]): c.payload for c in csms.calls if c.action == "StartTransaction"}
    stops = {c.payload["transactionId"]: c.payload for c in csms.calls if c.action == "StopTransaction"}
    assert len(truths) == len(starts) == len(stops) > 20
    for truth in truths:
        stop = stops[truth.server_id]
        started = truth.started_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        assert starts[truth.station, started]["meterStart"] == truth.register_start_wh
        assert (moment(stop["timestamp"]), stop["meterStop"]) == (truth.ended_at, truth.register_end_wh)
        sent = [
            (moment(value["timestamp"]), float(sample["value"]))
            for payload in csms.of("MeterValues", truth.station)
            if payload["transactionId"] == truth.server_id
            for value in payload["meterValue"]
            for sample in value["sampledValue"]
            if sample["measurand"] == "Energy.Active.Import.Register"
        ]
        assert sent == [(sample.time, sample.register_wh) for sample in truth.samples]


@pytest.mark.parametrize("version", [OCPP201, OCPP21])
def test_a_2_x_transaction_counts_from_zero_without_a_gap_in_order(day, version):
    csms, fleet = day
    truths = [truth for truth in fleet.transactions if truth.version == version]
    assert len(truths) > 10
    for truth in truths:
        events = [e for e in csms.of("TransactionEvent") if e["transactionInfo"]["transactionId"] == truth.transaction]
        assert [e["seqNo"] for e in events] == list(range(len(events)))
        assert [e["eventType"] for e in events] == ["Started", *["Updated"] * (len(events) - 2), "Ended"]
        assert truth.acknowledged == len(events)
        assert sum(e.get("offline", False) for e in events) == truth.sent_offline
        register = [wh for e in events for value in e.get("meterValue", []) for _, wh in registers(value)]
        assert register == sorted(register)
        assert (register[0], register[-1]) == (truth.register_start_wh, truth.register_end_wh)
        assert events[-1]["transactionInfo"]["stoppedReason"] == truth.stopped_reason


def test_transactions_add_up_to_the_energy_of_the_fleet(day):
    _, fleet = day
    assert all(truth.stopped_reason in STOPPED for truth in fleet.transactions)
    total_wh = sum(truth.energy_wh for truth in fleet.transactions)
    assert fleet.statistics.energy_wh == pytest.approx(total_wh, rel=1e-9)
    for truth in fleet.transactions:
        assert abs(truth.register_end_wh - truth.register_start_wh - truth.energy_wh) < 1


def test_a_station_forgets_a_transaction_once_its_end_is_answered(day):
    _, fleet = day
    stations = {station.identity: station for station in fleet.stations}
    assert [stations[truth.station].truth(truth.transaction) for truth in fleet.transactions] == [None] * len(
        fleet.transactions
    )


def test_what_happened_offline_is_replayed_in_order_with_its_own_time(day):
    csms, fleet = day
    truths = [truth for truth in fleet.transactions if truth.sent_offline > 2 and truth.version == OCPP201]
    assert truths
    for truth in truths:
        events = [e for e in csms.of("TransactionEvent") if e["transactionInfo"]["transactionId"] == truth.transaction]
        times = [moment(e["timestamp"]) for e in events]
        assert times == sorted(times)
        periodic = [e for e in events if e["triggerReason"] == "MeterValuePeriodic"]
        gaps_s = {(moment(b["timestamp"]) - moment(a["timestamp"])).total_seconds() for a, b in pairwise(periodic)}
        assert gaps_s <= {60.0}


def test_status_of_a_1_6_connector_takes_only_the_steps_that_the_specification_allows():
    csms, _ = simulate(12, stations=4, versions=[OCPP16], behaviour=ALWAYS_ONLINE)
    charging = {"Charging", "SuspendedEV", "SuspendedEVSE"}
    allowed = {  # OCPP 1.6, section 4.9, as far as a station without reservations and faults goes
        "Available": {"Preparing"},
        "Preparing": charging | {"Available"},
        **{status: (charging - {status}) | {"Finishing"} for status in charging},
        "Finishing": {"Available"},
    }
    seen = set()
    connectors = {(c.station, c.payload["connectorId"]) for c in csms.calls if c.action == "StatusNotification"}
    for station, connector in connectors:
        told = [s["status"] for s in csms.of("StatusNotification", station) if s["connectorId"] == connector]
        assert told[0] == "Available"
        assert all(after in allowed[before] for before, after in pairwise(told))
        seen |= set(told)
    assert seen == set(allowed)


def test_a_2_0_1_connector_is_told_available_and_occupied_in_turn():
    csms, _ = simulate(6, stations=2, versions=[OCPP201], behaviour=ALWAYS_ONLINE)
    told = csms.of("StatusNotification", "SIM-0001")
    for evse in {s["evseId"] for s in told}:
        of_evse = [s["connectorStatus"] for s in told if s["evseId"] == evse]
        assert of_evse[0] == "Available"
        assert all(before != after for before, after in pairwise(of_evse))
        assert set(of_evse) == {"Available", "Occupied"}


def test_the_same_seed_says_the_same_and_another_does_not():
    def conversation(seed: int) -> list:
        csms, _ = simulate(5, stations=4, seed=seed)
        return [(c.station, c.message_id, c.action, c.payload, c.connection) for c in csms.calls]

    first = conversation(11)
    assert len(first) > 500
    assert conversation(11) == first
    assert conversation(12) != first


def test_drivers_keep_their_plans_when_the_network_changes():
    def cards(csms: Csms) -> list[str]:
        _, fleet = simulate(4, csms=csms, versions=[OCPP201], seed=8)
        return [truth.id_token for truth in fleet.transactions]

    disturbed = Csms()
    dropped = iter([False] * 20 + [True])

    def drop_one(call: Call) -> None:
        if next(dropped, False):
            raise Hang

    disturbed.before_answer = drop_one
    calm = cards(Csms())
    assert len(calm) > 2
    assert cards(disturbed)[: len(calm)] == calm


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("fault", [Hang, Silence])
def test_an_unanswered_transaction_message_is_repeated_unchanged_and_nothing_is_lost(version, fault):
    """Every fifth message finds the server, but its answer does not find the station."""
    csms = Csms()
    faults: list[Call] = []

    def lose_answers(call: Call) -> None:
        transactional = call.action in ("TransactionEvent", "StartTransaction", "StopTransaction", "MeterValues")
        repeats = sum(call.payload == earlier.payload for earlier in faults)
        if transactional and len(csms.calls) % 5 == 0 and repeats == 0:
            faults.append(call)
            raise fault

    csms.before_answer = lose_answers
    _, fleet = simulate(3, csms=csms, versions=[version], behaviour=ALWAYS_ONLINE)
    assert len(faults) > 10
    for call in faults:
        sent = [c for c in csms.calls if c.payload == call.payload and c.action == call.action]
        assert len(sent) == 2
        assert (sent[0].connection == sent[1].connection) is (fault is Silence)
    transactional = [c for c in csms.calls if c.action not in NOTICES]
    for lost in faults:
        index = transactional.index(lost)
        assert transactional[index + 1].payload == lost.payload, "something overtook the unanswered message"
    statistics = fleet.statistics
    assert statistics.steps_waiting == statistics.steps_lost == statistics.steps_forgotten == 0
    for truth in fleet.transactions:
        if version == OCPP16:
            assert truth.acknowledged == len(truth.samples) + 2
        else:
            sent = {
                e["seqNo"]
                for e in csms.of("TransactionEvent")
                if e["transactionInfo"]["transactionId"] == truth.transaction
            }
            assert truth.acknowledged == len(sent) == max(sent) + 1


def test_a_message_answered_with_errors_is_given_up_after_three_attempts():
    csms = Csms()

    def refuse_starts(call: Call) -> None:
        if call.action == "StartTransaction":
            raise Fail("InternalError")

    csms.before_answer = refuse_starts
    _, fleet = simulate(2, csms=csms, versions=[OCPP16], behaviour=ALWAYS_ONLINE)
    starts = csms.of("StartTransaction")
    assert len(starts) == 3 * len({s["timestamp"] for s in starts}) == 3 * len(fleet.transactions)
    assert fleet.statistics.steps_lost == len(fleet.transactions) > 0
    assert {s["transactionId"] for s in csms.of("StopTransaction")} == {-1}


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
def test_until_accepted_a_station_only_boots_at_the_interval_of_the_server(status):
    csms = Csms()
    boots: list[datetime] = []

    async def run() -> None:
        clock = ManualClock()

        def not_yet(call: Call) -> dict | None:
            if call.action != "BootNotification":
                return None
            boots.append(clock.now())
            if len(boots) > 3:
                return None
            return {"status": status, "currentTime": clock.now().isoformat(), "interval": 17}

        csms.before_answer = not_yet
        async with running(csms, clock, behaviour=ALWAYS_ONLINE):
            await clock.turn(HOUR_S)

    asyncio.run(run())
    assert [b - a for a, b in pairwise(boots)] == [timedelta(seconds=17)] * 3
    assert [c.action for c in csms.calls[:5]] == ["BootNotification"] * 4 + ["StatusNotification"]


def test_a_station_that_comes_back_neither_boots_again_nor_repeats_what_has_not_changed():
    nobody_comes = Behaviour(first_arrival_s_mean=1e9, offline_every_s_mean=1800)
    csms, _ = simulate(6, behaviour=nobody_comes)
    assert csms.connections > 3
    assert len(csms.of("BootNotification")) == 1
    connectors = [s["connectorId"] for s in csms.of("StatusNotification")]
    assert len(connectors) == len(set(connectors))


def test_heartbeats_come_at_the_interval_of_the_server():
    csms = Csms(heartbeat_s=90)
    beats: list[datetime] = []

    async def run() -> None:
        clock = ManualClock()
        csms.before_answer = lambda call: beats.append(clock.now()) if call.action == "Heartbeat" else None
        async with running(csms, clock, behaviour=ALWAYS_ONLINE):
            await clock.turn(HOUR_S)

    asyncio.run(run())
    assert len(beats) == 40
    assert {b - a for a, b in pairwise(beats)} == {timedelta(seconds=90)}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_refused_card_charges_nothing(version):
    csms = Csms()
    field = "idTagInfo" if version == OCPP16 else "idTokenInfo"
    csms.before_answer = lambda call: {field: {"status": "Blocked"}} if call.action == "Authorize" else None
    _, fleet = simulate(3, csms=csms, versions=[version], behaviour=ALWAYS_ONLINE)
    assert len(csms.of("Authorize")) > 2
    assert fleet.transactions == []
    assert fleet.statistics.energy_wh == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_a_card_refused_in_the_transaction_stops_it(version):
    csms = Csms()

    def refuse(call: Call) -> dict | None:
        if call.action == "StartTransaction":
            return {"transactionId": len(csms.calls), "idTagInfo": {"status": "Invalid"}}
        if call.action == "TransactionEvent" and call.payload["eventType"] == "Started":
            return {"idTokenInfo": {"status": "Invalid"}}
        return None

    csms.before_answer = refuse
    _, fleet = simulate(3, csms=csms, versions=[version], behaviour=ALWAYS_ONLINE)
    assert {truth.stopped_reason for truth in fleet.transactions} == {"DeAuthorized"}


def test_a_station_that_cannot_connect_tries_ever_more_rarely():
    attempts: list[datetime] = []

    async def run() -> None:
        clock = ManualClock()

        async def dial(identity: str, subprotocol: str):
            attempts.append(clock.now())
            raise LinkLost

        async with running(Csms(), clock, dial=dial):
            await clock.turn(HOUR_S)

    asyncio.run(run())
    gaps_s = [(b - a).total_seconds() for a, b in pairwise(attempts)]
    assert 1 <= gaps_s[0] <= 2
    assert all(30 <= gap <= 60 for gap in gaps_s[6:])
    assert len(set(gaps_s)) > len(gaps_s) // 2, "there is no jitter"


def test_a_server_that_never_answers_is_left_and_tried_again():
    csms = Csms()

    def deaf(call: Call) -> None:
        raise Silence

    csms.before_answer = deaf

    async def run() -> None:
        clock = ManualClock()
        async with running(csms, clock):
            await clock.turn(HOUR_S)

    asyncio.run(run())
    assert csms.connections > 3


@pytest.mark.parametrize("wrong", [{"versions": ["ocpp1.5"]}, {"versions": []}, {"stations": 0}])
def test_impossible_fleets_are_refused(wrong):
    with pytest.raises(ValueError):
        Fleet("ws://unused", clock=ManualClock(), **{"stations": 1, "seed": 1, "versions": [OCPP16]} | wrong)


def test_times_are_utc_with_milliseconds():
    csms, _ = simulate(0.1)
    assert moment(csms.of("StatusNotification")[0]["timestamp"]).tzinfo == UTC
    assert all(len(s["timestamp"]) == len("2025-03-01T08:00:00.000Z") for s in csms.of("StatusNotification"))


def test_a_2_1_connector_is_told_available_and_occupied_in_turn_by_events():
    csms, _ = simulate(6, stations=2, versions=[OCPP21], behaviour=ALWAYS_ONLINE)
    assert csms.of("StatusNotification") == []
    told = [event for notified in csms.of("NotifyEvent", "SIM-0001") for event in notified["eventData"]]
    assert {event["variable"]["name"] for event in told} == {"AvailabilityState"}
    for evse in {event["component"]["evse"]["id"] for event in told}:
        states = [event["actualValue"] for event in told if event["component"]["evse"]["id"] == evse]
        assert states[0] == "Available"
        assert all(before != after for before, after in pairwise(states))
        assert set(states) == {"Available", "Occupied"}


@pytest.mark.parametrize(
    ("pattern", "number", "name"),
    [
        ("SIM-", 7, "SIM-0007"),
        ("SIM-", 12345, "SIM-12345"),
        ("DE*ABC*E##*1", 7, "DE*ABC*E07*1"),
        ("#", 12, "12"),
        ("A#B#", 3, "A3B#"),
        ("", 1, "0001"),
    ],
)
def test_identities_follow_their_pattern(pattern, number, name):
    assert identity(pattern, number) == name


def test_failed_connects_are_counted_by_reason_and_version():
    reasons = iter(["no such host", "no such host", "HTTP 401"])

    async def run() -> list:
        clock = ManualClock()

        async def dial(identity: str, subprotocol: str):
            raise LinkLost(next(reasons, "HTTP 401"))

        async with running(Csms(), clock, dial=dial, versions=[OCPP21]) as fleet:
            await clock.turn(10)
            return fleet.failures

    first, second = asyncio.run(run())
    assert (first.version, first.station, first.reason, first.count) == (OCPP21, "SIM-0001", "no such host", 2)
    assert (second.reason, second.count > 0) == ("HTTP 401", True)


def test_different_reasons_are_bounded():
    failures = DialFailures()
    for number in range(100):
        failures.add(OCPP16, "SIM-1", f"reason {number}")
    assert len(failures.all()) == 20
