"""Probes: a lease that is not refreshed must be seen to end, in the schedule and in the vehicle, to be trusted."""

import json
from datetime import timedelta

import pytest

from gateway.core.charging.abilities import Abilities
from gateway.core.charging.description import EvseDescription
from gateway.core.charging.orders import Order
from gateway.core.charging.probe import (
    OBEDIENCE,
    PROBE_S,
    Verdicts,
    falls_to_ma,
    may_probe,
    probe_call,
    watch_probe,
)
from gateway.core.stations import Station
from gateway.wire.messages import timestamp
from tests.core.charging.charger import NOT_SUPPORTED, Charger, composite_answer
from tests.core.charging.test_messages import profile_of
from tests.core.flows.flow_bench import GONE, SILENCE
from tests.core.station_bench import OCPP16, OCPP21, OCPP201

ALL = (OCPP16, OCPP201, OCPP21)
WAYS = ((OCPP16, False), (OCPP201, False), (OCPP21, False), (OCPP21, True))

SETTLE_S, SKEW_S = 10.0, 30.0
LEAST_A = 6.0


def evse(**fields):
    return EvseDescription(**({"station": "CP1", "evse": 1, "node": "panel", "fallback_ma": 0} | fields))


def abilities(version, dynamic=False, **fields):
    return Abilities(
        subprotocol=version, firmware=None, stack_level=8, periods=24, units=("A", "W"), dynamic=dynamic, **fields
    )


class Probed(Charger):
    """A charger whose probe has been accepted. It allows and draws so many amperes once the lease is over.

    `reads` is how it tells a current: as the message that carries a meter value, or not at all.
    """

    def __init__(self, version, *, allows=LEAST_A, draws=LEAST_A, dynamic=False, reads=True, where=None, **answers):
        super().__init__(version, **answers)
        self.where = where or evse()
        self.dynamic = dynamic
        self.draws = draws
        self.reads = reads
        self.transaction = self.begin()
        if "GetCompositeSchedule" not in answers:
            self.answers["GetCompositeSchedule"] = lambda request: composite_answer(self, 1, request, allows)
        self.answers.setdefault("TriggerMessage", self.trigger)
        self.slept = []
        self.is_undisturbed = True

    def watch(self, **about):
        order = Order(1, ("CP1", 1), self.transaction, 16_000, self.where.phases, self.bench.now.timestamp(), None)

        async def sleep(seconds):
            self.slept.append(seconds)
            self.bench.now += timedelta(seconds=seconds)

        return self.run(
            lambda operator, station: watch_probe(
                operator,
                station,
                order,
                self.where,
                abilities(self.version, self.dynamic),
                230.0,
                settle_s=SETTLE_S,
                skew_s=SKEW_S,
                sleep=sleep,
                undisturbed=lambda: self.is_undisturbed,
                **about,
            )
        )

    def trigger(self, request):
        if request["requestedMessage"] == "TransactionEvent":
            return {"status": "NotImplemented"}
        if self.reads:
            self.say_later("MeterValues", self.meter_values(self.samples()))
        return {"status": "Accepted"}

    def samples(self):
        if self.version == OCPP16:
            return [
                {"value": str(self.draws), "measurand": "Current.Import", "phase": phase, "unit": "A"}
                for phase in ("L1", "L2", "L3")
            ]
        unit = {"unitOfMeasure": {"unit": "A"}}
        return [{"value": self.draws, "measurand": "Current.Import", "phase": "L1"} | unit]

    def meter_values(self, samples, evse=1):
        value = [{"timestamp": timestamp(self.bench.now), "sampledValue": samples}]
        if self.version == OCPP16:
            return {"connectorId": evse, "transactionId": int(self.transaction), "meterValue": value}
        return {"evseId": evse, "meterValue": value}


@pytest.mark.parametrize(("version", "dynamic"), WAYS)
def test_lease_that_ends_in_the_schedule_and_in_the_vehicle_is_trusted(version, dynamic):
    charger = Probed(version, dynamic=dynamic, allows=0.0 if dynamic else LEAST_A, draws=0.0 if dynamic else 5.8)
    seen = charger.watch()
    assert seen.obeys
    assert seen.way == ("Dynamic" if dynamic else "Absolute")
    assert sum(charger.slept) >= PROBE_S + SETTLE_S + SKEW_S, "not judged before it must have ended"
    verdicts = Verdicts()
    verdicts.load(charger.station)
    assert verdicts.obeys(charger.station, abilities(version, dynamic)) is True


@pytest.mark.parametrize(("version", "dynamic"), WAYS)
def test_schedule_that_goes_on_after_the_lease_is_disobedience(version, dynamic):
    seen = Probed(version, dynamic=dynamic, allows=16.0, draws=0.0).watch()
    assert seen.obeys is False
    assert "composite schedule still allows 16.0 A" in seen.seen


@pytest.mark.parametrize(("version", "dynamic"), WAYS)
def test_vehicle_that_goes_on_after_the_lease_is_disobedience_whatever_the_schedule_says(version, dynamic):
    seen = Probed(version, dynamic=dynamic, allows=0.0, draws=15.9).watch()
    assert seen.obeys is False
    assert "vehicle still draws 15.9 A" in seen.seen


@pytest.mark.parametrize("version", ALL)
def test_station_that_tells_no_schedule_is_judged_by_its_vehicle(version):
    assert Probed(version, GetCompositeSchedule=NOT_SUPPORTED).watch().obeys
    assert not Probed(version, GetCompositeSchedule=NOT_SUPPORTED, draws=16.0).watch().obeys


@pytest.mark.parametrize("version", ALL)
def test_vehicle_that_stopped_by_itself_proves_nothing(version):
    assert Probed(version, draws=0.2).watch() is None


@pytest.mark.parametrize("version", ALL)
def test_station_that_does_not_tell_what_its_vehicle_draws_proves_nothing(version):
    assert Probed(version, TriggerMessage={"status": "NotImplemented"}).watch() is None
    assert Probed(version, TriggerMessage=SILENCE).watch() is None
    assert Probed(version, TriggerMessage=GONE).watch() is None


@pytest.mark.parametrize("version", ALL)
def test_probe_that_was_disturbed_proves_nothing_and_asks_nothing(version):
    charger = Probed(version)
    charger.is_undisturbed = False
    assert charger.watch() is None
    assert charger.actions() == []


@pytest.mark.parametrize("version", ALL)
def test_probe_that_was_disturbed_while_it_was_looked_at_proves_nothing(version):
    charger = Probed(version, allows=16.0)
    tell = charger.answers["GetCompositeSchedule"]

    def disturb(request):
        charger.is_undisturbed = False
        return tell(request)

    charger.answers["GetCompositeSchedule"] = disturb
    assert charger.watch() is None
    assert OBEDIENCE.of(charger.station) == {}


@pytest.mark.parametrize("version", ALL)
def test_reading_of_another_evse_is_not_the_vehicle_s(version):
    charger = Probed(version)

    def trigger(request):
        if request["requestedMessage"] == "TransactionEvent":
            return {"status": "NotImplemented"}
        here, charger.draws = charger.draws, 31.0
        charger.say_later("MeterValues", charger.meter_values(charger.samples(), evse=2))
        charger.draws = here
        charger.say_later("MeterValues", charger.meter_values(charger.samples()))
        return {"status": "Accepted"}

    charger.answers["TriggerMessage"] = trigger
    assert charger.watch().obeys


@pytest.mark.parametrize("version", [OCPP201, OCPP21])
def test_transaction_event_tells_what_the_vehicle_draws(version):
    charger = Probed(version)

    def trigger(request):
        assert request == {"requestedMessage": "TransactionEvent", "evse": {"id": 1}}
        event = {
            "eventType": "Updated",
            "timestamp": timestamp(charger.bench.now),
            "triggerReason": "Trigger",
            "seqNo": 1,
            "transactionInfo": {"transactionId": charger.transaction},
        }
        value = {"timestamp": timestamp(charger.bench.now), "sampledValue": charger.samples()}
        stale = event | {
            "offline": True,
            "meterValue": [value | {"sampledValue": [charger.samples()[0] | {"value": 32}]}],
        }
        charger.say_later("TransactionEvent", stale)
        charger.say_later("TransactionEvent", event | {"seqNo": 2})
        charger.say_later("TransactionEvent", event | {"seqNo": 3, "meterValue": [value]})
        return {"status": "Accepted"}

    charger.answers["TriggerMessage"] = trigger
    assert charger.watch().obeys


def test_power_stands_for_currents_where_there_are_none():
    charger = Probed(OCPP16, where=evse(phases=(2,)))

    def samples():
        return [{"value": "3.6", "measurand": "Power.Active.Import", "unit": "kW"}]

    charger.samples = samples
    seen = charger.watch()
    assert not seen.obeys
    assert "15.7 A" in seen.seen


def test_dc_is_judged_by_its_power():
    where = evse(current="DC", efficiency=0.9, fallback_ma=0, minimum_ma=6_000, maximum_ma=100_000)
    charger = Probed(OCPP201, where=where, allows=3600.0)

    def samples():
        unit = {"unitOfMeasure": {"unit": "W"}}
        return [
            {"value": 9.0, "measurand": "Current.Import", "unitOfMeasure": {"unit": "A"}},
            {"value": 3500.0, "measurand": "Power.Active.Import"} | unit,
        ]

    charger.samples = samples
    assert charger.watch().obeys


# --- verdicts


def stations(*identities, firmware="1.0"):
    charger = Charger(OCPP16)
    made = []
    for identity in identities:
        station = Station(identity)
        station.state.boot = charger.station.state.boot.__class__(
            charger.bench.now, OCPP16, "Vendor", "Model", None, firmware, None
        )
        made.append(station)
    return made


def saw(station, obeys, *, minute=0, failures=None, way="Absolute"):
    boot = station.state.boot
    failures = (0 if obeys else 1) if failures is None else failures
    kept = {
        "vendor": boot.vendor,
        "model": boot.model,
        "firmware": boot.firmware,
        "subprotocol": OCPP16,
        "way": way,
        "at": timestamp(boot.at + timedelta(minutes=minute)),
        "obeys": obeys,
        "seen": "…",
        "failures": failures,
    }
    station.state.facts.setdefault(OBEDIENCE.kind, {})[way] = json.dumps(kept)


def told(verdicts, station, **about):
    return verdicts.obeys(station, Abilities(subprotocol=OCPP16, firmware=None, **about))


def test_verdict_is_for_all_stations_of_the_model_and_firmware_and_no_other():
    one, other = stations("A", "B")
    (newer,) = stations("C", firmware="2.0")
    saw(one, True)
    verdicts = Verdicts()
    verdicts.load(one)
    assert [told(verdicts, station) for station in (one, other, newer)] == [True, True, None]
    assert told(verdicts, other, dynamic=True) is None


def test_model_is_condemned_by_two_failures_only():
    one, other = stations("A", "B")
    verdicts = Verdicts()
    saw(one, False)
    verdicts.load(one)
    assert told(verdicts, other) is None
    saw(other, False, minute=1)
    verdicts.load(other)
    assert told(verdicts, one) is False


def test_newest_verdict_counts():
    one, other = stations("A", "B")
    verdicts = Verdicts()
    saw(one, False, failures=2)
    saw(other, True, minute=5)
    verdicts.load(one)
    verdicts.load(other)
    assert told(verdicts, one) is True


def test_second_failure_at_the_same_station_counts():
    charger = Probed(OCPP16, allows=16.0)
    verdicts = Verdicts()
    assert charger.watch().failures == 1
    verdicts.load(charger.station)
    assert verdicts.obeys(charger.station, abilities(OCPP16)) is None
    assert charger.watch().failures == 2
    verdicts.load(charger.station)
    assert verdicts.obeys(charger.station, abilities(OCPP16)) is False


def test_verdict_outlasts_a_restart():
    charger = Probed(OCPP16)
    charger.watch()
    charger.restart()
    verdicts = Verdicts()
    verdicts.load(charger.station)
    assert verdicts.obeys(charger.station, abilities(OCPP16)) is True


def test_dynamic_profiles_that_do_not_end_are_not_used():
    (one,) = stations("A")
    verdicts = Verdicts()
    can = Abilities(subprotocol=OCPP16, firmware=None, dynamic=True)
    assert verdicts.usable(one, can) is can
    saw(one, False, failures=2, way="Dynamic")
    verdicts.load(one)
    assert not verdicts.usable(one, can).dynamic


def test_nothing_is_known_of_a_station_that_never_booted():
    assert told(Verdicts(), Station("A")) is None


# --- orders that are probes


def order(limit_ma=16_000, expires_at=None):
    return Order(1, ("CP1", 1), "77", limit_ma, (1, 2, 3), 1_000_000.0, expires_at)


@pytest.mark.parametrize("version", ALL)
def test_probe_falls_after_its_time_to_what_does_not_interrupt_the_session(version):
    _, profile, schedule = profile_of(
        version, probe_call(order(), evse(), abilities(version), version, 1_000_000.0, 230.0)
    )
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert [(period["startPeriod"], period["limit"]) for period in schedule["chargingSchedulePeriod"]] == [
        (0, 16.0),
        (3600 + PROBE_S, 6.0),
    ]


def test_probe_of_a_dynamic_profile_ends_by_its_duration():
    can = abilities(OCPP21, dynamic=True)
    _, profile, schedule = profile_of(OCPP21, probe_call(order(), evse(), can, OCPP21, 1_000_000.0, 230.0))
    assert profile["chargingProfileKind"] == "Dynamic"
    assert 0 < schedule["duration"] <= PROBE_S


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("fallback_ma", [0, 6_000, 10_000])
def test_probe_never_ends_above_its_order(dynamic, fallback_ma):
    where, can = evse(fallback_ma=fallback_ma), abilities(OCPP21, dynamic)
    assert fallback_ma <= falls_to_ma(where, can)
    for limit_ma in range(0, 32_000, 500):
        if may_probe(order(limit_ma), where, can, 32_000):
            assert limit_ma >= falls_to_ma(where, can)


def test_order_is_a_probe_only_where_something_can_be_seen():
    can = abilities(OCPP16)
    assert may_probe(order(), evse(), can, 16_000)
    assert not may_probe(order(), evse(), can, 7_000), "the vehicle draws little"
    assert not may_probe(order(7_000), evse(), can, 7_000), "the limit is low"
    assert not may_probe(order(expires_at=1_000_600.0), evse(), can, 16_000), "it is a lease already"
    one_period = Abilities(subprotocol=OCPP16, firmware=None, periods=1)
    assert not may_probe(order(), evse(), one_period, 16_000), "the station takes no lease"
