"""Everything is stored exactly once, whatever happens to the database, to the wire and to the gateway."""

import asyncio
import os
import random

import pytest

from tests.servers.proxy import proxied
from tests.servers.timescale import new_server
from tests.system.database import Fleet, check, logged, on_database, wait_until_stored
from tests.system.fault_drill import FaultDrill
from tests.system.process import running

FAULTS = 36
"""Each kind twice, and some a third time."""

STATIONS = 18


@pytest.mark.timeout(240)
def test_every_acknowledged_message_is_stored_exactly_once_through_faults_of_all_kinds(tmp_path):
    seed = int(os.environ.get("FAULT_SEED") or random.randrange(10**6))
    print(f"FAULT_SEED={seed}")
    server = new_server()
    try:
        server.start()
        database = server.create_database()
        with (
            proxied(server.port) as proxy,
            running(tmp_path, **on_database(server.dsn(database, port=proxy.port))) as gateway,
        ):
            fleet = Fleet(gateway, STATIONS, seed=seed, cut_share=0.005)
            drill = FaultDrill(gateway, server, database, proxy, fleet, random.Random(seed))

            async def scenario() -> None:
                async with fleet.charging():
                    await drill.run(lambda: drill.done.total() >= FAULTS)

            asyncio.run(scenario())
            wait_until_stored(gateway, server.dsn(database))
            check(fleet.ledger, server.dsn(database))
            print(f"{len(fleet.ledger.messages)} messages, {gateway.lives} lives, {dict(drill.done)}")
            assert all(count >= 2 for count in drill.done.values())
            assert len(logged(gateway, "store_failed")) >= FAULTS / 2, "the faults did not reach the store"
            assert gateway.metrics()["store_set_aside_entries_total"] == 0
    finally:
        server.remove()
