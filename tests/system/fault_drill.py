"""Everything that can go wrong between a gateway and its database, in random order, while stations charge."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable

from tests.servers.proxy import Proxy
from tests.servers.timescale import TimescaleServer
from tests.system.database import Fleet, execute_alone, until_stored_more
from tests.system.process import GatewayProcess

STALL_S_MAX = 1.0

START_S_MAX = 0.6
"""Longest time from the birth of a gateway to its kill while it starts: about what a start takes."""

GROUP_BYTES = 40_000
"""A cut after so many bytes at most is somewhere in a transaction: about the size of a few groups of this fleet."""

WAIT_SHARE = 0.7
"""Share of the faults after which the store may recover; the next one meets it in the middle of that otherwise."""


class FaultDrill:
    """Breaks one thing after the other; `done` counts the faults by kind."""

    def __init__(
        self,
        gateway: GatewayProcess,
        server: TimescaleServer,
        database: str,
        proxy: Proxy,
        fleet: Fleet,
        dice: random.Random,
    ) -> None:
        self.done: Counter[str] = Counter()
        self._gateway = gateway
        self._server = server
        self._database = database
        self._proxy = proxy
        self._fleet = fleet
        self._dice = dice
        self._faults: dict[str, Callable[[], Awaitable[None]]] = {
            "gateway killed": self._kill_gateway,
            "gateway killed while it starts": self._kill_starting_gateway,
            "backend terminated": self._terminate_backend,
            "postmaster killed": self._kill_postmaster,
            "server restarted": self._restart_server,
            "wire cut": self._cut_wire,
            "wire closed": self._close_wire,
            "wire cut in a group": self._cut_in_group,
            "wire cut before COMMIT": self._cut_before_commit,
            "wire cut after COMMIT": self._cut_after_commit,
            "wire stalled": self._stall,
            "connections swallowed": self._swallow,
            "gateway and postmaster killed": self._kill_both,
            "table locked": self._lock_table,
        }

    async def run(self, is_enough: Callable[[], bool]) -> None:
        """Break until it is enough, each fault once in each round, and leave everything working."""
        while not is_enough():
            names = list(self._faults)
            self._dice.shuffle(names)
            for name in names:
                if is_enough():
                    break
                await self._fleet.until_answered()
                await asyncio.sleep(self._dice.uniform(0, 0.3))
                await self._faults[name]()
                self.done[name] += 1
                if self._dice.random() < WAIT_SHARE:
                    await until_stored_more(self._gateway)
        await until_stored_more(self._gateway)

    async def _kill_gateway(self) -> None:
        self._gateway.kill()
        await asyncio.to_thread(self._gateway.start)

    async def _kill_starting_gateway(self) -> None:
        self._gateway.kill()
        self._gateway.spawn()
        await asyncio.sleep(self._dice.uniform(0, START_S_MAX))
        await self._kill_gateway()

    async def _terminate_backend(self) -> None:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"
        await self._until_connected()
        await asyncio.to_thread(self._server.fetch, "postgres", others, self._database)

    async def _kill_postmaster(self) -> None:
        await asyncio.to_thread(self._server.kill)
        await asyncio.sleep(self._dice.uniform(0, 0.5))
        await asyncio.to_thread(self._server.start)

    async def _restart_server(self) -> None:
        await asyncio.to_thread(self._server.restart)

    async def _kill_both(self) -> None:
        await asyncio.to_thread(self._server.kill)
        self._gateway.kill()
        await asyncio.to_thread(self._gateway.start)
        await asyncio.to_thread(self._server.start)

    async def _cut_wire(self) -> None:
        await self._until_connected()
        self._proxy.cut()

    async def _close_wire(self) -> None:
        await self._until_connected()
        self._proxy.hang_up()

    async def _cut_in_group(self) -> None:
        self._proxy.cut_after(self._dice.randrange(1, GROUP_BYTES))
        await self._until_it_happened()

    async def _cut_before_commit(self) -> None:
        self._proxy.cut_at(b"COMMIT", delivered=False)
        await self._until_it_happened()

    async def _cut_after_commit(self) -> None:
        self._proxy.cut_at(b"COMMIT", delivered=True)
        await self._until_it_happened()

    async def _stall(self) -> None:
        await self._until_connected()
        self._proxy.stall()
        await asyncio.sleep(self._dice.uniform(0, STALL_S_MAX))
        self._proxy.resume()

    async def _swallow(self) -> None:
        self._proxy.swallow()
        self._proxy.cut()
        await asyncio.sleep(self._dice.uniform(0, STALL_S_MAX))
        self._proxy.resume()
        self._proxy.cut()

    async def _lock_table(self) -> None:
        lock = "LOCK TABLE ocpp.sampled_value IN ACCESS EXCLUSIVE MODE"
        holder = await execute_alone(self._server.dsn(self._database), "BEGIN", lock)
        await asyncio.sleep(self._dice.uniform(0, STALL_S_MAX))
        await holder.close()

    async def _until_connected(self) -> None:
        await self._gateway.until(lambda: self._proxy.connections > 0, "there is a connection to break")

    async def _until_it_happened(self) -> None:
        await self._gateway.until(lambda: not self._proxy.is_armed, "the wire is cut at that place")
