"""Facts about a gateway that may do no more than its unit for systemd lets it, with real filters of system calls."""

import asyncio
import ctypes
import json
import random
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.certificates import Certificate, client_context, needs_openssl
from tests.system.process import DEADLINE_S, GatewayProcess, environment, free_ports
from tests.system.stations import VERSIONS, Ledger, Station, meter_values_16

SANDBOX = Path(__file__).with_name("sandbox.py")


@pytest.fixture(scope="module")
def sandbox() -> list[str]:
    """A command that runs another one as the printed unit would."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze, which knows @system-service; on Debian: apt-get install systemd")
    try:
        ctypes.CDLL("libseccomp.so.2")
    except OSError as error:
        pytest.skip(f"no libseccomp: {error}")
    show = [sys.executable, "-m", "gateway", "print", "systemd-unit"]
    unit = subprocess.run(show, env=environment(), capture_output=True, text=True, check=True).stdout
    settings = [line.split("=", 1) for line in unit.splitlines() if "=" in line]
    allowed: set[str] = set()
    for name, value in settings:
        if name == "SystemCallFilter":
            for word in value.removeprefix("~").split():
                calls = expanded(program, word)
                allowed = allowed - calls if value.startswith("~") else allowed | calls
    families = [int(getattr(socket, word)) for name, value in settings if "AddressF" in name for word in value.split()]
    assert ("MemoryDenyWriteExecute", "yes") in map(tuple, settings)
    rules = json.dumps({"allowed": sorted(allowed), "families": families})
    return [sys.executable, str(SANDBOX), rules]


def expanded(program: str, word: str) -> set[str]:
    """Return the system calls of a group such as @system-service."""
    if not word.startswith("@"):
        return {word}
    shown = subprocess.run([program, "syscall-filter", word, "--no-pager"], capture_output=True, text=True, check=True)
    words = [line.strip() for line in shown.stdout.splitlines()[1:]]
    return set().union(*(expanded(program, word) for word in words if word and not word.startswith("#")))


def result(sandbox: list[str], program: str) -> str:
    """Return what a Python program prints within."""
    command = [*sandbox, sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=True).stdout.strip()


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)", "PermissionError"),
        ("import os; os.chroot('/')", "PermissionError"),
        ("import os; os.setpriority(os.PRIO_PROCESS, 0, 1)", "PermissionError"),
        ("import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", "OSError"),
    ],
)
def test_the_sandbox_refuses_what_a_gateway_never_does(sandbox, program, why):
    caught = f"try:\n    {program}\nexcept OSError as error:\n    print(type(error).__name__)"
    assert result(sandbox, caught) == why


def test_names_can_be_resolved_within(sandbox):
    program = "import socket; print(bool(socket.getaddrinfo('localhost', 80, type=socket.SOCK_STREAM)))"
    assert result(sandbox, program) == "True"


@needs_openssl
def test_a_gateway_does_all_its_work_within(sandbox, tmp_path):
    certificate = Certificate(tmp_path, "gateway", "ecdsa")
    (tls_port,) = free_ports(1)
    gateway = GatewayProcess(tmp_path / "gateway", authorisation={"mode": "accept_all"}, tls={"port": tls_port})
    with gateway.config_file.open("a") as file:
        file.write(certificate.toml())
    gateway.command = [*sandbox, *gateway.command]

    async def scenario() -> None:
        for number, version in enumerate(VERSIONS):
            await Station(f"CP{number}", version, gateway.url(f"CP{number}"), Ledger(), random.Random(1)).boot()
        url, context = f"wss://127.0.0.1:{tls_port}/ocpp/CP0", client_context(certificate)
        async with connect(url, subprotocols=["ocpp1.6"], ssl=context, proxy=None) as station:
            for number in range(100):
                await station.send(json.dumps([2, str(number), "MeterValues", meter_values_16(None, number)]))
                assert json.loads(await station.recv())[0] == 3

    try:
        gateway.start()
        asyncio.run(scenario())
        gateway.wait_until_stored()
        metrics = gateway.metrics()
        assert metrics["readings_stored_total"] == 100
        assert "process_start_time_seconds" in gateway.get("/metrics")[1].decode()
        gateway.process.send_signal(signal.SIGHUP)
        gateway.wait_until(lambda: any(line["event"] == "sites_loaded" for line in gateway.log()), "it has reloaded")
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.wait() == 0
    finally:
        gateway.end()
