"""Facts about `ocpp-gateway fleet`, run as a process against servers that are not ours."""

import asyncio
import json
import os
import signal
import ssl
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from websockets.asyncio.server import basic_auth, serve

import gateway
from gateway.app import fleet_command
from tests.certificates import Certificate, needs_openssl
from tests.fleet.csms import OCPP16, OCPP21, OCPP201, Csms, websocket_csms

PROJECT = Path(gateway.__file__).parent.parent
DEADLINE_S = 60


class Ended(NamedTuple):
    status: int
    lines: list[str]
    problems: list[str]


async def started(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway",
        "fleet",
        *arguments,
        cwd=PROJECT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended(process: asyncio.subprocess.Process) -> Ended:
    async with asyncio.timeout(DEADLINE_S):
        output, problems = await process.communicate()
    return Ended(process.returncode, output.decode().splitlines(), problems.decode().splitlines())


async def fleet(*arguments: str) -> Ended:
    return await ended(await started(*arguments))


def together(*runs) -> list[Ended]:
    async def run() -> list[Ended]:
        return await asyncio.gather(*runs)

    return asyncio.run(run())


async def until(condition) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.02)


def test_stations_of_all_versions_play_and_a_summary_is_left():
    async def run() -> tuple[Csms, Ended]:
        csms = Csms()
        async with websocket_csms(csms) as url:
            return csms, await fleet(url, "--stations", "6", "--speed", "120", "--duration", "3")

    csms, result = asyncio.run(run())
    assert result.status == 0
    (told,) = result.problems
    assert "at --speed 120 the stations' clocks run ahead" in told
    versions = {call.station: call.version for call in csms.calls}
    assert versions == {f"SIM-{n:04d}": (OCPP16, OCPP201, OCPP21)[(n - 1) % 3] for n in range(1, 7)}
    assert result.lines[0].startswith("00:00:00  connected 0/6")
    summary = result.lines[result.lines.index("") :]
    assert summary[1].startswith("6 stations for 3 s: 6 connects")
    assert f"calls {len(csms.calls):,}: results {len(csms.calls):,}, errors 0, timeouts 0, malformed 0" in summary


def test_json_has_an_object_on_every_line_of_which_the_last_sums_up():
    async def run() -> tuple[Csms, Ended]:
        csms = Csms()
        async with websocket_csms(csms) as url:
            pattern = ["--identity-prefix", "DE*##", "--versions", "2.1", "--versions", "ocpp1.6"]
            return csms, await fleet(url, "--stations", "2", *pattern, "--speed", "60", "--duration", "4", "--json")

    csms, result = asyncio.run(run())
    told = [json.loads(line) for line in result.lines]
    assert [line["summary"] for line in told] == [False] * (len(told) - 1) + [True]
    assert len(told) >= 3
    assert (told[-1]["connects"], told[-1]["accepted"], told[-1]["failures"]) == (2, 2, [])
    assert told[-1]["calls"] == len(csms.calls)
    assert {call.station: call.version for call in csms.calls} == {"DE%2A01": OCPP21, "DE%2A02": OCPP16}


def test_drivers_present_the_id_tokens_that_were_given(tmp_path):
    (tmp_path / "cards").write_text("CARD-1  # of the car pool\n\nCARD-2\n")

    async def run() -> Csms:
        csms = Csms()
        async with websocket_csms(csms) as url:
            cards = ["--id-tokens", str(tmp_path / "cards"), "--id-token", "CARD-3", "--id-token", "CARD-4"]
            process = await started(url, "--stations", "8", "--versions", "1.6", "--speed", "600", *cards)
            await until(lambda: len(csms.of("Authorize")) > 8)
            process.send_signal(signal.SIGINT)
            await ended(process)
        return csms

    presented = {request["idTag"] for request in asyncio.run(run()).of("Authorize")}
    assert len(presented) > 1
    assert presented <= {"CARD-1", "CARD-2", "CARD-3", "CARD-4"}


def test_what_is_shown_last_is_from_before_the_stations_hang_up(monkeypatch, capsys):
    monkeypatch.setattr(fleet_command, "JSON_INTERVAL_S", 0.0)
    monkeypatch.setattr(fleet_command, "REDRAW_S", 0.0)
    connected: list[int] = []

    def hear() -> bool:
        shown = (json.loads(line) for line in capsys.readouterr().out.splitlines())
        connected.extend(line["connected"] for line in shown)
        return connected[-1:] == [5]

    async def run() -> None:
        async with websocket_csms(Csms()) as url:
            run = fleet_command.FleetRun(options(url, stations=5), None)
            await run.start()
            await until(hear)
            await run.drain()
            await run.stop()

    asyncio.run(run())
    hear()
    assert connected[-1] == 5


def options(url: str, *, stations: int) -> fleet_command.FleetOptions:
    return fleet_command.FleetOptions(
        url=url,
        stations=stations,
        versions=(OCPP16,),
        identities="SIM-",
        password=None,
        id_tokens=(),
        ca_file=None,
        insecure=False,
        seed=1,
        speed=1.0,
        ramp_per_s=200.0,
        duration_s=None,
        json=True,
    )


def test_ctrl_c_ends_it_in_good_order():
    async def run() -> Ended:
        csms = Csms()
        async with websocket_csms(csms) as url:
            process = await started(url, "--stations", "3")
            await until(lambda: len(csms.calls) > 5)
            process.send_signal(signal.SIGINT)
            return await ended(process)

    result = asyncio.run(run())
    assert (result.status, result.problems) == (0, [])
    assert any(line.startswith("3 stations for") for line in result.lines)


def test_two_hundred_stations_connect_at_the_ramp():
    async def run() -> Ended:
        async with websocket_csms(Csms()) as url:
            return await fleet(url, "--stations", "200", "--ramp", "150", "--duration", "3", "--json")

    result = asyncio.run(run())
    first, *_, last = [json.loads(line) for line in result.lines]
    assert first["connected"] <= 30
    assert last["connects"] == last["accepted"] + last["offline"] == 200
    assert (last["errors"], last["timeouts"], last["malformed"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["http://127.0.0.1"], "the scheme must be ws or wss, as in ws://127.0.0.1:9000/ocpp"),
        (["ws://127.0.0.1:1?a=b"], "must hold neither a query nor a user"),
        (["ws://127.0.0.1:1", "--insecure"], "are for a URL that begins with wss"),
        (["wss://127.0.0.1:1", "--tls", "/nowhere/ca.pem"], "/nowhere/ca.pem: No such file or directory"),
        (["wss://127.0.0.1:1", "--tls", __file__], "no certificates"),
        (["ws://127.0.0.1:1", "--password-file", "/nowhere"], "No such file or directory"),
        (["ws://127.0.0.1:1", "--password-file", os.devnull], "holds no password"),
        (["ws://127.0.0.1:1", "--id-tokens", "/nowhere"], "/nowhere: cannot be read: No such file or directory"),
        (["ws://127.0.0.1:1", "--id-tokens", os.devnull], "holds no id token"),
        (["ws://127.0.0.1:1", "--id-token", "x" * 21], "an id token has 1 to 20 characters"),
        (["ws://127.0.0.1:1", "--stations", "1"], "SIM-0001 (ocpp1.6): nobody listens there (connection refused)"),
    ],
)
def test_what_cannot_work_is_told_in_one_line(arguments, why):
    result = asyncio.run(fleet(*arguments))
    assert result.status == 1
    assert len(result.problems) == 1
    assert why in result.problems[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ["ws://h", "--versions", "1.5"],
        ["ws://h", "--stations", "0"],
        ["ws://h", "--password", "a", "--password-file", "b"],
    ],
)
def test_a_wrong_call_ends_with_status_2(arguments):
    assert asyncio.run(fleet(*arguments)).status == 2


def test_each_version_that_is_refused_is_told_with_its_reason():
    async def run(*versions: str) -> Ended:
        async with only_16() as url:
            return await fleet(url, "--stations", "4", "--duration", "3.5", "--versions", ",".join(versions))

    result, partly = together(run("2.0.1", "2.1"), run("1.6", "2.1"))
    assert result.status == 1
    assert [line.split(":")[1] for line in result.problems] == [" SIM-0001 (ocpp2.0.1)", " SIM-0002 (ocpp2.1)"]
    assert "does not speak ocpp2.0.1: of the subprotocols offered it chose none" in result.problems[0]
    assert partly.status == 0, "some could connect"
    assert any("SIM-0002 (ocpp2.1): the server does not speak ocpp2.1" in line for line in partly.lines)


@asynccontextmanager
async def only_16():
    async def handle(connection) -> None:
        await connection.wait_closed()

    def select(connection, offered) -> str | None:
        return OCPP16 if OCPP16 in offered else None

    async with serve(handle, "127.0.0.1", 0, select_subprotocol=select) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def test_a_password_lets_in_and_another_does_not(tmp_path):
    (tmp_path / "password").write_bytes(b"sixteen letters!\r\nand more")

    async def run(*arguments: str) -> Ended:
        def check(name: str, password: str) -> bool:
            return name == "SIM-0001" and password == "sixteen letters!"

        async def handle(connection) -> None:
            await connection.wait_closed()

        auth = basic_auth(check_credentials=lambda name, password: _later(check(name, password)))
        async with serve(handle, "127.0.0.1", 0, subprotocols=[OCPP16], process_request=auth) as server:
            url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            return await fleet(url, "--stations", "1", "--versions", "1.6", "--duration", "3.5", *arguments)

    right = run("--password-file", str(tmp_path / "password"))
    nothing, wrong, right = together(run(), run("--password", "another"), right)
    for refused in (nothing, wrong):
        assert refused.status == 1
        assert "HTTP 401, it wants another password" in refused.problems[0]
    assert (right.status, right.problems) == (0, [])


async def _later(value: bool) -> bool:
    return value


@needs_openssl
def test_tls_trusts_whom_it_is_told_to(tmp_path):
    certificate = Certificate(tmp_path, "server", "ecdsa")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate_file, certificate.key_file)

    async def run(*arguments: str) -> Ended:
        async def handle(connection) -> None:
            await connection.wait_closed()

        async with serve(handle, "127.0.0.1", 0, subprotocols=[OCPP16], ssl=context) as server:
            url = f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            return await fleet(url, "--stations", "1", "--versions", "1.6", "--duration", "3.5", *arguments)

    strict, careless, told = together(run(), run("--insecure"), run("--tls", str(certificate.certificate_file)))
    assert strict.status == 1
    assert "certificate is not trusted" in strict.problems[0]
    assert (careless.status, told.status) == (0, 0)
