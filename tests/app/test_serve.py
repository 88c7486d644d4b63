"""Facts about `ocpp-gateway serve` as a process: what it prints, how it ends, and why it does not start."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
import websockets.sync.client

import gateway
from gateway import __version__

DEADLINE_S = 20

INVALID = 78
"""The status after which a restart would not help."""


@contextlib.contextmanager
def served(directory: Path, *arguments: str, **variables: str):
    """A serving process, as (process, what it announced by name)."""
    process = spawn(directory, *arguments, **variables)
    try:
        announced = dict(process.stdout.readline().split(maxsplit=1) for _ in range(3))
        yield process, {name: text.strip() for name, text in announced.items()}
    finally:
        process.kill()
        process.communicate()


def spawn(
    directory: Path, *arguments: str, preexec_fn: Callable[[], None] | None = None, **variables: str
) -> subprocess.Popen:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("OCPP_GATEWAY")}
    environment |= {
        "PYTHONPATH": str(Path(gateway.__file__).parent.parent),
        "OCPP_GATEWAY__ADMIN__PORT": "0",
        **variables,
    }
    command = [sys.executable, "-m", "gateway", "serve", "--port", "0", *arguments]
    return subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=preexec_fn,
    )


def failure_of(directory: Path, *arguments: str, status: int = 1, **variables: str) -> str:
    """Return the one line on standard error of a process that cannot serve."""
    process = spawn(directory, *arguments, **variables)
    output, errors = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, output) == (status, "")
    told = [text for text in errors.splitlines() if not text.startswith("{")]
    assert len(told) == 1, errors
    return told[0]


def test_it_announces_where_it_is_and_answers_there(tmp_path):
    with served(tmp_path) as (_, announced):
        assert announced["data"] == str(tmp_path / "gateway-data")
        assert announced["stations"].startswith("ws://127.0.0.1:")
        assert announced["stations"].endswith("/ocpp/{identity}")
        with urllib.request.urlopen(f"{announced['admin']}/readyz", timeout=DEADLINE_S) as answer:
            assert json.load(answer) == {"ready": True, "reasons": []}
        with urllib.request.urlopen(f"{announced['admin']}/api/v1/stations", timeout=DEADLINE_S) as answer:
            assert json.load(answer) == {"stations": [], "next_cursor": None}
        with urllib.request.urlopen(f"{announced['admin']}/metrics", timeout=DEADLINE_S) as answer:
            assert b"ocpp_gateway_build_info" in answer.read()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(tmp_path, number):
    with served(tmp_path) as (process, _):
        process.send_signal(number)
        _, errors = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0
        events = [json.loads(text)["event"] for text in errors.splitlines()]
        assert events[-2:] == ["draining", "stopped"]


def test_a_second_signal_does_not_wait_for_the_drain(tmp_path):
    slow = {"OCPP_GATEWAY__DRAIN__CLOSES_PER_S": "0.001", "OCPP_GATEWAY__DRAIN__GRACE_S": "3600"}
    with served(tmp_path, **slow) as (process, announced), contextlib.ExitStack() as stations:
        for name in ("CP1", "CP2", "CP3"):
            url = announced["stations"].replace("{identity}", name)
            stations.enter_context(websockets.sync.client.connect(url, subprotocols=["ocpp1.6"]))
        process.send_signal(signal.SIGINT)
        while json.loads(process.stderr.readline())["event"] != "draining":
            pass
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0


def test_a_second_process_on_the_same_directory_is_told_why_not(tmp_path):
    with served(tmp_path) as (process, _):
        told = failure_of(tmp_path)
        assert str(tmp_path / "gateway-data") in told
        assert str(process.pid) in told


def test_after_a_kill_the_directory_is_free_again(tmp_path):
    with served(tmp_path) as (process, _):
        process.kill()
    with served(tmp_path) as (_, announced):
        assert announced["data"] == str(tmp_path / "gateway-data")


@pytest.mark.parametrize("port", ["OCPP_GATEWAY__LISTENER__PORT", "OCPP_GATEWAY__ADMIN__PORT"])
def test_a_port_in_use_is_told_in_one_line(tmp_path, port):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        arguments = ["--port", str(number)] if "LISTENER" in port else []
        told = failure_of(tmp_path, *arguments, **{port: str(number)})
    section = port.split("__")[1].lower()
    where = f"{section}.host, {section}.port: cannot listen on 127.0.0.1 port {number}"
    assert told == f"ocpp-gateway: {where}: Address already in use"


def test_a_host_that_no_resolver_knows_is_named(tmp_path):
    policy = {"OCPP_GATEWAY__STATIONS__UNKNOWN": "accept", "OCPP_GATEWAY__STATIONS__CREDENTIALS": "none"}
    told = failure_of(tmp_path, "--host", "no-such-host.invalid", **policy)
    assert "listener.host, listener.port: cannot listen on no-such-host.invalid port 0: " in told


def test_a_log_file_that_cannot_be_opened_is_named_with_its_key(tmp_path):
    told = failure_of(tmp_path, status=INVALID, OCPP_GATEWAY__LOG__FILE="absent/gateway.log")
    assert told == "ocpp-gateway: absent/gateway.log: log.file cannot be opened: No such file or directory"


def test_what_never_started_does_not_say_that_it_stopped(tmp_path):
    (tmp_path / "file").write_text("")
    process = spawn(tmp_path, "--data", "file")
    _, errors = process.communicate(timeout=DEADLINE_S)
    assert "stopped" not in errors


def test_the_log_says_what_was_started_and_where(tmp_path):
    with served(tmp_path) as (process, announced):
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=DEADLINE_S)
    (line,) = [line for line in map(json.loads, errors.splitlines()) if line["event"] == "started"]
    assert line["version"] == __version__
    assert line["stations_url"] + "{identity}" == announced["stations"]
    assert line["admin_url"] == announced["admin"]


def test_closed_standard_streams_are_not_given_to_sockets_or_files(tmp_path):
    process = spawn(tmp_path, OCPP_GATEWAY__LOG__FILE="gateway.log", preexec_fn=lambda: os.closerange(0, 3))
    log = tmp_path / "gateway.log"
    deadline = time.monotonic() + DEADLINE_S
    while not (log.exists() and '"started"' in log.read_text()):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    streams = [os.readlink(f"/proc/{process.pid}/fd/{number}") for number in range(3)]
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=DEADLINE_S) == 0
    assert streams == ["/dev/null"] * 3


def test_a_data_directory_that_cannot_be_made_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in failure_of(tmp_path, "--data", "file/below")


def test_a_side_file_that_is_wrong_is_told_in_one_line(tmp_path):
    (tmp_path / "stations").write_text("a/b\n")
    told = failure_of(tmp_path, status=INVALID, OCPP_GATEWAY__STATIONS__LIST_FILE="stations")
    assert "stations: line 1" in told


def test_a_listener_off_loopback_does_not_start_without_a_policy(tmp_path):
    process = spawn(tmp_path, "--host", "0.0.0.0")
    _, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == INVALID
    assert len(errors.splitlines()) == 2
    assert not (tmp_path / "gateway-data").exists()


def test_the_log_goes_to_the_file_that_is_configured(tmp_path):
    with served(tmp_path, OCPP_GATEWAY__LOG__FILE="gateway.log") as (process, _):
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=DEADLINE_S)
    assert errors == ""
    assert json.loads((tmp_path / "gateway.log").read_text().splitlines()[-1])["event"] == "stopped"


def test_off_loopback_the_api_asks_for_its_token(tmp_path):
    (tmp_path / "bearer").write_text("0123456789abcdef\n")
    with served(tmp_path, OCPP_GATEWAY__ADMIN__HOST="0.0.0.0", OCPP_GATEWAY__ADMIN__TOKEN_FILE="bearer") as (
        _,
        announced,
    ):
        admin = announced["admin"].replace("0.0.0.0", "127.0.0.1")
        assert urllib.request.urlopen(f"{admin}/livez", timeout=DEADLINE_S).status == 200
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{admin}/api/v1/stations", timeout=DEADLINE_S)
        request = urllib.request.Request(
            f"{admin}/api/v1/stations", headers={"Authorization": "Bearer 0123456789abcdef"}
        )
        assert urllib.request.urlopen(request, timeout=DEADLINE_S).status == 200
