"""Facts about /metrics and the admin port as Prometheus and others on the network see them."""

import asyncio
import random
import re
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest

from tests.system.process import DEADLINE_S, GatewayProcess, running
from tests.system.stations import CHARGE, VERSIONS, Ledger, Station

TOKEN = "0123456789abcdef0123456789abcdef"


async def charge_once(gateway: GatewayProcess) -> None:
    """Let a station of each version be heard."""
    enough = asyncio.Event()
    enough.set()
    for version in VERSIONS:
        station = Station(version, version, gateway.url(version), Ledger(), random.Random(1))
        await station.boot()
        await CHARGE[version](station, enough)
        await station.close()


def test_promtool_finds_nothing_to_say(tmp_path):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on PATH (Debian package prometheus)")
    with running(tmp_path, authorisation={"mode": "accept_all"}) as gateway:
        asyncio.run(charge_once(gateway))
        page = gateway.get("/metrics")[1]
    checked = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_no_label_names_a_station_a_transaction_or_a_token(tmp_path):
    with running(tmp_path, authorisation={"mode": "accept_all"}) as gateway:
        asyncio.run(charge_once(gateway))
        page = gateway.get("/metrics")[1].decode()
    labels = set(re.findall(r'[{,](\w+)="', page))
    ours = set(re.findall(r'[{,](\w+)="', "\n".join(re.findall(r"^ocpp_gateway_.*", page, re.MULTILINE))))
    assert ours <= {
        "version",
        "action",
        "outcome",
        "result",
        "reason",
        "reader",
        "kind",
        "deviation",
        "quirk",
        "mode",
        "state",
        "ending",
        "event",
        "le",
    }, labels
    for said in ("TAG", "ocpp2.0.1/1"):
        assert said not in page


def asked(host: str, port: int, path: str, **headers: str) -> int:
    request = urllib.request.Request(f"http://{host}:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


@pytest.mark.parametrize("path", ["/metrics", "/livez", "/readyz"])
def test_health_and_metrics_need_no_token(tmp_path, path):
    (tmp_path / "token").write_text(TOKEN)
    with running(tmp_path, admin={"host": "0.0.0.0", "token_file": str(tmp_path / "token")}) as gateway:
        assert asked("127.0.0.1", gateway.admin_port, path) == 200


def test_off_loopback_everything_else_needs_the_token(tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    with running(tmp_path, admin={"host": "0.0.0.0", "token_file": str(tmp_path / "token")}) as gateway:
        port = gateway.admin_port
        for path in ("/", "/api/v1/stations", "/api/v1/stations/CP1", "/metrics/", "//metrics", "/no-such-thing"):
            assert asked("127.0.0.1", port, path) == 401, path
            assert asked("127.0.0.1", port, path, Authorization=f"Bearer {TOKEN}x") == 401, path
        assert asked("127.0.0.1", port, "/api/v1/stations", Authorization=f"Bearer {TOKEN}") == 200
