"""Facts about foreign stations: npm's `ocpp-rpc` and `ocpp-ws-io`, which hold every message against its schema."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.node_station import MISSING, NodeStation, install, node_station
from tests.system.process import PROJECT, GatewayProcess, environment, rows, running

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")

CLIENTS = ("ocpp-rpc", "ocpp-ws-io")
VERSIONS = ("ocpp1.6", "ocpp2.0.1")
STATIONS = [(client, version) for client in CLIENTS for version in VERSIONS]

TOKEN = "04A2B3C4D5E680"
PASSWORD = "correct-horse-battery"

CHARGE_WH = {"ocpp1.6": 300, "ocpp2.0.1": 400}
"""The energy of each charge: 100 Wh from one meter value to the next, in 2.x at the begin and the end, too."""


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("npm"))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("gateway")
    hashed = [hashed_password(identity_of(*station)) for station in STATIONS]
    (folder / "credentials").write_text("".join(hashed))
    (folder / "tokens.toml").write_text(f'[[token]]\nid = "{TOKEN}"\n')
    sections = {
        "stations": {"unknown": "reject", "credentials": "basic", "credentials_file": "credentials", "strict": True},
        "authorisation": {"token_file": "tokens.toml"},
    }
    with running(folder, **sections) as gateway:
        yield gateway
        assert [event for event in gateway.log() if event["level"] == "error"] == []


@pytest.fixture(scope="module", params=STATIONS, ids="-".join)
def station(
    request: pytest.FixtureRequest, gateway: GatewayProcess, scripts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NodeStation]:
    """A station that has booted and charged once. In the end it has found no fault, and all it measured is stored."""
    client, version = request.param
    identity = identity_of(client, version)
    options = {
        "client": client,
        "version": version,
        "endpoint": gateway.url("").removesuffix("/"),
        "identity": identity,
        "password": PASSWORD,
        "token": TOKEN,
    }
    with node_station(scripts, tmp_path_factory.mktemp("station"), **options) as station:
        yield station
        counted = station.leave()
    assert counted["faults"] == []
    gateway.wait_until_stored()
    of_station = f"station = '{identity}'"
    ((stored,),) = rows(gateway.store_file, f"SELECT count(*) FROM reading WHERE {of_station}")
    registers = 2 * counted["calls"].get("StartTransaction", 0)
    assert stored - registers == counted["samples"]
    assert rows(gateway.store_file, f"SELECT * FROM raw_message WHERE {of_station}") == []


def identity_of(client: str, version: str) -> str:
    return f"{client}-{version}".upper()


def hashed_password(identity: str) -> str:
    """Return a line of the credentials file, as an operator makes it."""
    command = [sys.executable, "-m", "gateway", "hash-password", identity]
    return subprocess.run(
        command, input=PASSWORD, capture_output=True, text=True, check=True, env=environment(), cwd=PROJECT
    ).stdout


def transactions(gateway: GatewayProcess, station: NodeStation) -> list[tuple[object, ...]]:
    gateway.wait_until_stored()
    columns = "id_token, energy_wh, ended_at IS NOT NULL, missing_seq_nos, stopped_reason"
    query = f"SELECT {columns} FROM charging_transaction WHERE station = '{station.identity}' ORDER BY started_at"
    return rows(gateway.store_file, query)


def test_the_charge_that_a_station_began_itself_is_stored_whole(gateway: GatewayProcess, station: NodeStation) -> None:
    assert transactions(gateway, station)[0] == (TOKEN, CHARGE_WH[station.version], 1, "[]", "Local")
