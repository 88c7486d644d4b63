"""Certificates, and TLS on the listener (uvloop only, as in production)."""

import asyncio
import contextlib
import gc
import json
import shutil
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from weakref import ref

import pytest
from websockets.asyncio.client import ClientConnection, connect

from gateway.io import heap, listener
from gateway.io.listener import TURNED_AWAY_MAX
from gateway.io.tls import CertificateError, CertificatePair, empty_context, serve_certificates
from tests.certificates import Certificate, client_context, common_name, needs_openssl
from tests.core import said
from tests.core.station_bench import OCPP16
from tests.hot.client_frames import client_frame
from tests.io.test_listener import HEARTBEAT, TEXT, Yard, boot, listening, on_uvloop, until

pytestmark = needs_openssl

UPGRADE = (
    b"GET /ocpp/CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
)


class Drawer:
    """Certificates by name, each made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[str, Certificate] = {}

    def __call__(self, name: str, key: str, password: str | None = None) -> Certificate:
        if name not in self.made:
            self.made[name] = Certificate(self.folder, name, key, password)
        return self.made[name]


@pytest.fixture(scope="module")
def drawer(tmp_path_factory) -> Drawer:
    return Drawer(tmp_path_factory.mktemp("certificates"))


def pair(certificate: Certificate, key: Certificate | None = None) -> CertificatePair:
    return CertificatePair(certificate.certificate_file, (key or certificate).key_file)


def served(context: ssl.SSLContext, client: ssl.SSLContext) -> str:
    """The common name that a client is shown, in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1"),
        context.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(5):
        for end in ends:
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return common_name(ends[0])


# Certificates


def test_an_ecdsa_and_an_rsa_certificate_are_served_side_by_side(drawer):
    ecdsa, rsa = drawer("ecdsa", "ecdsa"), drawer("rsa", "rsa")
    context = empty_context()
    assert serve_certificates(context, [pair(rsa), pair(ecdsa)]) == ("RSA", "ECDSA")
    for suite, certificate in (("ECDHE-ECDSA-AES256-GCM-SHA384", ecdsa), ("AES128-GCM-SHA256", rsa)):
        assert served(context, client_context(certificate, ciphers=suite)) == certificate.name


def test_a_live_context_serves_the_new_certificate_after_a_reload(drawer):
    old, new = drawer("old", "ecdsa"), drawer("new", "ecdsa")
    context = empty_context()
    serve_certificates(context, [pair(old)])
    assert served(context, client_context(old, new)) == "old"
    serve_certificates(context, [pair(new)])
    assert served(context, client_context(old, new)) == "new"


def test_a_reload_that_fails_changes_nothing(drawer):
    old, new, rsa = drawer("old", "ecdsa"), drawer("new", "ecdsa"), drawer("rsa", "rsa")
    context = empty_context()
    serve_certificates(context, [pair(old)])
    for wrong in ([pair(new), pair(rsa, old)], [pair(new, old)], [pair(new), pair(old)]):
        with pytest.raises(CertificateError):
            serve_certificates(context, wrong)
        assert served(context, client_context(old, new)) == "old"


@pytest.mark.parametrize(
    ("certificate", "key", "field", "text"),
    [
        ("ecdsa.pem", "new.key", "key_file", "is not the key of"),
        ("ecdsa.pem", "rsa.key", "key_file", "is not the key of"),
        ("rsa.pem", "ecdsa.key", "key_file", "is not the key of"),
        ("locked.pem", "locked.key", "key_file", "is encrypted"),
        ("weak.pem", "weak.key", "certificate_file", "key too small"),
        ("none", "rsa.key", "certificate_file", "cannot be read: No such file or directory"),
        ("rsa.pem", "none", "key_file", "cannot be read: No such file or directory"),
        (".", "rsa.key", "certificate_file", "cannot be read: Is a directory"),
        ("rsa.key", "rsa.key", "certificate_file", "holds no certificate in PEM"),
        ("rsa.pem", "rsa.pem", "key_file", "holds no private key in PEM"),
        ("torn.pem", "rsa.key", "certificate_file", "cannot be served"),
    ],
)
def test_a_pair_that_cannot_be_served_is_named(drawer, certificate, key, field, text):
    for name, kind in (("ecdsa", "ecdsa"), ("new", "ecdsa"), ("rsa", "rsa"), ("weak", "weak")):
        drawer(name, kind)
    drawer("locked", "rsa", "secret")
    torn = drawer.folder / "torn.pem"
    torn.write_bytes((drawer.folder / "rsa.pem").read_bytes()[:500])
    good = pair(drawer("ecdsa", "ecdsa"))
    wrong = CertificatePair(drawer.folder / certificate, drawer.folder / key)
    with pytest.raises(CertificateError, match=text) as caught:
        serve_certificates(empty_context(), [good, wrong])
    (problem,) = caught.value.problems
    assert (problem.index, problem.field) == (1, field)


def test_a_second_certificate_of_a_kind_is_refused(drawer):
    with pytest.raises(CertificateError, match="second with an RSA key") as caught:
        serve_certificates(empty_context(), [pair(drawer("rsa", "rsa"))] * 2)
    assert [problem.index for problem in caught.value.problems] == [1]


def test_all_that_is_wrong_with_several_pairs_is_told_at_once(drawer):
    ecdsa, rsa, none = pair(drawer("ecdsa", "ecdsa")), pair(drawer("rsa", "rsa")), drawer.folder / "none"
    wrong = [CertificatePair(none, none), CertificatePair(ecdsa.certificate_file, rsa.key_file), rsa]
    with pytest.raises(CertificateError) as caught:
        serve_certificates(empty_context(), wrong)
    assert [(problem.index, problem.field) for problem in caught.value.problems] == [
        (0, "certificate_file"),
        (0, "key_file"),
        (1, "key_file"),
    ]


def test_nobody_is_asked_for_a_password_at_the_terminal(drawer, capfd):
    locked = drawer("locked", "rsa", "secret")
    with pytest.raises(CertificateError):
        serve_certificates(empty_context(), [pair(locked)])
    assert capfd.readouterr() == ("", "")


# The listener


@contextlib.asynccontextmanager
async def listening_with_tls(drawer: Drawer, **settings: object) -> AsyncIterator[tuple[Yard, ssl.SSLContext]]:
    """A listener whose only known address is one with TLS, and what its clients need."""
    certificate = drawer("ecdsa", "ecdsa")
    context = empty_context()
    serve_certificates(context, [pair(certificate)])
    async with listening(**settings) as yard:
        yard.address = await yard.listener.start("127.0.0.1", 0, backlog=100, context=context)
        yield yard, client_context(certificate)


def station(yard: Yard, client: ssl.SSLContext, identity: str = "CP1") -> connect:
    url = f"wss://127.0.0.1:{yard.address[1]}/ocpp/{identity}"
    return connect(url, ssl=client, subprotocols=[OCPP16], ping_interval=None, proxy=None)


def test_what_follows_the_handshake_at_once_is_not_lost(drawer):
    """A client of TLS 1.3 may send its first bytes with the end of its handshake."""

    @on_uvloop
    async def story():
        async with listening_with_tls(drawer) as (yard, client):
            for _ in range(20):
                reader, writer = await asyncio.open_connection(*yard.address, ssl=client)
                writer.write(UPGRADE + client_frame(TEXT, HEARTBEAT))
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
                assert (await reader.readexactly(2))[0] == 0x80 | TEXT
                writer.close()

    story()


def test_bytes_that_come_before_the_handshake_begins_are_not_lost(drawer):
    """Many clients at once, so that their first bytes are there before they are accepted."""

    @on_uvloop
    async def story():
        async with listening_with_tls(drawer) as (yard, client):
            stations = await asyncio.gather(*(station(yard, client, f"CP{number}") for number in range(40)))
            assert yard.handshakes == {"accepted": 40}
            await asyncio.gather(*(one.close() for one in stations))

    story()


def test_half_finished_handshakes_take_places_and_no_more_than_there_are(drawer):
    @on_uvloop
    async def story():
        async with listening_with_tls(drawer, connections_max=2) as (yard, _):
            peers = [await asyncio.open_connection(*yard.address) for _ in range(2 + TURNED_AWAY_MAX)]
            await until(lambda: yard.listener.connections == 2 + TURNED_AWAY_MAX)
            reader, writer = await asyncio.open_connection(*yard.address)
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            assert yard.handshakes == {"full": 1}
            for _, one in [*peers, (reader, writer)]:
                one.close()
            await until(lambda: yard.listener.connections == 0)

    story()


def test_a_drain_cuts_off_who_is_still_in_the_handshake_of_tls(drawer):
    @on_uvloop
    async def story():
        async with listening_with_tls(drawer) as (yard, _):
            reader, writer = await asyncio.open_connection(*yard.address)
            writer.write(b"\x16\x03\x01")
            await until(lambda: yard.listener.connections == 1)
            await yard.listener.drain(closes_per_s=1000, grace_s=5)
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            assert yard.handshakes == {"draining": 1}
            writer.close()

    story()


def test_a_second_call_waits_for_the_first_answer_inside_tls(drawer):
    @on_uvloop
    async def story():
        async with listening_with_tls(drawer) as (yard, client), station(yard, client) as one:
            await boot(one)
            yard.journal.holds = True
            await one.send(json.dumps([2, "a", "MeterValues", said.meter_values_16()]))
            await one.send(json.dumps([2, "b", "Heartbeat", {}]))
            await until(lambda: yard.bench.registry.get("CP1").session._held)
            yard.journal.commit()
            assert [json.loads(await one.recv())[1] for _ in range(2)] == ["a", "b"]

    story()


def test_a_connection_with_tls_that_ended_is_freed_without_a_search_for_cycles(drawer):
    @on_uvloop
    async def story():
        async with listening_with_tls(drawer) as (yard, client):
            gc.disable()
            try:
                async with station(yard, client) as one:
                    await boot(one)
                    (connection,) = map(ref, yard.listener.open)
                await until(lambda: connection() is None)
                reader, writer = await asyncio.open_connection(*yard.address)
                await until(lambda: yard.listener.handshaking)
                (handshaking,) = map(ref, yard.listener.handshaking)
                writer.close()
                await until(lambda: handshaking() is None)
                del reader
            finally:
                gc.enable()

    story()


def test_the_files_may_go_once_they_are_loaded(drawer, tmp_path):
    certificate = drawer("ecdsa", "ecdsa")
    copies = CertificatePair(tmp_path / "a.pem", tmp_path / "a.key")
    shutil.copy(certificate.certificate_file, copies.certificate_file)
    shutil.copy(certificate.key_file, copies.key_file)
    context = empty_context()
    serve_certificates(context, [copies])
    copies.certificate_file.unlink()
    copies.key_file.unlink()
    assert served(context, client_context(certificate)) == "ecdsa"


def test_long_messages_in_both_directions_at_once_arrive_whole(drawer):
    @on_uvloop
    async def story():
        limits = {"message_bytes_max": 2_000_000}
        async with listening_with_tls(drawer, echo_path="/echo", web_socket=limits) as (yard, client):
            url = f"wss://127.0.0.1:{yard.address[1]}/echo"
            async with connect(url, ssl=client, max_size=None, compression=None, proxy=None) as peer:
                messages = [bytes([number]) * (number * 100_000) for number in range(1, 20)]
                sending = asyncio.create_task(send_all(peer, messages))
                for message in messages:
                    assert await peer.recv() == message
                await sending

    story()


async def send_all(peer: ClientConnection, messages: list[bytes]) -> None:
    for message in messages:
        await peer.send(message)


@pytest.mark.parametrize(("with_tls", "trims"), [(True, 3), (False, 0)])
def test_memory_is_given_back_after_every_so_many_connections_with_tls(drawer, monkeypatch, with_tls, trims):
    given_back: list[None] = []
    monkeypatch.setattr(heap, "trim", lambda: given_back.append(None))
    monkeypatch.setattr(listener, "TRIM_EVERY", 2)

    @on_uvloop
    async def story():
        if with_tls:
            async with listening_with_tls(drawer) as (yard, client):
                for _ in range(6):
                    async with station(yard, client):
                        pass
                await until(lambda: yard.disconnects == {"closed_by_station": 6})
        else:
            async with listening() as yard:
                for _ in range(6):
                    async with yard.connect():
                        pass
                await until(lambda: yard.disconnects == {"closed_by_station": 6})

    story()
    assert len(given_back) == trims
