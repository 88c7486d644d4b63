"""Facts about what a supervisor is told, and when it is told nothing."""

import asyncio
import contextlib
import socket
import time

import pytest

from gateway.app.supervisor import CLOSING_S, Supervisor, open_supervisor, watchdog_s
from gateway.io.notify_socket import NotifySocket

MORE_TIME = f"EXTEND_TIMEOUT_USEC={CLOSING_S * 1_000_000:.0f}"


class Ear:
    """The end at which a supervisor hears."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)

    def forget(self) -> list[str]:
        """Return what was said so far."""
        heard = []
        with contextlib.suppress(BlockingIOError):
            while True:
                heard.append(self.socket.recv(65536).decode())
        return heard

    async def hear(self) -> str:
        async with asyncio.timeout(10):
            return (await asyncio.get_running_loop().sock_recv(self.socket, 65536)).decode()


@pytest.fixture
def address(tmp_path) -> str:
    return str(tmp_path / "notify")


@pytest.fixture
def ear(address):
    listening = Ear(address)
    yield listening
    listening.socket.close()


def make(address: str, watchdog: float | None = None) -> Supervisor:
    return Supervisor(NotifySocket(address, failed=lambda reason: pytest.fail(reason)), watchdog_s=watchdog)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "²"}, None),
    ],
)
def test_the_watchdog_is_ours_only_if_it_says_so(environment, expected):
    assert watchdog_s(environment, 7) == expected


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"WATCHDOG_USEC": "1000"}])
def test_where_nobody_listens_nothing_happens_and_no_timer_runs(environment):
    async def story() -> None:
        supervisor = open_supervisor(environment, log=lambda *_, **__: pytest.fail("nothing is wrong"))
        supervisor.progress("restoring")
        supervisor.started(lambda: pytest.fail("nobody asked"))
        supervisor.reloading(asyncio.get_running_loop().create_task(asyncio.sleep(0)))
        supervisor.stopping()
        supervisor.close()

    asyncio.run(story())


def test_an_address_of_another_kind_is_told_and_does_no_harm():
    logged: list[str] = []
    supervisor = open_supervisor({"NOTIFY_SOCKET": "vsock:2:1234"}, log=lambda event, **_: logged.append(event))
    supervisor.stopping()
    assert logged == ["supervisor_unheard"]


def test_a_long_start_asks_for_time_but_not_for_each_step(address, ear):
    supervisor = make(address)
    for count in range(1000):
        supervisor.progress(f"restoring: {count} messages")
    supervisor.progress("")
    assert ear.forget() == [f"{MORE_TIME}\nSTATUS=restoring: 0 messages"]


def test_the_same_status_is_said_once(address, ear):
    async def story() -> None:
        status = "quiet"
        supervisor = make(address, 0.02)
        supervisor.started(lambda: status)
        assert await ear.hear() == "READY=1\nSTATUS=quiet"
        assert await ear.hear() == "WATCHDOG=1"
        status = "busy"
        while (said := await ear.hear()) != "WATCHDOG=1\nSTATUS=busy":
            assert said == "WATCHDOG=1"
        assert await ear.hear() == "WATCHDOG=1"
        supervisor.close()

    asyncio.run(story())


def test_a_loop_that_is_held_up_does_not_feed_the_watchdog(address, ear):
    async def story() -> None:
        supervisor = make(address, 0.02)
        supervisor.started(lambda: "")
        while await ear.hear() != "WATCHDOG=1":
            pass
        ear.forget()
        time.sleep(0.2)  # what holds it up: ten times as long as the watchdog waits
        assert ear.forget() == []
        assert await ear.hear() == "WATCHDOG=1"
        supervisor.close()

    asyncio.run(story())


def test_a_reload_is_over_when_its_task_is_even_if_that_failed(address, ear):
    async def story() -> None:
        async def fail() -> None:
            raise OSError("a file is gone")

        supervisor = make(address)
        supervisor.started(lambda: "")
        ear.forget()
        reload = asyncio.get_running_loop().create_task(fail())
        supervisor.reloading(reload)
        (said,) = ear.forget()
        assert said.startswith("RELOADING=1\nMONOTONIC_USEC=")
        assert await ear.hear() == "READY=1"
        assert isinstance(reload.exception(), OSError)
        supervisor.close()

    asyncio.run(story())


def test_who_is_stopping_is_neither_ready_nor_reloading_any_more(address, ear):
    async def story() -> None:
        supervisor = make(address, 0.02)
        go_on = asyncio.Event()
        reload = asyncio.get_running_loop().create_task(go_on.wait())
        supervisor.reloading(reload)
        assert len(ear.forget()) == 1
        supervisor.stopping()
        assert ear.forget() == [f"STOPPING=1\n{MORE_TIME}"]
        go_on.set()
        await reload
        supervisor.started(lambda: "leaving")
        supervisor.reloading(reload)
        assert await ear.hear() == f"WATCHDOG=1\n{MORE_TIME}\nSTATUS=leaving"
        assert await ear.hear() == f"WATCHDOG=1\n{MORE_TIME}"
        supervisor.close()

    asyncio.run(story())


def test_no_reload_is_not_told(address, ear):
    supervisor = make(address)
    supervisor.reloading(None)
    assert ear.forget() == []
