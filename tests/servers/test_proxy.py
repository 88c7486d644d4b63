"""Facts about the proxy: a fault that it does not really make would leave the tests of faults without meaning."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.servers.proxy import Proxy, proxied

WAIT_S = 10.0


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A port that sends back what comes."""

    def echo(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while piece := connection.recv(4096):
                connection.sendall(piece)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=echo, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(echo_port: int) -> Iterator[Proxy]:
    with proxied(echo_port) as proxy:
        yield proxy


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=WAIT_S)


def exchange(connection: socket.socket, sent: bytes) -> bytes:
    connection.sendall(sent)
    received = b""
    while len(received) < len(sent):
        piece = connection.recv(4096)
        if not piece:
            raise EOFError(received)
        received += piece
    return received


def test_what_is_sent_arrives_both_ways(proxy):
    with connect(proxy) as connection:
        assert exchange(connection, b"hello" * 10_000) == b"hello" * 10_000
        assert proxy.connections == 1


def test_a_cut_resets_what_is_open_and_lets_new_connections_through(proxy):
    with connect(proxy) as first, connect(proxy) as second:
        exchange(first, b"a")
        exchange(second, b"b")
        assert proxy.cut() == 2
        for connection in (first, second):
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
    with connect(proxy) as third:
        assert exchange(third, b"c") == b"c"


def test_hanging_up_ends_a_connection_in_good_order(proxy):
    with connect(proxy) as connection:
        exchange(connection, b"a")
        proxy.hang_up()
        assert connection.recv(1) == b""


def test_a_stalled_wire_delivers_when_it_goes_on(proxy):
    with connect(proxy) as connection:
        exchange(connection, b"a")
        proxy.stall()
        connection.sendall(b"b")
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        proxy.resume()
        connection.settimeout(WAIT_S)
        assert connection.recv(1) == b"b"


def test_a_swallowed_connection_is_open_and_silent(proxy):
    proxy.swallow()
    with connect(proxy) as connection:
        connection.sendall(b"a")
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    proxy.resume()
    with connect(proxy) as connection:
        assert exchange(connection, b"a") == b"a"


def test_a_connection_to_nobody_is_reset(proxy):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        proxy.target_port = taken.getsockname()[1]
    with pytest.raises(ConnectionResetError), connect(proxy) as connection:
        connection.recv(1)


def test_the_wire_is_cut_after_so_many_bytes():
    arrived = bytearray()
    ended = threading.Event()

    def collect() -> None:
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError):
            while piece := connection.recv(4096):
                arrived.extend(piece)
        ended.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=collect, daemon=True).start()
        with proxied(listening.getsockname()[1]) as proxy:
            proxy.cut_after(10)
            with connect(proxy) as connection:
                connection.sendall(b"0123456789abcdef")
                with pytest.raises(ConnectionResetError):
                    connection.recv(1)
            assert ended.wait(WAIT_S)
            assert arrived == b"0123456789"
            assert not proxy.is_armed
            assert proxy.cuts == 1


@pytest.mark.parametrize("delivered", [True, False])
def test_the_wire_is_cut_at_a_text_even_if_it_comes_in_two_pieces(delivered: bool):
    arrived: list[bytes] = []
    ended = threading.Event()

    def collect() -> None:
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError):
            while piece := connection.recv(4096):
                arrived.append(piece)
                connection.sendall(b".")
        ended.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=collect, daemon=True).start()
        with proxied(listening.getsockname()[1]) as proxy, connect(proxy) as connection:
            proxy.cut_at(b"COMMIT", delivered=delivered)
            connection.sendall(b"BEGIN;COM")
            assert connection.recv(1) == b"."
            connection.sendall(b"MIT;")
            assert ended.wait(WAIT_S)
            assert b"".join(arrived) == (b"BEGIN;COMMIT;" if delivered else b"BEGIN;COM")
            assert not proxy.is_armed
