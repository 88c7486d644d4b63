"""OCPP-J on the station's side: the messages as JSON arrays, and the socket that carries them."""

import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol, TypeAlias
from urllib.parse import quote

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus, InvalidURI
from websockets.headers import build_authorization_basic
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

CALL, CALL_RESULT, CALL_ERROR, CALL_RESULT_ERROR, SEND = 2, 3, 4, 5, 6

MESSAGE_BYTES_MAX = 256 * 1024
"""Largest message taken from a server: a local list or a charging profile is far below."""

HANDSHAKE_TIMEOUT_S = 30.0
"""A server that is being reconnected by its whole fleet answers late, but it answers."""

CLOSE_TIMEOUT_S = 2.0

EXAMPLE_URL = "ws://127.0.0.1:9000/ocpp"


class LinkLost(Exception):  # noqa: N818 - an event, named as websockets names ConnectionClosed
    """There is no connection (any more)."""


class BadUrl(ValueError):  # noqa: N818 - what a caller gave
    """A text that is no address of a WebSocket server."""


class MalformedMessage(ValueError):  # noqa: N818
    """What came is no OCPP-J message."""


class Message(NamedTuple):
    """A received message. `action` is the code in an error and empty in a CALLRESULT."""

    kind: int
    message_id: str
    action: str
    payload: dict[str, Any]


class Socket(Protocol):
    """A connection to the server. Every method but `abort` raises LinkLost once it is gone."""

    async def send(self, text: bytes) -> None:
        """Send one text message in UTF-8."""

    async def receive(self) -> bytes:
        """The next text message."""

    async def close(self) -> None:
        """Close in good order. Raises nothing."""

    def abort(self) -> None:
        """Let it go as a broken cable does. Raises nothing."""


Dial: TypeAlias = Callable[[str, str], Awaitable[Socket]]
"""Connect the station of this identity with this subprotocol. Raises LinkLost."""


def encode_call(message_id: str, action: str, payload: bytes) -> bytes:
    """A CALL (OCPP-J 4.2.1) with a payload that is encoded already."""
    return msgspec.json.encode((CALL, message_id, action, msgspec.Raw(payload)))


def encode_result(message_id: str, payload: dict[str, Any]) -> bytes:
    """A CALLRESULT (OCPP-J 4.2.2)."""
    return msgspec.json.encode((CALL_RESULT, message_id, payload))


def encode_error(message_id: str, code: str, description: str) -> bytes:
    """A CALLERROR (OCPP-J 4.2.3) without details."""
    return msgspec.json.encode((CALL_ERROR, message_id, code, description, {}))


def encode_result_error(message_id: str, code: str, description: str) -> bytes:
    """A CALLRESULTERROR (2.1, Part 4 section 4.2.4) without details."""
    return msgspec.json.encode((CALL_RESULT_ERROR, message_id, code, description, {}))


def encode_send(message_id: str, action: str, payload: bytes) -> bytes:
    """A SEND (2.1, Part 4 section 4.2.5), which nobody answers, with a payload that is encoded already."""
    return msgspec.json.encode((SEND, message_id, action, msgspec.Raw(payload)))


def decode(text: bytes) -> Message:
    """The message in `text`. Raises MalformedMessage."""
    try:
        parts = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessage(str(error)) from error
    match parts:
        case [2, str(message_id), str(action), dict() | None as payload]:
            return Message(CALL, message_id, action, payload or {})
        case [3, str(message_id), dict() | None as payload]:
            return Message(CALL_RESULT, message_id, "", payload or {})
        case [4, str(message_id), str(code), *_]:
            return Message(CALL_ERROR, message_id, code, {})
        case [5, str(message_id), str(code), *_]:
            return Message(CALL_RESULT_ERROR, message_id, code, {})
    raise MalformedMessage("no message that a server may send")


class WebSocket:
    """A `Socket` on a websockets connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, text: bytes) -> None:
        """See `Socket.send`."""
        try:
            await self._connection.send(text, text=True)
        except ConnectionClosed as error:
            raise LinkLost(str(error)) from error

    async def receive(self) -> bytes:
        """See `Socket.receive`."""
        try:
            return await self._connection.recv(decode=False)
        except ConnectionClosed as error:
            raise LinkLost(str(error)) from error

    async def close(self) -> None:
        """See `Socket.close`."""
        await self._connection.close()

    def abort(self) -> None:
        """See `Socket.abort`."""
        self._connection.transport.abort()


def dial_websocket(url: str, *, password: str | None = None, tls: ssl.SSLContext | None = None) -> Dial:
    """Connects stations to `url` + "/" + identity, with Basic authentication if there is a `password`.

    No compression: it costs memory per connection on both sides. No pings: they would keep a timer per station.
    """
    base = url.rstrip("/")

    async def dial(identity: str, subprotocol: str) -> Socket:
        headers = Headers()
        if password is not None:
            headers["Authorization"] = build_authorization_basic(identity, password)
        try:
            connection = await connect(
                f"{base}/{quote(identity, safe='')}",
                subprotocols=[Subprotocol(subprotocol)],
                additional_headers=headers,
                user_agent_header=None,
                compression=None,
                proxy=None,
                ssl=tls,
                open_timeout=HANDSHAKE_TIMEOUT_S,
                close_timeout=CLOSE_TIMEOUT_S,
                ping_interval=None,
                max_size=MESSAGE_BYTES_MAX,
            )
        except (OSError, InvalidHandshake) as error:
            raise LinkLost(why_not_connected(error, secure=tls is not None)) from error
        if connection.subprotocol != subprotocol:
            await connection.close()
            chosen = connection.subprotocol or "none"
            raise LinkLost(f"the server does not speak {subprotocol}: of the subprotocols offered it chose {chosen}")
        return WebSocket(connection)

    return dial


def check_url(url: str) -> bool:
    """Whether `url` means TLS. Raises BadUrl, in one line, for what no station can be connected to."""
    if not url.lower().startswith(("ws:", "wss:")):
        raise BadUrl(f"{url!r} is no address of a server: the scheme must be ws or wss, as in {EXAMPLE_URL}")
    try:
        parsed = parse_uri(url)
    except (InvalidURI, ValueError) as error:
        raise BadUrl(f"{url!r} is no address of a server: {getattr(error, 'msg', error)}") from None
    if parsed.query or parsed.username is not None:
        raise BadUrl(f"{url!r} is no address of a server: it must hold neither a query nor a user")
    return parsed.secure


def why_not_connected(error: Exception, *, secure: bool) -> str:
    """One line for a failed attempt to connect, the same for all stations that fail alike. `secure` is that of wss."""
    other_scheme = f"; is it {'ws' if secure else 'wss'}?"
    match error:
        case InvalidStatus():
            status = error.response.status_code
            if status < 400:
                return f"no WebSocket server answers there (HTTP {status})"
            if status == 400 and not secure and b"HTTPS" in error.response.body:
                return f"the server answers HTTP {status}{other_scheme}"
            return f"the server answers HTTP {status}" + STATUS_HINTS.get(status, "")
        case InvalidMessage():
            hung_up = isinstance(error.__cause__, EOFError)  # as a server of TLS does to a client without
            return "no WebSocket server answers there" + (other_scheme if hung_up and not secure else "")
        case ConnectionRefusedError():
            return "nobody listens there (connection refused)"
        case socket.gaierror():
            return "there is no host of this name"
        case ssl.SSLCertVerificationError():
            return f"the server's certificate is not trusted: {error.verify_message}"
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER"):
            return f"no TLS there{other_scheme}"
        case ConnectionResetError():
            return f"the server hangs up during the handshake{other_scheme}"
        case ssl.SSLError():
            return f"no TLS: {error.reason or error}"
        case TimeoutError():
            return f"no answer to the handshake within {HANDSHAKE_TIMEOUT_S:.0f} s"
        case OSError():
            return error.strerror or type(error).__name__
    return " ".join(str(error).split())


STATUS_HINTS = {
    400: ", perhaps it does not speak this version",
    401: ", it wants another password",
    403: ", it forbids this station",
    404: ", it knows no such station or nothing at this path",
}
"""What the status means here (OCPP-J 1.6 section 6.2, 2.x part 4 section 3.2)."""
