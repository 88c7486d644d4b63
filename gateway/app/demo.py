"""The demo: a real gateway and simulated stations on loopback, live on this terminal, at many times real speed.

The stations stand at one site, whose grid connection is too small for all of them, and is capped now and then.
"""

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import uvloop

from gateway.app.config import (
    AdminSection,
    AuthorisationSection,
    ChargingSection,
    Config,
    DataSection,
    ListenerSection,
)
from gateway.app.configured_charging import SITE_LIMITS_NAME
from gateway.app.configured_store import STORE_NAME
from gateway.app.demo_site import SITE, cap_now_and_then, limits_in_words, rated_a, site_figures, site_file
from gateway.app.fleet_picture import fleet_figures, station_row
from gateway.app.gateway import JOURNAL_NAME, Gateway
from gateway.app.logs import open_log
from gateway.app.signals import run_until_signalled
from gateway.app.terminal import Screen, Snapshot, size
from gateway.core.tally import ANSWERED, OUTCOMES
from gateway.fleet import Behaviour, Clock, Fleet, accelerated_clock
from gateway.io.data_directory import DataDirectoryError

VERSIONS: Final = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")
DIRECTORY: Final = Path("gateway-data/demo")
REDRAW_S: Final = 1.0
SITE_FILE_NAME: Final = "site.toml"

QUERIES: Final = (
    "SELECT station, started_at, ended_at, energy_wh FROM charging_transaction",
    "SELECT time, station, measurand, phase, value, unit FROM reading LIMIT 20",
)

BEHAVIOUR: Final = Behaviour(
    first_arrival_s_mean=120.0, offline_every_s_mean=14400.0, offline_s=(60.0, 900.0), stream_s=30
)
"""Busy soon; offline now and then, when a station queues what it has to say and replays it; 2.1 stations send streams:
so a few minutes show everything."""


def run_demo(*, stations: int, speed: float, seed: int, duration_s: float | None) -> None:
    """Run until Ctrl-C or for `duration_s`. Raises DataDirectoryError, also where another demo runs in this one."""
    directory = DIRECTORY.absolute()
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataDirectoryError(f"data directory {directory}: cannot be made: {error.strerror}") from None
    log = open_log("info", directory / "gateway.log")
    demo = Demo(directory, stations=stations, speed=speed, seed=seed, log=log)
    try:
        uvloop.run(run_until_signalled(demo, lambda: None, duration_s=duration_s))
    finally:
        log.close()
    print(demo.farewell())


class Demo:
    """A gateway, a fleet and the picture of both. All share one clock, which runs `speed` times as fast."""

    def __init__(self, directory: Path, *, stations: int, speed: float, seed: int, log: Callable[..., None]) -> None:
        self._clock: Clock = accelerated_clock(speed)
        self._stations = stations
        self._seed = seed
        to_come = self._make_fleet("ws://127.0.0.1").stations  # the same seed makes the same stations
        self._rated_a = rated_a(to_come)
        (directory / SITE_FILE_NAME).write_text(site_file(to_come), encoding="utf-8")
        config = Config(
            charging=ChargingSection(site_files=(directory / SITE_FILE_NAME,)),
            data=DataSection(directory=directory),
            listener=ListenerSection(port=_free_port(ListenerSection().port)),
            admin=AdminSection(port=_free_port(AdminSection().port)),
            authorisation=AuthorisationSection(mode="accept_all"),
        )
        self._gateway = Gateway(
            config, log=log, now=self._clock.now, speed=speed, before_journal=self._forget_last_demo
        )
        self._directory = directory
        self._screen = Screen(sys.stdout)
        self._fleet: Fleet | None = None
        self._running: asyncio.Task[None] | None = None
        self._showing: asyncio.Task[None] | None = None
        self._capping: asyncio.Task[None] | None = None
        self._started_monotonic_s = time.monotonic()

    async def start(self) -> None:
        """Start the gateway, then the stations, then the picture."""
        await self._gateway.start()
        self._fleet = self._make_fleet(self._gateway.stations_url.rstrip("/"))
        self._running = asyncio.create_task(self._fleet.run())
        self._capping = asyncio.create_task(
            cap_now_and_then(self._gateway.charging.api, self._rated_a, self._clock.sleep)
        )
        self._showing = asyncio.create_task(self._show(self._fleet))

    def _make_fleet(self, url: str) -> Fleet:
        return Fleet(
            url,
            stations=self._stations,
            seed=self._seed,
            versions=VERSIONS,
            clock=self._clock,
            behaviour=BEHAVIOUR,
        )

    async def drain(self) -> None:
        """Let the stations hang up, which the picture does not show: it stays as it was before."""
        if self._showing is not None:
            self._showing.cancel()
        if self._fleet is not None:
            self._fleet.stop()
        await self._gateway.drain()

    async def stop(self) -> None:
        """Stop everything and give the terminal back."""
        tasks = [task for task in (self._running, self._showing, self._capping) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._gateway.stop()
        self._screen.close()

    def farewell(self) -> str:
        """Return what to try next."""
        told = f"The meter values are in {self._directory / STORE_NAME}, the log is gateway.log beside it. Try:"
        return "\n".join(("", told, *(f"  {_command()} query --data {DIRECTORY} '{sql}'" for sql in QUERIES)))

    async def _show(self, fleet: Fleet) -> None:
        """Draw the picture again and again. When nobody is left to see it, stop as if by Ctrl-C."""
        calls, at = 0, time.monotonic()
        while True:
            await asyncio.sleep(REDRAW_S)
            before, since = calls, at
            calls, at = self._messages(), time.monotonic()
            try:
                self._screen.show(self._snapshot(fleet, (calls - before) / (at - since)))
            except OSError:
                signal.raise_signal(signal.SIGINT)
                return

    def _messages(self) -> int:
        messages = self._gateway.tally.messages
        return sum(messages.value(index + ANSWERED) for index in range(0, len(messages), len(OUTCOMES)))

    def _snapshot(self, fleet: Fleet, messages_per_s: float) -> Snapshot:
        gateway = self._gateway
        now = fleet.statistics
        waiting = sum(lag.entries for lag in gateway.journal.lags.values())
        site = gateway.charging.sites.sites[SITE].controller.view(self._clock.now().timestamp())
        limits = limits_in_words(site)
        return Snapshot(
            title="ocpp-gateway demo",
            at=self._clock.now(),
            elapsed_s=time.monotonic() - self._started_monotonic_s,
            speed=self._clock.speed,
            figures=[
                fleet_figures(now),
                site_figures(site),
                [
                    f"messages {messages_per_s:.0f}/s",
                    f"readings stored {gateway.store.stored['reading']:,}",
                    f"journal {size(gateway.journal.statistics.used_bytes)}, {waiting:,} waiting",
                ],
            ],
            stations=[station_row(station, limits) for station in fleet.stations],
            footer=[
                f"stations {gateway.stations_url}   metrics {gateway.admin_url}/metrics   Ctrl-C stops",
                f"tables   {_command()} query --data {DIRECTORY}",
            ],
        )

    def _forget_last_demo(self) -> None:
        """Remove what an earlier demo left: its clock ran ahead, and this one begins again today."""
        for name in (JOURNAL_NAME, STORE_NAME):
            for suffix in ("", "-wal", "-shm"):
                (self._directory / f"{name}{suffix}").unlink(missing_ok=True)
        (self._directory / SITE_LIMITS_NAME).unlink(missing_ok=True)


def _command() -> str:
    """Return how this program was called, as short as it can be said here."""
    command, here = Path(sys.argv[0]), Path.cwd()
    return str(command.relative_to(here) if command.is_relative_to(here) else command)


def _free_port(wanted: int) -> int:
    """Return `wanted` if it can be had on loopback, else 0 for any free one: a demo should run beside a gateway."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
    return wanted
