"""Facts about foreign stations: npm's `ocpp-rpc` and `ocpp-ws-io`, which hold every message against its schema."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from gateway.wire.versions import VERSIONS as VERSIONS_OF_GATEWAY
from tests.certificates import Certificate, needs_openssl
from tests.system.node_station import MISSING, NodeStation, install, node_station
from tests.system.process import DEADLINE_S, PROJECT, GatewayProcess, environment, rows, running
from tests.system.test_tls import TlsGateway
from tests.wire.schema_oracle import GOOD_DATE_TIMES, Maker, read_messages

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")

CLIENTS = ("ocpp-rpc", "ocpp-ws-io")
VERSIONS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")
STATIONS = [(client, version) for client in CLIENTS for version in VERSIONS]
STATIONS_2X = [(client, version) for client, version in STATIONS if version != "ocpp1.6"]

REQUESTS = {
    (message.version, message.action): message.schema for message in read_messages() if message.role == "request"
}

TOKEN = "04A2B3C4D5E680"
TOKENS = f'[[token]]\nid = "{TOKEN}"\n'
PASSWORD = "correct-horse-battery"

SECTIONS: dict[str, dict[str, object]] = {
    "stations": {"unknown": "reject", "credentials": "basic", "credentials_file": "credentials", "strict": True},
    "authorisation": {"token_file": "tokens.toml"},
}
"""Of the configuration: the files stand beside it."""

Call = Callable[..., "Answered"]
"""`call(action, payload)`."""

CHARGE_WH = {"ocpp1.6": 300, "ocpp2.0.1": 400, "ocpp2.1": 400}
"""The energy of each charge: 100 Wh from one meter value to the next, in 2.x at the begin and the end, too."""


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("npm"))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("gateway")
    hashed = [hashed_password(identity) for identity in ("GONE", *(identity_of(*station) for station in STATIONS))]
    (folder / "credentials").write_text("".join(hashed))
    (folder / "tokens.toml").write_text(TOKENS)
    with running(folder, **SECTIONS) as gateway:
        yield gateway
        assert [event for event in gateway.log() if event["level"] == "error"] == []


@pytest.fixture(scope="module", params=STATIONS, ids="-".join)
def station(
    request: pytest.FixtureRequest, gateway: GatewayProcess, scripts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NodeStation]:
    """A station that has booted and charged once. In the end it has found no fault, and all it measured is stored."""
    client, version = request.param
    identity = identity_of(client, version)
    options = options_of(gateway, client, version, identity)
    with node_station(scripts, tmp_path_factory.mktemp("station"), **options) as station:
        yield station
        counted = station.leave()
    assert counted["faults"] == []
    assert counted["extensions"] == "permessage-deflate"
    gateway.wait_until_stored()
    of_station = f"station = '{identity}'"
    ((stored,),) = rows(gateway.store_file, f"SELECT count(*) FROM reading WHERE {of_station}")
    registers = 2 * counted["calls"].get("StartTransaction", 0)
    assert stored - registers == counted["samples"]
    assert rows(gateway.store_file, f"SELECT * FROM raw_message WHERE {of_station}") == []


def identity_of(client: str, version: str) -> str:
    return f"{client}-{version}".upper()


def options_of(gateway: GatewayProcess, client: str, version: str, identity: str) -> dict[str, str]:
    """Return what a station is started with."""
    return {
        "client": client,
        "version": version,
        "endpoint": gateway.url("").removesuffix("/"),
        "identity": identity,
        "password": PASSWORD,
        "token": TOKEN,
    }


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


class Answered(NamedTuple):
    """The gateway's answer to one POST."""

    status: int
    body: dict[str, Any]

    @property
    def outcome(self) -> tuple[int, str]:
        return self.status, self.body.get("outcome", "")


def post(gateway: GatewayProcess, identity: str, action: str, payload: object, timeout_s: float = 20.0) -> Answered:
    """Have the gateway call a station."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{gateway.admin_port}/api/v1/stations/{identity}/calls/{action}?timeout_s={timeout_s:g}",
        data=json.dumps(payload).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout_s + DEADLINE_S) as answer:
            return Answered(answer.status, json.load(answer))
    except urllib.error.HTTPError as error:
        with error:
            assert error.headers.get_content_type() == "application/problem+json"
            return Answered(error.code, json.load(error))


@pytest.fixture
def call(gateway: GatewayProcess, station: NodeStation) -> Call:
    """Call the station."""
    return partial(post, gateway, station.identity)


def is_16(station: NodeStation) -> bool:
    return station.version == "ocpp1.6"


def remote_start(station: NodeStation, token: str) -> tuple[str, dict[str, Any]]:
    if is_16(station):
        return "RemoteStartTransaction", {"connectorId": 1, "idTag": token}
    id_token = {"idToken": token, "type": "ISO14443"}
    return "RequestStartTransaction", {"evseId": 1, "remoteStartId": 11, "idToken": id_token}


def remote_stop(station: NodeStation, transaction: str) -> tuple[str, dict[str, Any]]:
    if is_16(station):
        return "RemoteStopTransaction", {"transactionId": int(transaction)}
    return "RequestStopTransaction", {"transactionId": transaction}


def smallest_request(version: str, action: str) -> Any:
    """Return a request with nothing but what is required. Foreign validators know `format: uri`, ours does not."""
    return plain(Maker(REQUESTS[version, action], Random(action)).payload(0.0))


def plain(value: Any) -> Any:
    match value:
        case dict():
            uris = {name: "https://example.org/" for name in ("location", "url", "remoteLocation") if name in value}
            return {name: plain(inner) for name, inner in value.items()} | uris
        case list():
            return [plain(inner) for inner in value]
        case str() if value in GOOD_DATE_TIMES:
            return "2030-01-01T00:00:00Z"
    return value


def variable(name: str, **more: str) -> dict[str, Any]:
    return {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": name}, **more}


def test_the_charge_that_a_station_began_itself_is_stored_whole(gateway: GatewayProcess, station: NodeStation) -> None:
    assert transactions(gateway, station)[0] == (TOKEN, CHARGE_WH[station.version], 1, "[]", "Local")


def test_a_charge_is_started_and_stopped_from_afar(gateway: GatewayProcess, station: NodeStation, call: Call) -> None:
    assert call(*remote_start(station, TOKEN)) == (200, {"outcome": "accepted", "response": {"status": "Accepted"}})
    transaction = station.expect("started")["transaction"]
    assert call(*remote_stop(station, transaction)).outcome == (200, "accepted")
    assert station.expect("stopped")["transaction"] == transaction
    assert transactions(gateway, station)[-1] == (TOKEN, CHARGE_WH[station.version], 1, "[]", "Remote")


def test_what_a_station_declines_is_a_conflict_with_its_own_answer(station: NodeStation, call: Call) -> None:
    answer = call(*remote_start(station, "STRANGER"))
    assert answer.outcome == (409, "rejected")
    assert answer.body["response"] == {"status": "Rejected"}


def test_a_station_sends_what_it_is_asked_to_send(gateway: GatewayProcess, station: NodeStation, call: Call) -> None:
    readings = f"SELECT count(*) FROM reading WHERE station = '{station.identity}'"
    gateway.wait_until_stored()
    ((before,),) = rows(gateway.store_file, readings)
    assert call("TriggerMessage", {"requestedMessage": "MeterValues"}).outcome == (200, "accepted")
    assert station.expect("triggered") == {"message": "MeterValues"}
    gateway.wait_until_stored()
    assert rows(gateway.store_file, readings) == [(before + 2,)]


def test_settings_are_changed_and_read_back(station: NodeStation, call: Call) -> None:
    if is_16(station):
        changed = call("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "77"})
        unknown = call("ChangeConfiguration", {"key": "Unheard", "value": "1"})
        read = call("GetConfiguration", {"key": ["HeartbeatInterval", "Unheard"]}).body["response"]
        assert read == {
            "configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "77"}],
            "unknownKey": ["Unheard"],
        }
    else:
        changed = call("SetVariables", {"setVariableData": [variable("HeartbeatInterval", attributeValue="77")]})
        unknown = call("SetVariables", {"setVariableData": [variable("Unheard", attributeValue="1")]})
        asked = [variable("HeartbeatInterval"), variable("Unheard")]
        first, second = call("GetVariables", {"getVariableData": asked}).body["response"]["getVariableResult"]
        assert (first["attributeValue"], second["attributeStatus"]) == ("77", "UnknownVariable")
    assert (changed.outcome, unknown.outcome) == ((200, "accepted"), (409, "rejected"))


@pytest.mark.parametrize("station", STATIONS_2X, ids="-".join, indirect=True)
def test_a_report_in_parts_follows_the_answer(gateway: GatewayProcess, station: NodeStation, call: Call) -> None:
    assert call("GetBaseReport", {"requestId": 5, "reportBase": "FullInventory"}).outcome == (200, "accepted")
    assert station.expect("reported") == {"requestId": 5, "parts": 3}
    gateway.wait_until_stored()
    told = f"FROM device_variable WHERE station = '{station.identity}' AND component LIKE 'Part_'"
    assert rows(gateway.store_file, f"SELECT component, count(value) {told} GROUP BY component ORDER BY component") == [
        ("Part0", 2),
        ("Part1", 2),
        ("Part2", 2),
    ]


def test_calls_that_cross_are_both_answered(station: NodeStation, call: Call) -> None:
    answer = call("GetLocalListVersion", {})
    assert answer == (
        200,
        {"outcome": "accepted", "response": {"listVersion" if is_16(station) else "versionNumber": 7}},
    )


def test_an_error_of_the_station_is_told_in_its_words(station: NodeStation, call: Call) -> None:
    answer = call("ClearCache", {})
    assert answer.outcome == (502, "call_error")
    assert answer.body["error_code"] == "InternalError"


def test_a_call_without_an_answer_ends_in_time_and_the_next_is_sent(station: NodeStation, call: Call) -> None:
    if is_16(station):
        silent = call("GetDiagnostics", {"location": "ftp://example.org/"}, timeout_s=0.5)
    else:
        log = {"remoteLocation": "ftp://example.org/"}
        silent = call("GetLog", {"logType": "DiagnosticsLog", "requestId": 6, "log": log}, timeout_s=0.5)
    assert silent.outcome == (504, "timeout")
    assert silent.body["sent"] is True
    assert call("GetLocalListVersion", {}).outcome == (200, "accepted")


def test_nobody_knows_of_a_call_whose_line_was_lost_and_the_next_is_sent_on_the_new_one(
    station: NodeStation, call: Call
) -> None:
    lost = call("UnlockConnector", {"connectorId": 1} if is_16(station) else {"evseId": 1, "connectorId": 1})
    assert lost.outcome == (504, "unknown")
    station.expect("returned")
    assert call("GetLocalListVersion", {}).outcome == (200, "accepted")


def test_calls_at_the_same_time_reach_the_station_one_after_the_other(station: NodeStation, call: Call) -> None:
    """That none came before the one before it was answered is among the faults that the station would tell."""
    with ThreadPoolExecutor(8) as pool:
        sent = [str(number) for number in range(24)]
        answers = pool.map(lambda text: call("DataTransfer", {"vendorId": "org.example", "data": text}), sent)
        assert [answer.body["response"] for answer in answers] == [
            {"status": "Accepted", "data": text} for text in sent
        ]


def test_long_messages_travel_compressed_both_ways(station: NodeStation, call: Call) -> None:
    """That the extension was agreed on is told when the station leaves."""
    text = " ".join(map(str, range(1000)))
    answer = call("DataTransfer", {"vendorId": "org.example", "data": text})
    assert answer.body["response"] == {"status": "Accepted", "data": text}


def test_every_call_that_a_gateway_may_send_is_valid_to_a_strict_client(station: NodeStation, call: Call) -> None:
    """The client holds a request against its schema before it asks the station, which supports nothing of the kind."""
    others = VERSIONS_OF_GATEWAY[station.version].to_station.keys() - set(station.supported)
    assert len(others) > 10
    for action in sorted(others):
        answer = call(action, smallest_request(station.version, action))
        assert answer.outcome == (502, "call_error"), (action, answer)
        assert answer.body["error_code"] == "NotSupported", (action, answer)


def test_a_station_that_is_reset_boots_again_and_takes_calls(station: NodeStation, call: Call) -> None:
    assert call("Reset", {"type": "Soft" if is_16(station) else "Immediate"}).outcome == (200, "accepted")
    station.expect("booted")
    assert call("GetLocalListVersion", {}).outcome == (200, "accepted")


@pytest.mark.parametrize(
    ("action", "payload", "status"),
    [
        ("Reset", {"type": "Warm"}, 422),
        ("Reset", {}, 422),
        ("Reset", {"type": "Hard", "unheard": 1}, 422),
        ("MakeCoffee", {}, 404),
        ("BootNotification", {}, 404),
    ],
)
def test_what_no_station_could_take_is_not_sent(call: Call, action: str, payload: dict[str, Any], status: int) -> None:
    """A strict client would find fault with it, and the station with an action that it does not know."""
    answer = call(action, payload)
    assert answer.status == status
    assert "outcome" not in answer.body


def test_a_station_that_is_not_connected_is_offline(gateway: GatewayProcess, scripts: Path, tmp_path: Path) -> None:
    identity = "GONE"
    with node_station(scripts, tmp_path, **options_of(gateway, "ocpp-rpc", "ocpp1.6", identity)) as station:
        assert station.leave()["faults"] == []
    gateway.wait_until(lambda: post(gateway, identity, "ClearCache", {}).outcome == (503, "offline"), "it is offline")
    assert post(gateway, "NEVER-SEEN", "ClearCache", {}).status == 404


@needs_openssl
@pytest.mark.parametrize(("client", "version"), [("ocpp-rpc", "ocpp1.6"), ("ocpp-ws-io", "ocpp2.1")])
def test_a_station_charges_over_tls(scripts: Path, tmp_path: Path, client: str, version: str) -> None:
    """Security profile 2. Node takes the gateway's certificate for its own sake, and checks the address in it."""
    certificate = Certificate(tmp_path, "gateway", "ecdsa")
    (tmp_path / "credentials").write_text(hashed_password("SECURE"))
    (tmp_path / "tokens.toml").write_text(TOKENS)
    gateway = TlsGateway(tmp_path, [certificate], **SECTIONS)
    try:
        gateway.start()
        options = options_of(gateway, client, version, "SECURE")
        options["endpoint"] = gateway.secure_url("").removesuffix("/")
        with node_station(scripts, tmp_path, certificate.certificate_file, **options) as station:
            assert station.leave()["faults"] == []
            assert transactions(gateway, station) == [(TOKEN, CHARGE_WH[version], 1, "[]", "Local")]
    finally:
        gateway.end()
