"""`ocpp-gateway top` and `ctl` as processes, against a gateway that is a process too, with stations that answer."""

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.system.commanding import VERSIONS, result, station
from tests.system.process import DEADLINE_S, PROJECT, GatewayProcess, environment, free_ports, running

TOKEN = "a-token-of-more-than-16-characters"

SITE = """
name = "depot"

[[node]]
name = "grid"
limit_a = 100

[[node]]
name = "hall"
parent = "grid"
limit_a = 63

[[evse]]
station = "CP1"
evse = 1
node = "hall"
phases = [1, 2, 3]
maximum_a = 32
"""


class Ended:
    """What a command printed, and its status."""

    def __init__(self, ended: subprocess.CompletedProcess[str]) -> None:
        self.status = ended.returncode
        self.output = ended.stdout
        self.problems = ended.stderr.splitlines()

    def json(self) -> Any:
        return json.loads(self.output)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "gateway", *arguments]


def run(*arguments: str, **variables: str) -> Ended:
    """Run a command to its end."""
    env = environment(**variables)
    done = subprocess.run(command(*arguments), env=env, cwd=PROJECT, capture_output=True, text=True, timeout=DEADLINE_S)
    assert "Traceback" not in done.stderr
    return Ended(done)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("gateway")
    (made / "depot.toml").write_text(SITE)
    (made / "token").write_text(TOKEN + "\n")
    return made


@pytest.fixture(scope="module")
def gateway(folder: Path) -> Iterator[GatewayProcess]:
    """A gateway with a site and a token, whose configuration names both."""
    sections = {"charging": {"site_files": ["depot.toml"]}, "admin": {"token_file": "token"}}
    with running(folder, **sections) as one:
        yield one


@pytest.fixture
def ctl(gateway: GatewayProcess) -> Any:
    """Runs a `ctl` command with the gateway's configuration."""
    return lambda *arguments: run("ctl", *arguments, "--config", str(gateway.config_file))


def url(gateway: GatewayProcess) -> str:
    return f"http://127.0.0.1:{gateway.admin_port}"


def test_top_once_as_json_is_what_the_gateway_does(gateway: GatewayProcess) -> None:
    async def story() -> dict[str, Any]:
        async with contextlib.AsyncExitStack() as stack:
            stations = [
                await stack.enter_async_context(station(gateway, f"TOP-{version}", version)) for version in VERSIONS
            ]
            top = asyncio.create_task(
                asyncio.to_thread(run, "top", "--once", "--json", "--interval", "1", "--url", url(gateway))
            )
            while not top.done():
                await asyncio.gather(*(one.call("Heartbeat", {}) for one in stations))
                await stations[0].call("MakeCoffee", {})
                await asyncio.wait({top}, timeout=0.02)
            ended = await top
            assert (ended.status, ended.problems) == (0, [])
            return ended.json()

    figures = asyncio.run(story())
    assert (figures["ready"], figures["reasons"], figures["restarted"]) == (True, [], False)
    assert 1 <= figures["interval_s"] < 5
    assert figures["stations"]["connected"] == 3
    assert figures["stations"]["by_version"] == dict.fromkeys(VERSIONS, 1)
    actions = {row["action"]: row for row in figures["messages"]["actions"]}
    assert set(actions) == {"Heartbeat", "unknown"}
    assert actions["Heartbeat"]["per_s"] > 0 == actions["Heartbeat"]["refused_per_s"]
    assert actions["unknown"]["refused_per_s"] == actions["unknown"]["per_s"] > 0
    assert figures["process"]["memory_bytes"] > 10e6
    assert figures["process"]["open_files"] < figures["process"]["open_files_max"]
    assert figures["process"]["loop_lag"]["p99_s"] >= figures["process"]["loop_lag"]["p50_s"] >= 0
    assert figures["store"]["connected"] is True
    store = figures["store"]
    assert store["accepted"] == store["stored"] + store["set_aside"] + store["waiting"]
    assert figures["charging"]["sites"] == 1
    assert figures["charging"]["troubles"] is None  # no token was given


def test_top_once_is_a_picture_and_needs_no_token(gateway: GatewayProcess) -> None:
    ended = run("top", "--once", "--interval", "0.2", "--url", url(gateway), COLUMNS="80")
    assert (ended.status, ended.problems) == (0, [])
    assert ended.output.splitlines()[1] == "READY"
    assert "\x1b" not in ended.output
    assert max(map(len, ended.output.splitlines())) <= 80


def test_top_takes_the_port_and_the_token_from_the_configuration(gateway: GatewayProcess) -> None:
    ended = run("top", "--once", "--json", "--interval", "0.2", "--config", str(gateway.config_file))
    assert ended.json()["charging"]["troubles"] == []


def test_top_on_a_terminal_hides_the_cursor_and_gives_it_back_at_ctrl_c(gateway: GatewayProcess) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    env = environment(TERM="xterm")
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        env.pop(name, None)
    arguments = command("top", "--interval", "0.2", "--url", url(gateway))
    with subprocess.Popen(arguments, env=env, cwd=PROJECT, stdin=theirs, stdout=theirs, stderr=theirs) as top:
        os.close(theirs)
        seen = b""
        while seen.count(b"READY") < 2:
            seen += os.read(ours, 65536)
        assert seen.startswith(b"\x1b[?25l\x1b[2J\x1b[H")
        assert b"Ctrl-C stops" in seen
        top.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # the terminal ends with its last process
            while more := os.read(ours, 65536):
                seen += more
        assert top.wait(DEADLINE_S) == 0
    os.close(ours)
    assert seen.endswith(b"\x1b[?25h")
    assert b"Traceback" not in seen


def test_top_in_a_pipe_is_a_line_an_interval_and_ends_with_its_reader(gateway: GatewayProcess) -> None:
    arguments = command("top", "--interval", "0.2", "--url", url(gateway))
    with subprocess.Popen(
        arguments, env=environment(), cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as top:
        assert top.stdout is not None
        assert top.stderr is not None
        for _ in range(2):
            assert "  ready  connected " in top.stdout.readline()
        top.stdout.close()
        top.wait(DEADLINE_S)
        assert top.stderr.read() == ""


def test_top_waits_for_a_gateway_that_is_restarted_and_shows_no_negative_rate(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        for _ in range(5):
            asyncio.run(_come_and_go(gateway))
        arguments = command("top", "--json", "--interval", "0.2", "--url", url(gateway))
        with subprocess.Popen(arguments, env=environment(), cwd=PROJECT, stdout=subprocess.PIPE, text=True) as top:
            assert top.stdout is not None
            assert json.loads(top.stdout.readline())["ready"] is True
            gateway.kill()
            assert "connection refused" in _line_with(top, "error")["error"]
            gateway.start()
            begun = _line_with(top, "restarted")
            while not begun["restarted"]:
                begun = _line_with(top, "restarted")
            assert all(rate >= 0 for rate in _rates(begun))
            top.send_signal(signal.SIGINT)
            assert top.wait(DEADLINE_S) == 0


async def _come_and_go(gateway: GatewayProcess) -> None:
    async with station(gateway):
        pass


def _line_with(top: subprocess.Popen[str], key: str) -> dict[str, Any]:
    """Return the next line that has a key."""
    assert top.stdout is not None
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        said = json.loads(top.stdout.readline())
        if key in said:
            return said
    raise AssertionError(f"no line has {key}")


def _rates(figures: Any) -> Iterator[float]:
    for name, value in figures.items():
        if isinstance(value, dict):
            if name.endswith("_per_s"):
                yield from value.values()
            else:
                yield from _rates(value)
        elif name.endswith(("_per_s", "_share")) and value is not None:
            yield value


def test_ctl_lists_stations_and_shows_one(gateway: GatewayProcess, ctl: Any) -> None:
    async def story() -> tuple[Ended, ...]:
        async with station(gateway, "CP#1?"):
            asked = [("stations", "--connected"), ("stations", "--connected", "--json"), ("station", "CP#1?")]
            return tuple(await asyncio.gather(*(asyncio.to_thread(ctl, *arguments) for arguments in asked)))

    table, as_json, one = asyncio.run(story())
    assert table.output.splitlines()[0].split()[:3] == ["identity", "connected", "version"]
    assert [row.split()[:4] for row in table.output.splitlines()[2:]] == [["CP#1?", "true", "ocpp1.6", "Accepted"]]
    assert [row["identity"] for row in as_json.json()["stations"]] == ["CP#1?"]
    assert "boot vendor           V" in one.output
    assert "last_messages" in one.output
    assert "CP#1?" not in ctl("stations", "--connected").output
    assert "CP#1?" in ctl("stations").output


def test_ctl_call_prints_what_the_station_answered(gateway: GatewayProcess, ctl: Any) -> None:
    def answer(message_id: str, action: str, payload: Any) -> list[str]:
        if action == "ClearCache":
            return [result(message_id, {"status": "Rejected"})]
        assert payload == {"key": ["HeartbeatInterval"]}
        return [result(message_id, {"unknownKey": ["HeartbeatInterval"]})]

    async def story() -> tuple[Ended, ...]:
        async with station(gateway, "CP-call", say=answer):
            asked = [
                ("call", "CP-call", "GetConfiguration", '{"key": ["HeartbeatInterval"]}', "--json", "--timeout", "20"),
                ("call", "CP-call", "ClearCache"),
                ("call", "CP-call", "ClearCache", "--json"),
                ("call", "CP-call", "GetConfiguration", '{"keys": []}'),
                ("call", "CP-call", "GetConfiguration", "{"),
            ]
            return tuple([await asyncio.to_thread(ctl, *arguments) for arguments in asked])

    taken, declined, declined_json, invalid, broken = asyncio.run(story())
    assert taken.status == 0
    assert taken.json() == {"outcome": "accepted", "response": {"unknownKey": ["HeartbeatInterval"]}}
    assert (declined.status, declined.output) == (1, "")
    assert declined.problems == ['ocpp-gateway: The station declined: {"status":"Rejected"}']
    assert declined_json.json()["outcome"] == "rejected"
    assert declined_json.status == 1
    assert invalid.problems == ["ocpp-gateway: The request is not valid: $.keys: unknown property"]
    assert broken.status == 1
    assert "The body is not JSON" in broken.problems[0]


def test_ctl_shows_sites_and_limits_their_nodes(ctl: Any) -> None:
    listed = ctl("sites")
    assert listed.output.splitlines()[2].split()[:3] == ["depot", "2", "1"]
    limited = ctl("limit", "depot", "hall", "--amperes", "40", "--for", "600", "--json")
    assert [phase["capacity_a"] for phase in limited.json()["phases"]] == [40, 40, 40]
    shown = ctl("site", "depot")
    assert "  hall  phase 1  A     40 " in shown.output
    assert any(row.split()[:3] == ["CP1", "1", "hall"] for row in shown.output.splitlines())
    cleared = ctl("limit", "depot", "hall", "--clear")
    assert cleared.status == 0
    assert "hall  phase 1  A     63 " in cleared.output
    assert "hall  all      kW    20 " in ctl("limit", "depot", "hall", "--kilowatts", "20").output
    assert ctl("limit", "depot", "hall", "--clear").status == 0


def test_ctl_reload_takes_changed_files_and_says_all_that_is_wrong(folder: Path, ctl: Any) -> None:
    file = folder / "depot.toml"
    file.write_text(SITE.replace('parent = "grid"', 'parent = "gird"'))
    try:
        refused = ctl("reload")
    finally:
        file.write_text(SITE)
    assert refused.status == 1
    assert refused.problems[0].startswith("ocpp-gateway: The request is not valid: the files of the sites")
    assert any("gird" in problem for problem in refused.problems[1:])
    assert ctl("reload").status == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("station", "CP-never"), "Not Found: No station with this identity has ever connected."),
        (("call", "CP-never", "Reset"), "No such station"),
        (("site", "nowhere"), "Not Found: There is no site nowhere."),
        (("limit", "depot", "attic", "--amperes", "1"), "Not Found: The site depot has no node attic."),
        (("limit", "depot", "attic", "--clear"), "Not Found: The site depot has no node attic."),
    ],
)
def test_ctl_says_in_a_line_why_the_gateway_refuses(ctl: Any, arguments: tuple[str, ...], problem: str) -> None:
    ended = ctl(*arguments)
    assert (ended.status, ended.output) == (1, "")
    (told,) = ended.problems
    assert told.startswith(f"ocpp-gateway: {problem}")


@pytest.mark.parametrize("arguments", [("stations",), ("sites",), ("reload",), ("limit", "depot", "hall", "--clear")])
def test_ctl_without_a_token_says_where_to_get_one(gateway: GatewayProcess, arguments: tuple[str, ...]) -> None:
    ended = run("ctl", *arguments, "--url", url(gateway))
    assert ended.status == 1
    (told,) = ended.problems
    assert "--token-file" in told


def test_a_wrong_token_is_told_by_both_commands(gateway: GatewayProcess, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("another-token-of-16-characters")
    reached = ("--url", url(gateway), "--token-file", str(tmp_path / "token"))
    for arguments in (("ctl", "stations"), ("top", "--once")):
        ended = run(*arguments, *reached)
        assert ended.status == 1
        assert ended.problems == [
            f"ocpp-gateway: {url(gateway)}: this is not the gateway's token (its admin.token_file)"
        ]


def test_the_right_token_opens_the_api(gateway: GatewayProcess, folder: Path) -> None:
    ended = run("ctl", "sites", "--json", "--url", url(gateway), "--token-file", str(folder / "token"))
    assert [site["site"] for site in ended.json()["sites"]] == ["depot"]


def test_where_nobody_listens_it_says_what_to_look_at() -> None:
    (port,) = free_ports(1)
    for arguments in (("top",), ("top", "--once", "--json"), ("ctl", "stations")):
        ended = run(*arguments, "--url", f"http://127.0.0.1:{port}")
        assert (ended.status, ended.output) == (1, "")
        (told,) = ended.problems
        assert "connection refused; does the gateway run" in told


def test_the_port_of_stations_is_no_admin_port(gateway: GatewayProcess) -> None:
    ended = run("top", "--once", "--url", f"http://127.0.0.1:{gateway.port}")
    assert ended.status == 1
    (told,) = ended.problems
    assert "is no admin port of a gateway" in told


@pytest.mark.parametrize(
    ("ready", "status"), [({"ready": True, "reasons": []}, 0), ({"ready": False, "reasons": ["it is draining"]}, 1)]
)
def test_the_status_of_top_once_is_whether_it_is_ready(ready: dict[str, Any], status: int) -> None:
    with _answering(
        {"/metrics": b'ocpp_gateway_build_info{version="1"} 1\n', "/readyz": json.dumps(ready).encode()}
    ) as at:
        ended = run("top", "--once", "--interval", "0.2", "--url", at)
    assert (ended.status, ended.problems) == (status, [])
    assert ("! NOT READY: it is draining" in ended.output) == (status == 1)


def test_a_gateway_that_fails_for_a_while_is_watched_on() -> None:
    page = b'ocpp_gateway_build_info{version="1"} 1\n'
    pages = {"/metrics": page, "/readyz": b'{"ready": true, "reasons": []}'}
    with _answering(pages) as at:
        arguments = command("top", "--json", "--interval", "0.2", "--url", at)
        with subprocess.Popen(arguments, env=environment(), cwd=PROJECT, stdout=subprocess.PIPE, text=True) as top:
            assert _line_with(top, "ready")["version"] == "1"
            del pages["/metrics"]
            assert "/metrics is answered 401" in _line_with(top, "error")["error"]
            pages["/metrics"] = page
            assert _line_with(top, "ready")["ready"] is True
            top.send_signal(signal.SIGTERM)
            assert top.wait(DEADLINE_S) == 0


@pytest.mark.parametrize("page", [b"up 1\n", b"<html></html>", b"\xff\xfe"])
def test_another_exporter_is_no_gateway(page: bytes) -> None:
    with _answering({"/metrics": page, "/readyz": b"{}"}) as at:
        ended = run("top", "--once", "--url", at)
    assert ended.status == 1
    (told,) = ended.problems
    assert "is no admin port of a gateway" in told


@contextlib.contextmanager
def _answering(pages: dict[str, bytes]) -> Iterator[str]:
    """An HTTP server with some pages, 401 for all others; yields its URL."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path)
            self.send_response(401 if page is None else 200)
            self.end_headers()
            self.wfile.write(page or b"")

        def log_message(self, *arguments: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Pages)
    serving = Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


@pytest.mark.parametrize("wrong", ["localhost:8080", "ftp://localhost", "http://", "http://[::1", "http://h:99999"])
def test_what_is_no_url_is_told(wrong: str) -> None:
    ended = run("ctl", "stations", "--url", wrong)
    assert ended.status == 1
    (told,) = ended.problems
    assert "must be the URL of an admin port" in told


@pytest.mark.parametrize(
    "arguments", [(), ("--amperes", "1", "--clear"), ("--clear", "--for", "5"), ("--for", "5"), ("--amperes", "-1")]
)
def test_a_limit_is_either_given_or_cleared(arguments: tuple[str, ...]) -> None:
    assert run("ctl", "limit", "depot", "hall", *arguments).status == 2
