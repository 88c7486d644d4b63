"""Simulated stations of all versions do what our orders say: their vehicles follow, and fall back by themselves."""

import json
from contextlib import asynccontextmanager

import msgspec
import pytest

from gateway.core.calls import CallEnded, Outcome
from gateway.core.charging.abilities import Abilities
from gateway.core.charging.checking import CHECKED_S, compare, expected_schedule
from gateway.core.charging.description import EvseDescription
from gateway.core.charging.messages import composite_call, default_call, limit_call, told_ma, told_schedule
from gateway.core.charging.orders import Order
from gateway.core.charging.probe import PROBE_S, probe_call
from gateway.fleet import Behaviour
from tests.fleet.csms import OCPP16, OCPP21, OCPP201
from tests.fleet.operator import operated

ALL = (OCPP16, OCPP201, OCPP21)
STAYS = Behaviour(
    first_arrival_s_mean=1e9, idle_s_mean=1e9, offline_every_s_mean=None, limited=0.0, stay_s=(40_000, 50_000)
)
KEY = ("SIM-0001", 1)
VOLTAGE_V = 230.0
FALLBACK_A = 6.0


class Steered:
    """One EVSE of a simulated station, and what our messages do there."""

    def __init__(self, operator, units):
        self.operator = operator
        self.version = operator.version
        self.outlet = operator.fleet.stations[0].outlets[0]
        phases = (1, 2, 3)[: self.outlet.evse.phases]
        self.evse = EvseDescription(
            station=KEY[0], evse=1, node="panel", phases=phases, fallback_ma=round(FALLBACK_A * 1000)
        )
        self.abilities = Abilities(
            subprotocol=self.version, firmware=None, stack_level=10, periods=24, units=units, dynamic=False
        )
        self.number = 0

    @property
    def now(self):
        return self.operator.clock.now().timestamp()

    def order(self, limit_ma, lease_s):
        self.number += 1
        truth = self.operator.fleet.transactions[-1]
        transaction = str(truth.server_id if self.version == OCPP16 else truth.transaction)
        expires_at = None if lease_s is None else self.now + lease_s
        return Order(self.number, KEY, transaction, limit_ma, self.evse.phases, self.now, expires_at)

    async def send(self, message):
        action, request = message
        return (await self.operator.ask(action, json.loads(msgspec.json.encode(request))))["status"]

    async def limit(self, limit_ma, lease_s=600.0):
        order = self.order(limit_ma, lease_s)
        return await self.send(limit_call(order, self.evse, self.abilities, self.version, self.now, VOLTAGE_V))

    async def fallback(self):
        return await self.send(default_call(self.evse, self.abilities, self.version, self.now, VOLTAGE_V))

    async def told_a(self, duration_s=60):
        action, request = composite_call(self.evse, self.abilities, self.version, VOLTAGE_V, duration_s)
        answer = await self.operator.ask(action, dict(request))
        told = CallEnded(Outcome.ACCEPTED, response=json.dumps(answer).encode(), payload=object())
        return told_ma(told, self.evse, VOLTAGE_V) / 1000

    async def verdict(self, order):
        action, request = composite_call(self.evse, self.abilities, self.version, VOLTAGE_V, CHECKED_S)
        answer = await self.operator.ask(action, dict(request))
        told = CallEnded(Outcome.ACCEPTED, response=json.dumps(answer).encode(), payload=object())
        schedule = told_schedule(told, self.evse, VOLTAGE_V)
        return compare(expected_schedule(self.evse, order, self.now, CHECKED_S), schedule, 5.0)

    def drawn_a(self):
        self.outlet.look(self.operator.clock.now())
        return max(self.outlet.evse.reading().amperes)


@asynccontextmanager
async def steered(version, units=("A", "W")):
    async with operated(version, behaviour=STAYS) as operator:
        yield Steered(operator, units), operator.clock


@pytest.mark.parametrize("units", [("A", "W"), ("W",)], ids=str)
@pytest.mark.parametrize("version", ALL)
async def test_vehicle_follows_its_limit_and_falls_back_when_the_lease_has_ended(version, units):
    async with steered(version, units) as (station, clock):
        assert await station.fallback() == "Accepted"
        told_a = await station.told_a()
        assert 0.99 * FALLBACK_A <= told_a <= FALLBACK_A
        await station.operator.start()
        await clock.turn(1)
        assert 0.99 * FALLBACK_A <= station.drawn_a() <= FALLBACK_A
        for limit_a in (9.0, 7.0, 8.0):
            assert await station.limit(round(limit_a * 1000)) == "Accepted"
            await clock.turn(1)
            assert 0.99 * limit_a <= station.drawn_a() <= limit_a
        await clock.turn(597)
        assert station.drawn_a() > FALLBACK_A
        await clock.turn(3)
        assert station.drawn_a() <= FALLBACK_A
        await clock.turn(7200)
        assert 0.99 * FALLBACK_A <= station.drawn_a() <= FALLBACK_A, "and stays there"


@pytest.mark.parametrize("units", [("A", "W"), ("W",)], ids=str)
@pytest.mark.parametrize("version", ALL)
async def test_what_a_station_tells_is_what_follows_from_the_profiles_that_it_has(version, units):
    async with steered(version, units) as (station, clock):
        await station.fallback()
        assert await station.verdict(None) == "same"
        await station.operator.start()
        order = station.order(9000, 300.0)
        message = limit_call(order, station.evse, station.abilities, version, station.now, VOLTAGE_V)
        assert await station.send(message) == "Accepted"
        assert await station.verdict(order) == "same"
        assert await station.verdict(station.order(12_000, 300.0)) == "less"
        assert await station.verdict(station.order(7000, 300.0)) == "more"
        assert await station.verdict(station.order(9000, 100.0)) == "more"
        await clock.turn(290)
        assert await station.verdict(order) == "same"
        await clock.turn(20)
        assert await station.verdict(None) == "same"


@pytest.mark.parametrize("version", ALL)
async def test_refreshed_lease_goes_on(version):
    async with steered(version) as (station, clock):
        await station.fallback()
        await station.operator.start()
        for _ in range(6):
            assert await station.limit(9_000) == "Accepted"
            await clock.turn(200)
            assert station.drawn_a() == pytest.approx(9.0)


@pytest.mark.parametrize("version", ALL)
async def test_limit_for_good_holds_for_the_transaction_and_no_longer(version):
    async with steered(version) as (station, clock):
        await station.fallback()
        await station.operator.start()
        assert await station.limit(9_000, None) == "Accepted"
        await clock.turn(20_000)
        assert station.drawn_a() == pytest.approx(9.0)
        await station.operator.stop()
        await clock.turn(1)
        assert await station.told_a() == pytest.approx(FALLBACK_A)


@pytest.mark.parametrize("version", ALL)
async def test_our_limit_leads_others(version):
    async with steered(version) as (station, clock):
        await station.fallback()
        await station.operator.start()
        assert await station.limit(8_000) == "Accepted"
        foreign = station.order(12_000, None)
        below = Abilities(subprotocol=version, firmware=None, stack_level=9, units=("A",), highest_foreign_id=30_000)
        action, request = limit_call(foreign, station.evse, below, version, station.now, VOLTAGE_V)
        assert await station.send((action, request)) == "Accepted"
        await clock.turn(1)
        assert station.drawn_a() == pytest.approx(8.0)


@pytest.mark.parametrize("version", ALL)
async def test_probe_falls_to_the_least_current_of_the_vehicle(version):
    async with steered(version) as (station, clock):
        await station.fallback()
        await station.operator.start()
        order = station.order(10_000, None)
        probe = probe_call(order, station.evse, station.abilities, version, station.now, VOLTAGE_V)
        assert await station.send(probe) == "Accepted"
        await clock.turn(PROBE_S - 2)
        assert station.drawn_a() == pytest.approx(10.0)
        await clock.turn(3)
        assert station.drawn_a() == pytest.approx(6.0)
        assert await station.told_a() == pytest.approx(6.0)
