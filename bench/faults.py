"""Faults between gateway and database for a long time: `python -m bench.faults --minutes 10 [--seed N]`.

The drill of tests/system/test_timescale_faults.py at length: a real TimescaleDB behind a wire that breaks, and stations
of all versions that charge. In the end each acknowledged message must be stored, once, and all sums must agree.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.servers.debian import UnavailableError
from tests.servers.proxy import proxied
from tests.servers.timescale import TimescaleServer
from tests.system.database import Fleet, check, stored, wait_until_stored
from tests.system.database import on_database as sections
from tests.system.fault_drill import FaultDrill
from tests.system.process import running

STATIONS = 18


def drill(folder: Path, server: TimescaleServer, minutes: float, seed: int) -> bool:
    """Break things for so long, print what was done and what is stored, and say whether all is well."""
    database = server.create_database()
    with (
        proxied(server.port) as proxy,
        running(folder, **sections(server.dsn(database, port=proxy.port))) as gateway,
    ):
        fleet = Fleet(gateway, STATIONS, seed=seed, cut_share=0.005)
        faults = FaultDrill(gateway, server, database, proxy, fleet, random.Random(seed))
        until = time.monotonic() + 60 * minutes

        async def scenario() -> None:
            async with fleet.charging():
                await faults.run(lambda: time.monotonic() >= until)

        asyncio.run(scenario())
        dsn = server.dsn(database)
        wait_until_stored(gateway, dsn)
        times = Counter(stored(dsn).readings)
        acknowledged = [message for message in fleet.ledger.messages if message.acknowledged]
        missing = sum((message.station, message.value) not in times for message in acknowledged)
        twice = sum(count > 1 for count in times.values())
        for name, count in sorted(faults.done.items()):
            print(f"{name:34}{count:10,}")
        print(f"{'faults':34}{faults.done.total():10,}")
        print(f"{'lives of the gateway':34}{gateway.lives:10,}")
        print(f"{'messages sent':34}{len(fleet.ledger.messages):10,}")
        print(f"{'acknowledged':34}{len(acknowledged):10,}")
        print(f"{'acknowledged, not stored':34}{missing:10,}")
        print(f"{'stored twice':34}{twice:10,}")
        try:
            check(fleet.ledger, dsn)
        except AssertionError as error:
            print(f"not as it should be: {error}")
            return False
        print("transactions, energies and rollups are as the stations know them")
        return True


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=None, help="that of an earlier run, to have its faults again")
    arguments = parser.parse_args()
    seed = random.randrange(10**6) if arguments.seed is None else arguments.seed
    print(f"seed {seed}, {arguments.minutes:g} minutes", flush=True)
    try:
        server = TimescaleServer()
    except UnavailableError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        server.start()
        with tempfile.TemporaryDirectory(prefix="faults-") as folder:
            return 0 if drill(Path(folder), server, arguments.minutes, seed) else 1
    finally:
        server.remove()


if __name__ == "__main__":
    sys.exit(main())
