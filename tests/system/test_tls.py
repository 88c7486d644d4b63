"""Stations that connect with TLS (security profile 2), seen from outside: Python's and OpenSSL's own clients."""

import asyncio
import base64
import contextlib
import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.certificates import Certificate, client_context, common_name, needs_openssl
from tests.system.process import DEADLINE_S, GatewayProcess, environment, free_ports, rows
from tests.system.stations import event_201, meter_values_16, start_16, stop_16

pytestmark = needs_openssl

HANDSHAKE_TIMEOUT_S = 2

SILENT = 30

PASSWORD = "0123456789abcdef"
STATIONS = ("CP16", "CP201")

SUITES = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": "ecdsa",
    "ECDHE-ECDSA-AES256-GCM-SHA384": "ecdsa",
    "ECDHE-RSA-AES128-GCM-SHA256": "rsa",
    "ECDHE-RSA-AES256-GCM-SHA384": "rsa",
    "AES128-GCM-SHA256": "rsa",
    "AES256-GCM-SHA384": "rsa",
}
"""Suites of TLS 1.2 in OpenSSL's words, the last two being TLS_RSA_WITH_AES_*, and which certificate serves them."""


class TlsGateway(GatewayProcess):
    """A gateway with a TLS port beside the plain one, or in its place."""

    def __init__(self, folder, certificates: list[Certificate], **sections: Any) -> None:
        (self.tls_port,) = free_ports(1)
        self.certificates = certificates
        super().__init__(folder, **sections)

    def configure(self, **sections: Any) -> None:
        super().configure(**{**sections, "tls": {"port": self.tls_port}})
        with self.config_file.open("a") as file:
            file.writelines(certificate.toml() for certificate in self.certificates)

    def secure_url(self, identity: str) -> str:
        return f"wss://127.0.0.1:{self.tls_port}/ocpp/{identity}"

    def handshakes(self, result: str) -> float:
        return self.metrics()[f'handshakes_total{{result="{result}"}}']

    def connect(self, identity: str, version: str = "ocpp1.6", password: str | None = PASSWORD, **how: Any) -> connect:
        headers = {} if password is None else {"Authorization": f"Basic {basic(identity, password)}"}
        return connect(
            self.secure_url(identity),
            subprotocols=[version],
            additional_headers=headers,
            ssl=client_context(*self.certificates),
            ping_interval=None,
            proxy=None,
            open_timeout=DEADLINE_S,
            **how,
        )


def basic(identity: str, password: str) -> str:
    return base64.b64encode(f"{identity}:{password}".encode()).decode()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> list[Certificate]:
    folder = tmp_path_factory.mktemp("certificates")
    return [Certificate(folder, "ecdsa", "ecdsa"), Certificate(folder, "rsa", "rsa")]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, certificates) -> Iterator[TlsGateway]:
    folder = tmp_path_factory.mktemp("gateway")
    credentials = folder / "credentials"
    credentials.write_text("".join(credentials_line(station) for station in STATIONS))
    gateway = TlsGateway(
        folder,
        certificates,
        listener={"handshake_timeout_s": HANDSHAKE_TIMEOUT_S},
        stations={"credentials": "basic", "credentials_file": str(credentials)},
        authorisation={"mode": "accept_all"},
    )
    try:
        gateway.start()
        yield gateway
    finally:
        gateway.end()


def credentials_line(station: str) -> str:
    command = [sys.executable, "-m", "gateway", "hash-password", station]
    return subprocess.run(
        command, input=PASSWORD, env=environment(), capture_output=True, text=True, check=True, timeout=DEADLINE_S
    ).stdout


@contextlib.contextmanager
def secured(gateway: TlsGateway, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    """A connection after the handshake of TLS, and before that of WebSocket."""
    with (
        socket.create_connection(("127.0.0.1", gateway.tls_port), timeout=DEADLINE_S) as connection,
        context.wrap_socket(connection, server_hostname="127.0.0.1") as wrapped,
    ):
        yield wrapped


def s_client(gateway: TlsGateway, *options: str) -> str:
    """What `openssl s_client` says of a connection that it ends at once."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.tls_port}", *options]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE_S)
    return done.stdout + done.stderr


def tls_failures(gateway: TlsGateway) -> list[str]:
    """The reasons of the handshakes of TLS that failed, as they were logged."""
    return [line["reason"] for line in gateway.log() if line.get("result") == "tls_failed"]


async def call(station: ClientConnection, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    await station.send(json.dumps([2, action, action, payload]))
    answer = json.loads(await station.recv())
    assert answer[:2] == [3, action]
    return answer[2]


# Protocols, suites and certificates


@pytest.mark.parametrize(("suite", "kind"), SUITES.items())
def test_tls_12_is_served_with_each_suite_and_the_certificate_that_fits_it(gateway, suite, kind):
    context = client_context(*gateway.certificates, ciphers=suite)
    with secured(gateway, context) as connection:
        assert connection.version() == "TLSv1.2"
        assert connection.cipher()[0] == suite
        assert common_name(connection) == kind


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES128-GCM-SHA256", "AES256-GCM-SHA384"])
def test_openssl_sees_the_suites_of_the_profile(gateway, suite):
    assert f"Cipher is {suite}" in s_client(gateway, "-tls1_2", "-cipher", suite)


def test_tls_13_is_what_a_modern_client_gets(gateway):
    with secured(gateway, client_context(*gateway.certificates)) as connection:
        assert connection.version() == "TLSv1.3"


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_older_tls_is_refused(gateway, version):
    failed = len(tls_failures(gateway))
    said = s_client(gateway, version, "-cipher", "ALL:@SECLEVEL=0")
    assert "Cipher is (NONE)" in said
    gateway.wait_until(lambda: len(tls_failures(gateway)) > failed, "the failure is logged")
    assert tls_failures(gateway)[-1] == "UNSUPPORTED_PROTOCOL"


@pytest.mark.parametrize("suite", ["AES128-SHA", "ECDHE-RSA-AES128-SHA256"])
def test_suites_without_authenticated_encryption_are_refused(gateway, suite):
    failed = len(tls_failures(gateway))
    with pytest.raises(ssl.SSLError), secured(gateway, client_context(ciphers=suite)):
        pass
    gateway.wait_until(lambda: len(tls_failures(gateway)) > failed, "the failure is logged")
    assert tls_failures(gateway)[-1] == "NO_SHARED_CIPHER"


# Stations


@pytest.mark.parametrize("password", [None, "fedcba9876543210"])
def test_without_the_right_password_a_station_is_refused(gateway, password):
    async def scenario() -> None:
        with pytest.raises(InvalidStatus) as refused:
            await gateway.connect("CP16", password=password)
        assert refused.value.response.status_code == 401

    asyncio.run(scenario())


def test_a_password_of_the_plain_port_is_one_of_the_tls_port(gateway):
    async def scenario() -> None:
        headers = {"Authorization": f"Basic {basic('CP16', PASSWORD)}"}
        async with connect(gateway.url("CP16"), subprotocols=["ocpp1.6"], additional_headers=headers, proxy=None):
            pass

    asyncio.run(scenario())


def test_whole_sessions_of_both_versions_are_answered_and_stored(gateway):
    async def session_16() -> None:
        async with gateway.connect("CP16") as station:
            boot = {"chargePointVendor": "V", "chargePointModel": "M"}
            assert (await call(station, "BootNotification", boot))["status"] == "Accepted"
            transaction = (await call(station, "StartTransaction", start_16(100)))["transactionId"]
            await call(station, "MeterValues", meter_values_16(transaction, 150))
            await call(station, "StopTransaction", stop_16(transaction, 200))

    async def session_201() -> None:
        async with gateway.connect("CP201", "ocpp2.0.1") as station:
            boot = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}
            assert (await call(station, "BootNotification", boot))["status"] == "Accepted"
            for seq_no, value in enumerate((300, 350, 400, 450, 500)):
                await call(station, "TransactionEvent", event_201("T1", seq_no, value))

    async def scenario() -> None:
        await asyncio.gather(session_16(), session_201())

    asyncio.run(scenario())
    gateway.wait_until_stored()
    stored = rows(gateway.store_file, "SELECT station, value FROM reading ORDER BY value")
    assert stored == [*(("CP16", value) for value in (100, 150, 200)), *(("CP201", 300 + 50 * i) for i in range(5))]


def test_compression_works_inside_tls(gateway):
    async def scenario() -> None:
        async with gateway.connect("CP16") as station:
            assert [extension.name for extension in station.protocol.extensions] == ["permessage-deflate"]
            assert gateway.metrics()["connections_deflate"] == 1

    asyncio.run(scenario())


def test_a_long_message_in_many_records_arrives(gateway):
    async def scenario() -> None:
        async with gateway.connect("CP16", compression=None) as station:
            await call(station, "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
            answer = await call(station, "DataTransfer", {"vendorId": "V", "data": "x" * 100_000})
            assert "status" in answer

    asyncio.run(scenario())


# Peers that do not finish


def test_silent_peers_hold_up_nobody_and_are_cut_after_the_deadline(gateway):
    timeouts = gateway.handshakes("timeout")
    with contextlib.ExitStack() as stack:
        hello = client_hello()
        peers = [stack.enter_context(socket.create_connection(("127.0.0.1", gateway.tls_port))) for _ in range(SILENT)]
        for index, peer in enumerate(peers):
            peer.sendall(hello[: len(hello) * index // SILENT])
        asyncio.run(come_and_go(gateway))
        for peer in peers:
            peer.settimeout(DEADLINE_S)
            with contextlib.suppress(ConnectionError):
                while peer.recv(4096):
                    pass
    gateway.wait_until(lambda: gateway.handshakes("timeout") == timeouts + SILENT, "the timeouts are counted")


def test_tls_without_a_request_has_the_same_deadline(gateway):
    timeouts = gateway.handshakes("timeout")
    with secured(gateway, client_context(*gateway.certificates)) as connection:
        connection.sendall(b"GET /ocpp/CP16 HTTP/1.1\r\n")
        began = time.monotonic()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while connection.recv(4096):
                pass
        assert time.monotonic() - began < DEADLINE_S
    gateway.wait_until(lambda: gateway.handshakes("timeout") == timeouts + 1, "the timeout is counted")


def test_a_peer_that_leaves_in_the_handshake_is_forgotten(gateway):
    abandoned = gateway.handshakes("abandoned")
    with socket.create_connection(("127.0.0.1", gateway.tls_port)) as peer:
        peer.sendall(client_hello()[:40])
    gateway.wait_until(lambda: gateway.handshakes("abandoned") == abandoned + 1, "it is counted")


def test_http_without_tls_is_refused(gateway):
    failed = gateway.handshakes("tls_failed")
    with socket.create_connection(("127.0.0.1", gateway.tls_port), timeout=DEADLINE_S) as peer:
        peer.sendall(b"GET /ocpp/CP16 HTTP/1.1\r\nHost: x\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while peer.recv(4096):
                pass
    gateway.wait_until(lambda: gateway.handshakes("tls_failed") == failed + 1, "the failure is counted")


def client_hello() -> bytes:
    """The first message of a handshake of TLS."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context().wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


async def come_and_go(gateway: TlsGateway) -> None:
    async with gateway.connect("CP16") as station:
        await station.ping()


# TLS only, and the end


def test_with_tls_only_there_is_no_plain_port_and_a_stop_closes_each_station(tmp_path, certificates):
    async def scenario() -> None:
        async with gateway.connect("CP1", password=None) as station:
            gateway.interrupt()
            with pytest.raises(ConnectionClosed):
                await station.recv()
            assert station.close_code == 1012

    gateway = TlsGateway(tmp_path, certificates, listener={"plain": False})
    try:
        gateway.start()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", gateway.port), timeout=DEADLINE_S)
        asyncio.run(scenario())
        assert gateway.wait() == 0
        (started,) = (line for line in gateway.log() if line["event"] == "started")
        assert started["stations_url"] == gateway.secure_url("")
    finally:
        gateway.end()
