"""A gateway as an operator runs it: a process with a configuration file, a data directory and two ports.

Nothing here imports the gateway: the tests see of it what stations, Prometheus and readers of the store see.
"""

import asyncio
import contextlib
import json
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parent.parent.parent

DEADLINE_S = 30.0
"""Longest wait for anything that should happen at once; a slow machine needs a part of it."""

POLL_S = 0.02

PORTS = range(20_000, 32_000)
"""Below the ports that the kernel gives to clients: a client that waits for the gateway could else get its port."""


class GatewayProcess:
    """A gateway that can be started, killed and started again on the same ports and directory.

    `sections` are those of the configuration file, beside `listener.port`, `admin.port` and `data.directory`.
    """

    def __init__(self, folder: Path, **sections: Mapping[str, object]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.data = Path(str(sections.get("data", {}).get("directory", folder / "data")))
        self.port, self.admin_port = free_ports(2)
        self.lives = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.variables: dict[str, str] = {}
        """What its environment has beside ours; counts from the next start."""
        self.command = [sys.executable, "-m", "gateway", "serve", "--config", str(self.config_file)]
        self.configure(**sections)

    def configure(self, **sections: Mapping[str, object]) -> None:
        """Write the configuration; it counts from the next start."""
        tree: dict[str, dict[str, object]] = {name: dict(keys) for name, keys in sections.items()}
        tree.setdefault("listener", {})["port"] = self.port
        tree.setdefault("admin", {})["port"] = self.admin_port
        tree.setdefault("data", {})["directory"] = str(self.data)
        lines = []
        for name, keys in tree.items():
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items())]
        self.config_file.write_text("\n".join(lines) + "\n")

    @property
    def config_file(self) -> Path:
        return self.folder / "gateway.toml"

    @property
    def log_file(self) -> Path:
        return self.folder / "log.jsonl"

    @property
    def store_file(self) -> Path:
        return self.data / "store.sqlite"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def url(self, identity: str) -> str:
        """Where a station of this identity connects; `identity` is already percent-encoded."""
        return f"ws://127.0.0.1:{self.port}/ocpp/{identity}"

    def spawn(self) -> None:
        """Start the process and return at once."""
        assert self.process is None or self.process.poll() is not None, "it is still running"
        self.lives += 1
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, env=environment(**self.variables), stdout=log, stderr=log
            )

    def start(self) -> None:
        """Start the process and return once it says that stations may come."""
        self.spawn()
        self.wait_until(self.is_ready, "it is ready")

    def kill(self) -> None:
        """End the process as a power cut does, as far as the process is concerned."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def interrupt(self) -> None:
        """Ask it to stop, as Ctrl-C does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)

    def wait(self) -> int:
        """Return its exit status once it has ended."""
        assert self.process is not None
        return self.process.wait(DEADLINE_S)

    def end(self) -> None:
        """Make sure that it no longer runs."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body of an answer of the admin port."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}{path}", timeout=DEADLINE_S) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def get_json(self, path: str) -> Any:
        return json.loads(self.get(path)[1])

    def is_ready(self) -> bool:
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def metrics(self) -> dict[str, float]:
        """Return the samples of /metrics by name with labels, such as `ocpp_gateway_connections{version="ocpp1.6"}`.

        The prefix `ocpp_gateway_` is left out.
        """
        page = self.get("/metrics")[1].decode()
        samples = re.findall(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", page, re.MULTILINE)
        return {name.removeprefix("ocpp_gateway_"): float(value) for name, value in samples}

    def resident_bytes(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024

    def log(self) -> list[dict[str, Any]]:
        """Return the events logged in all lives."""
        lines = self.log_file.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def wait_until(self, condition: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
        """Return once `condition` holds; fail if the process ends before, or at the deadline."""
        assert self.process is not None
        until = time.monotonic() + deadline_s
        while not condition():
            assert self.process.poll() is None, f"the gateway ended:\n{self.log_file.read_text()[-4000:]}"
            assert time.monotonic() < until, f"not in {deadline_s:g} s: {what}\n{self.log_file.read_text()[-4000:]}"
            time.sleep(POLL_S)

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Do as `wait_until`, while stations go on."""
        await asyncio.to_thread(self.wait_until, condition, what)

    def wait_until_stored(self) -> None:
        """Return once the store has everything, and see that no reading was lost on the way (invariant 2)."""
        waiting = 'journal_waiting_entries{reader="store"}'
        self.wait_until(lambda: self.metrics()[waiting] == 0, "the store has everything")
        metrics = self.metrics()
        assert metrics["readings_accepted_total"] == metrics["readings_stored_total"]


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without what would configure a gateway, or have it speak to our supervisor."""
    foreign = ("OCPP_GATEWAY", "NOTIFY_SOCKET", "WATCHDOG_")
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
    return {**inherited, "PYTHONPATH": str(PROJECT), **variables}


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    with contextlib.ExitStack() as taken:
        ports: list[int] = []
        while len(ports) < count:
            port = random.choice(PORTS)
            with contextlib.suppress(OSError):
                taken.enter_context(socket.create_server(("127.0.0.1", port)))
                ports.append(port)
        return ports


@contextlib.contextmanager
def running(folder: Path, **sections: Mapping[str, object]) -> Iterator[GatewayProcess]:
    """A gateway that is ready; it is ended whatever happens."""
    gateway = GatewayProcess(folder, **sections)
    try:
        gateway.start()
        yield gateway
    finally:
        gateway.end()


@contextlib.contextmanager
def opened(store_file: Path) -> Iterator[sqlite3.Connection]:
    """The store as another process reads it."""
    connection = sqlite3.connect(f"file:{store_file}?mode=ro", uri=True, timeout=DEADLINE_S)
    try:
        yield connection
    finally:
        connection.close()


def rows(store_file: Path, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of one query on the store."""
    with opened(store_file) as connection:
        return connection.execute(sql).fetchall()
