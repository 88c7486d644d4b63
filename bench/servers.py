"""The servers under measurement, each a process pinned to one core, with a port on loopback."""

import contextlib
import os
import random
import re
import resource
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.machine import SERVER_CORE
from bench.native import HERE, compiled

HOST = "127.0.0.1"
PORTS = range(20_000, 32_000)
"""Below the ports that the kernel gives to clients."""

START_DEADLINE_S = 20.0
END_DEADLINE_S = 10.0
HTTP_TIMEOUT_S = 20.0
"""A saturated gateway answers a scrape after some milliseconds; one that needs this long hangs."""

POLL_S = 0.02
FILES_MAX = 20_000
"""Files a server may open: a connection is one."""

CONFIG = """\
[data]
directory = "{data}"
[listener]
port = {port}
[admin]
port = {admin_port}
[stations]
unknown = "accept"
[authorisation]
mode = "accept_all"
[log]
level = "warning"
"""


class ServerError(Exception):
    """A server did not start, or ended by itself."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `admin_port` is None for one without metrics."""

    name: str
    pid: int
    port: int
    admin_port: int | None = None

    def metrics(self) -> dict[str, float]:
        """Return the samples of /metrics by name with labels, less the prefix `ocpp_gateway_`."""
        page = _get(f"http://{HOST}:{self.admin_port}/metrics").decode()
        samples = re.findall(r"^ocpp_gateway_([a-z_]+(?:\{[^}]*\})?) (\S+)$", page, re.MULTILINE)
        return {name: float(value) for name, value in samples}


Start = Callable[[], contextlib.AbstractContextManager[Server]]
"""Starts a fresh server; it is ended with the context."""


@contextlib.contextmanager
def floor() -> Iterator[Server]:
    """Run the least that can be done in C, without parsing, checks or a disk."""
    port = _free_ports(1)[0]
    with _process([str(compiled("floor")), str(port)], log=None) as process:
        _wait_until(process, lambda: _accepts(port), None)
        yield Server("floor", process.pid, port)


@contextlib.contextmanager
def rival(name: str) -> Iterator[Server]:
    """Run one of `bench.rivals`."""
    port = _free_ports(1)[0]
    with _process([sys.executable, "-m", "bench.rivals", name, str(port)], log=None) as process:
        _wait_until(process, lambda: _accepts(port), None)
        yield Server(name, process.pid, port)


@contextlib.contextmanager
def gateway(folder: Path) -> Iterator[Server]:
    """Run the gateway with its data in `folder`, which must be empty; every station and id token is accepted."""
    port, admin_port = _free_ports(2)
    config, log = folder / "gateway.toml", folder / "gateway.log"
    config.write_text(CONFIG.format(data=folder / "data", port=port, admin_port=admin_port))
    with _process([sys.executable, "-m", "gateway", "serve", "--config", str(config)], log=log) as process:
        _wait_until(process, lambda: _is_ready(admin_port), log)
        yield Server("gateway", process.pid, port, admin_port)


@contextlib.contextmanager
def _process(command: Sequence[str], log: Path | None) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` on the server's core; it is killed at the end, for nothing that it keeps is needed."""
    with contextlib.ExitStack() as stack:
        errors = None if log is None else stack.enter_context(log.open("wb"))
        process = subprocess.Popen(
            command, cwd=HERE.parent, env=_environment(), stdout=errors, stderr=errors, preexec_fn=_confine
        )
        try:
            yield process
            if process.poll() is not None:
                raise ServerError(f"{command[0]} ended by itself, status {process.returncode}{_tail(log)}")
        finally:
            process.kill()
            process.wait(END_DEADLINE_S)


def _confine() -> None:
    os.sched_setaffinity(0, {SERVER_CORE})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES_MAX, hard), hard))


def _environment() -> dict[str, str]:
    """Return this process's environment without what would configure a gateway."""
    return {name: text for name, text in os.environ.items() if not name.startswith(("OCPP_GATEWAY", "GATEWAY_PURE"))}


def _wait_until(process: subprocess.Popen[bytes], condition: Callable[[], bool], log: Path | None) -> None:
    deadline_monotonic_s = time.monotonic() + START_DEADLINE_S
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline_monotonic_s:
            raise ServerError(f"{process.args!r} did not start{_tail(log)}")
        time.sleep(POLL_S)


def _tail(log: Path | None) -> str:
    return "" if log is None else f":\n{log.read_text()[-2000:]}"


def _accepts(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), HTTP_TIMEOUT_S).close()
    except ConnectionRefusedError:
        return False
    return True


def _is_ready(admin_port: int) -> bool:
    try:
        _get(f"http://{HOST}:{admin_port}/readyz")
    except OSError:
        return False
    return True


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=HTTP_TIMEOUT_S) as answer:
        page: bytes = answer.read()
        return page


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as taken:
        ports: list[int] = []
        while len(ports) < count:
            port = random.choice(PORTS)
            with contextlib.suppress(OSError):
                taken.enter_context(socket.create_server((HOST, port)))
                ports.append(port)
        return ports
