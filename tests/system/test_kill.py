"""Facts about what is left when the gateway is killed at any moment."""

import asyncio
import json
import os
import random

import pytest

from tests.system.process import DEADLINE_S, GatewayProcess, rows, running
from tests.system.stations import (
    CHARGE,
    VERSIONS,
    Ledger,
    Station,
    event_201,
    meter_values_16,
    start_16,
)

KILLS = 20
"""Of a gateway under load; some more come while it starts."""

STATIONS = 36

PAUSE_S_MAX = 0.4
"""Longest time between a fleet that is answered and the kill: long enough for the store to be in any state."""

START_S_MAX = 0.6
"""Longest time from the birth of a process to its kill while it starts: about what a start takes."""

PRUNED = {"bytes_max": 16 * 1024 * 1024, "retention_s": 0}
"""A journal that saves the live state every 2 MiB and throws away at once what everybody has."""

ACCEPT_ALL = {"mode": "accept_all"}


async def end_by_force(gateway: GatewayProcess, ledger: Ledger, dice: random.Random) -> None:
    """Kill the gateway again and again, each time after it has answered the fleet, and leave it running."""
    for _ in range(KILLS):
        async with asyncio.timeout(DEADLINE_S):
            enough = ledger.acknowledged + STATIONS
            while ledger.acknowledged < enough:
                await asyncio.sleep(0.01)
        await asyncio.sleep(dice.uniform(0, PAUSE_S_MAX))
        gateway.kill()
        if dice.random() < 0.25:
            gateway.spawn()
            await asyncio.sleep(dice.uniform(0, START_S_MAX))
            gateway.kill()
        await asyncio.to_thread(gateway.start)


async def charge_through_kills(gateway: GatewayProcess, ledger: Ledger, dice: random.Random) -> None:
    async def run(station: Station) -> None:
        await station.boot()
        await CHARGE[station.version](station, enough)
        await station.close()

    enough = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for number in range(STATIONS):
            version = VERSIONS[number % 3]
            identity = f"CP{number}"
            own_dice = random.Random(dice.random())
            group.create_task(run(Station(identity, version, gateway.url(identity), ledger, own_dice, cut_share=0.005)))
        await group.create_task(end_by_force(gateway, ledger, dice))
        enough.set()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("journal", [{}, PRUNED], ids=["kept", "pruned"])
def test_every_acknowledged_message_is_stored_exactly_once_through_sigkill(tmp_path, journal: dict[str, int]):
    seed = int(os.environ.get("KILL_SEED") or random.randrange(10**6))
    print(f"KILL_SEED={seed}")
    dice = random.Random(seed)
    ledger = Ledger()
    with running(tmp_path, authorisation=ACCEPT_ALL, journal=journal) as gateway:
        asyncio.run(charge_through_kills(gateway, ledger, dice))
        gateway.wait_until_stored()
        ledger.check(gateway.store_file)
        journalled = ledger.journalled_before_the_last_sending(gateway.store_file)
        print(
            f"{gateway.lives} lives, {len(ledger.messages)} messages, {len(ledger.transactions)} transactions, "
            f"{ledger.cuts} cuts, {ledger.repeated_starts} starts repeated, {journalled} sent again though journalled"
        )
        assert gateway.lives > KILLS
        assert journalled > 0, "no message was journalled and not answered: the test did not test that"
        assert ledger.repeated_starts > 0
        if journal == PRUNED:
            (*_, last) = [event for event in gateway.log() if event["event"] == "restored"]
            assert last["entries_replayed"] < len(ledger.messages) / 2, "nothing came from a saved state"


async def send_without_reading(gateway: GatewayProcess, station: Station, action: str, payload: dict) -> list:
    """Send a CALL, kill the gateway once its reading is stored, and return the CALL: nobody read an answer."""
    await asyncio.to_thread(gateway.wait_until_stored)
    connection = await station.connect()
    before = len(rows(gateway.store_file, "SELECT 1 FROM meter_value"))
    call = [2, "unanswered", action, payload]
    await connection.send(json.dumps(call))
    await asyncio.to_thread(
        gateway.wait_until,
        lambda: len(rows(gateway.store_file, "SELECT 1 FROM meter_value")) > before,
        "the store has it",
    )
    station.cut()
    gateway.kill()
    await asyncio.to_thread(gateway.start)
    return call


async def sent_again(station: Station, call: list) -> dict:
    connection = await station.connect()
    await connection.send(json.dumps(call))
    answer = json.loads(await connection.recv())
    assert answer[:2] == [3, call[1]]
    return answer[2]


def test_a_start_that_was_journalled_but_not_answered_gets_its_id_when_it_comes_again(tmp_path):
    async def scenario() -> None:
        station = Station("CP1", "ocpp1.6", gateway.url("CP1"), Ledger(), random.Random(1))
        await station.boot()
        call = await send_without_reading(gateway, station, "StartTransaction", start_16(4711))
        first = (await sent_again(station, call))["transactionId"]
        assert (await sent_again(station, call))["transactionId"] == first
        other = (await station.call("StartTransaction", start_16(4712)))["transactionId"]
        assert other != first
        gateway.wait_until_stored()
        stored = rows(gateway.store_file, 'SELECT "transaction", start_wh FROM charging_transaction ORDER BY start_wh')
        assert stored == [(str(first), 4711), (str(other), 4712)]
        assert len(rows(gateway.store_file, "SELECT * FROM reading")) == 2
        await station.close()

    with running(tmp_path, authorisation=ACCEPT_ALL) as gateway:
        asyncio.run(scenario())


def test_meter_values_that_were_journalled_but_not_answered_are_stored_once(tmp_path):
    async def scenario() -> None:
        station = Station("CP1", "ocpp1.6", gateway.url("CP1"), Ledger(), random.Random(1))
        await station.boot()
        call = await send_without_reading(gateway, station, "MeterValues", meter_values_16(None, 4711))
        assert await sent_again(station, call) == {}
        assert await station.call("MeterValues", meter_values_16(None, 4712)) == {}
        gateway.wait_until_stored()
        assert rows(gateway.store_file, "SELECT value FROM reading ORDER BY value") == [(4711,), (4712,)]
        assert gateway.metrics()['messages_total{action="MeterValues",outcome="repeat",version="ocpp1.6"}'] == 1
        await station.close()

    with running(tmp_path) as gateway:
        asyncio.run(scenario())


def test_the_same_step_of_a_transaction_with_another_value_is_no_repeat(tmp_path):
    async def scenario() -> None:
        station = Station("CP1", "ocpp2.0.1", gateway.url("CP1"), Ledger(), random.Random(1))
        await station.boot()
        step = event_201("T1", 0, 1.5)
        call = await send_without_reading(gateway, station, "TransactionEvent", step)
        await sent_again(station, call)
        step["meterValue"][0]["sampledValue"][0]["value"] = 2.5
        await station.call("TransactionEvent", step)
        gateway.wait_until_stored()
        assert rows(gateway.store_file, "SELECT value FROM reading ORDER BY value") == [(1.5,), (2.5,)]
        await station.close()

    with running(tmp_path, authorisation=ACCEPT_ALL) as gateway:
        asyncio.run(scenario())
