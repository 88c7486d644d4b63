"""Facts about a gateway under a supervisor: a real process, and a real socket on which it says how it is."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.process import DEADLINE_S, GatewayProcess, running
from tests.system.stations import Ledger, Station

WATCHDOG_S = 2.0
"""Half of it is time enough for a busy machine to come to a timer that is due."""


class Ear:
    """The supervisor's end: what a process said, a datagram at a time."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)

    def hear(self, timeout_s: float = DEADLINE_S) -> dict[str, str]:
        """Return what is said next; raises TimeoutError."""
        self.socket.settimeout(timeout_s)
        return dict(line.split("=", 1) for line in self.socket.recv(65536).decode().split("\n"))

    def hear_until(self, *names: str, value: str = "") -> list[dict[str, str]]:
        """Return all that is said until a datagram has all `names`, and `value` in the first."""
        heard = []
        until = time.monotonic() + DEADLINE_S
        while time.monotonic() < until:
            heard.append(self.hear())
            if all(name in heard[-1] for name in names) and value in heard[-1][names[0]]:
                return heard
        raise AssertionError(f"no {names} with {value!r} in {heard}")

    def forget(self) -> list[dict[str, str]]:
        """Return what was said so far and not heard yet."""
        heard = []
        with contextlib.suppress(BlockingIOError):
            while True:
                heard.append(self.hear(0))
        return heard


@pytest.fixture
def ear(tmp_path) -> Iterator[Ear]:
    listening = Ear(str(tmp_path / "notify"))
    yield listening
    listening.socket.close()


@contextlib.contextmanager
def supervised(folder: Path, ear: Ear, *, watchdog: bool = True, **sections) -> Iterator[GatewayProcess]:
    """A gateway that was started and tells `ear` how it is."""
    gateway = GatewayProcess(folder / "gateway", **sections)
    gateway.variables["NOTIFY_SOCKET"] = ear.address
    if watchdog:
        gateway.variables["WATCHDOG_USEC"] = f"{WATCHDOG_S * 1_000_000:.0f}"
    try:
        gateway.spawn()
        yield gateway
    finally:
        gateway.end()


def test_it_is_ready_once_stations_can_connect_and_not_before(tmp_path, ear):
    with supervised(tmp_path, ear) as gateway:
        heard = ear.hear_until("READY")
        assert [said["READY"] for said in heard if "READY" in said] == ["1"]
        assert gateway.is_ready()
        with socket.create_connection(("127.0.0.1", gateway.port), DEADLINE_S):
            pass


def test_an_abstract_socket_is_one_too(tmp_path):
    ear = Ear(f"@ocpp-gateway-test-{os.getpid()}-{random.random()}")
    with contextlib.closing(ear.socket), supervised(tmp_path, ear):
        assert ear.hear_until("READY")[-1]["READY"] == "1"


def test_a_gateway_that_cannot_listen_is_never_ready(tmp_path, ear):
    with supervised(tmp_path, ear, listener={"host": "127.0.0.2"}) as gateway:
        gateway.end()
        ear.forget()
        with socket.create_server(("127.0.0.2", gateway.port)):
            gateway.spawn()
            assert gateway.wait() == 1, "a restart may help: who has the port may go"
        assert not any("READY" in said for said in ear.forget())


def test_without_a_supervisor_it_serves_alike(tmp_path):
    with running(tmp_path) as gateway:
        gateway.interrupt()
        assert gateway.wait() == 0
        assert not any(line["event"] == "supervisor_unheard" for line in gateway.log())


def test_a_supervisor_that_is_gone_disturbs_nobody(tmp_path, ear):
    with supervised(tmp_path, ear) as gateway:
        ear.hear_until("READY")
        ear.socket.close()
        gateway.wait_until(lambda: any(line["event"] == "supervisor_unheard" for line in gateway.log()), "it is told")
        gateway.interrupt()
        assert gateway.wait() == 0
        assert sum(line["event"] == "supervisor_unheard" for line in gateway.log()) == 1


def test_the_watchdog_is_fed_at_least_twice_in_its_time(tmp_path, ear):
    with supervised(tmp_path, ear):
        ear.hear_until("READY")
        ear.hear_until("WATCHDOG")
        began = time.monotonic()
        for _ in range(4):
            assert ear.hear(WATCHDOG_S)["WATCHDOG"] == "1"
        assert time.monotonic() - began < 4 * WATCHDOG_S


def test_a_process_that_stands_still_does_not_feed_the_watchdog(tmp_path, ear):
    with supervised(tmp_path, ear) as gateway:
        ear.hear_until("WATCHDOG")
        os.kill(gateway.pid, signal.SIGSTOP)
        os.waitpid(gateway.pid, os.WUNTRACED)
        ear.forget()
        with pytest.raises(TimeoutError):
            ear.hear(2 * WATCHDOG_S)
        os.kill(gateway.pid, signal.SIGCONT)
        ear.hear_until("WATCHDOG")


@pytest.mark.parametrize("variables", [{}, {"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"}], ids=["none", "another's"])
def test_a_watchdog_that_is_not_its_own_is_not_fed(tmp_path, ear, variables):
    with supervised(tmp_path, ear, watchdog=False) as gateway:
        gateway.end()
        ear.forget()
        gateway.variables.update(variables)
        gateway.spawn()
        heard = ear.hear_until("READY")
        os.kill(gateway.pid, signal.SIGHUP)
        heard += ear.hear_until("READY")
        gateway.interrupt()
        assert gateway.wait() == 0
        assert not any("WATCHDOG" in said for said in heard + ear.forget())


def test_its_status_says_who_is_connected_and_what_waits(tmp_path, ear):
    async def scenario() -> None:
        station = Station("CP1", "ocpp1.6", gateway.url("CP1"), Ledger(), random.Random(1))
        await station.boot()
        await station.connect()
        heard = await asyncio.to_thread(ear.hear_until, "STATUS", value="connected stations: 1, ")
        assert "messages that wait for the store: " in heard[-1]["STATUS"]

    with supervised(tmp_path, ear) as gateway:
        assert "connected stations: 0, " in ear.hear_until("READY")[-1]["STATUS"]
        asyncio.run(scenario())


def test_sighup_reloads_and_says_so(tmp_path, ear):
    with supervised(tmp_path, ear) as gateway:
        ear.hear_until("READY")
        for loaded in (1, 2):
            before_usec = time.monotonic_ns() // 1000
            os.kill(gateway.pid, signal.SIGHUP)
            (*_, reloading) = ear.hear_until("RELOADING", "MONOTONIC_USEC")
            assert reloading["RELOADING"] == "1"
            assert "READY" not in reloading
            assert before_usec <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
            assert ear.hear_until("READY")[-1]["READY"] == "1"
            assert sum(line["event"] == "sites_loaded" for line in gateway.log()) == loaded


def test_sigterm_says_stopping_at_once_and_asks_for_time_while_stations_leave(tmp_path, ear):
    """The drain would take for ever: it closes one connection in 1,000 seconds."""

    async def scenario() -> None:
        for number in range(3):
            station = Station(f"CP{number}", "ocpp1.6", gateway.url(f"CP{number}"), Ledger(), random.Random(1))
            await station.boot()
        os.kill(gateway.pid, signal.SIGTERM)
        heard = await asyncio.to_thread(ear.hear_until, "STOPPING")
        assert int(heard[-1]["EXTEND_TIMEOUT_USEC"]) > 0
        heard = await asyncio.to_thread(ear.hear_until, "STATUS", value="stations still connected")
        heard += await asyncio.to_thread(ear.hear_until, "EXTEND_TIMEOUT_USEC", "WATCHDOG")
        os.kill(gateway.pid, signal.SIGHUP)
        os.kill(gateway.pid, signal.SIGTERM)
        assert await asyncio.to_thread(gateway.wait) == 0
        heard += ear.forget()
        assert not any("READY" in said or "RELOADING" in said for said in heard)

    with supervised(tmp_path, ear, drain={"closes_per_s": 0.001, "grace_s": 3600}) as gateway:
        ear.hear_until("READY")
        asyncio.run(scenario())


def test_a_drained_gateway_has_said_stopping_once_and_ends_well(tmp_path, ear):
    with supervised(tmp_path, ear) as gateway:
        ear.hear_until("READY")
        os.kill(gateway.pid, signal.SIGTERM)
        assert gateway.wait() == 0
        assert [said["STOPPING"] for said in ear.forget() if "STOPPING" in said] == ["1"]
