"""A client that says exactly what a test wants said, byte for byte (RFC 6455), and reads what comes back."""

import base64
import contextlib
import os
import re
import socket
import time
from collections.abc import Iterator

from tests.system.process import DEADLINE_S

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

READ_BYTES = 65536

REFUSED_S = 2.0
"""Time in which a gateway that reads at all takes megabytes."""


class Ended(Exception):
    """The gateway ended the TCP connection, with or without an error."""


class RawClient:
    """A TCP connection to the gateway. Whatever is read has a deadline."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)
        self._received = b""

    def send(self, data: bytes) -> None:
        """Send all of `data`. Raises Ended if nobody takes it any more."""
        try:
            self.socket.sendall(data)
        except ConnectionError as error:
            raise Ended from error

    def send_until_refused(self, data: bytes, most: int) -> int:
        """Send `data` up to `most` times, until the gateway takes no more; return how many times it was taken."""
        self.socket.settimeout(REFUSED_S)
        taken = 0
        try:
            while taken < most:
                self.socket.sendall(data)
                taken += 1
        except (TimeoutError, ConnectionError):
            pass
        finally:
            self.socket.settimeout(DEADLINE_S)
        return taken

    def request(self, target: str, *headers: str, subprotocols: str | None = "ocpp1.6") -> None:
        """Send an opening handshake."""
        lines = [f"GET {target} HTTP/1.1", "Host: gateway", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}", "Sec-WebSocket-Version: 13"]
        if subprotocols is not None:
            lines.append(f"Sec-WebSocket-Protocol: {subprotocols}")
        self.send("\r\n".join([*lines, *headers, "", ""]).encode("latin-1"))

    def response(self) -> tuple[int, dict[str, str]]:
        """Return status and headers, with names in lower case, of the gateway's HTTP response."""
        while b"\r\n\r\n" not in self._received:
            self._receive()
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        matched = re.match(r"HTTP/1\.1 (\d{3}) ", status_line)
        assert matched is not None, status_line
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return int(matched[1]), headers

    def open(self, identity: str = "RAW", subprotocols: str = "ocpp1.6") -> None:
        """Become an open WebSocket."""
        self.request(f"/ocpp/{identity}", subprotocols=subprotocols)
        status, headers = self.response()
        assert (status, headers.get("sec-websocket-protocol")) == (101, subprotocols)

    def send_text(self, text: str | bytes) -> None:
        self.send(frame(TEXT, text.encode() if isinstance(text, str) else text))

    def receive(self) -> tuple[int, bytes]:
        """Return opcode and payload of the gateway's next frame. Raises Ended if there is none."""
        while (parsed := parse(self._received)) is None:
            self._receive()
        opcode, payload, size = parsed
        self._received = self._received[size:]
        return opcode, payload

    def receive_close(self) -> int:
        """Return the code of the gateway's Close frame, which must be the next one, and see the connection end."""
        opcode, payload = self.receive()
        assert opcode == CLOSE, (opcode, payload)
        assert self.read_to_the_end() == b""
        return int.from_bytes(payload[:2], "big")

    def read_to_the_end(self) -> bytes:
        """Return all that comes until the gateway ends the connection."""
        until = time.monotonic() + DEADLINE_S
        with contextlib.suppress(Ended):
            while time.monotonic() < until:
                self._receive()
            raise TimeoutError("the gateway does not end the connection")
        return self._received

    def _receive(self) -> None:
        try:
            data = self.socket.recv(READ_BYTES)
        except ConnectionError as error:
            raise Ended from error
        if not data:
            raise Ended
        self._received += data


@contextlib.contextmanager
def raw(port: int) -> Iterator[RawClient]:
    """A connection that is ended whatever happens."""
    client = RawClient(port)
    try:
        yield client
    finally:
        client.socket.close()


def frame(opcode: int, payload: bytes, *, final: bool = True, masked: bool = True) -> bytes:
    """Return a frame as a client must send it, or not masked, as it must not."""
    key = os.urandom(4)
    return header(opcode, len(payload), final=final, masked=masked) + (key + mask(payload, key) if masked else payload)


def header(opcode: int, length: int, *, final: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """Return the start of a frame, without the key, which claims a payload of `length` bytes."""
    start = bytes([final << 7 | reserved << 4 | opcode])
    if length <= 125:
        return start + bytes([masked << 7 | length])
    if length < 65536:
        return start + bytes([masked << 7 | 126]) + length.to_bytes(2, "big")
    return start + bytes([masked << 7 | 127]) + length.to_bytes(8, "big")


def mask(payload: bytes, key: bytes) -> bytes:
    repeated = key * (len(payload) // 4 + 1)
    return bytes(byte ^ other for byte, other in zip(payload, repeated, strict=False))


def parse(data: bytes) -> tuple[int, bytes, int] | None:
    """Return (opcode, payload, size) of the first frame in what a server sent, None if it is not whole yet."""
    if len(data) < 2:
        return None
    assert data[0] & 0xF0 == 0x80, "a server here sends whole messages, without extensions"
    assert not data[1] & 0x80, "a server masks nothing (RFC 6455 section 5.1)"
    extension = {126: 2, 127: 8}.get(data[1], 0)
    length = int.from_bytes(data[2 : 2 + extension], "big") if extension else data[1]
    end = 2 + extension + length
    return None if len(data) < end else (data[0] & 0x0F, data[2 + extension : end], end)
