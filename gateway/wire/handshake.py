"""The server's side of the opening handshake, without its socket (RFC 6455 section 4.2, OCPP-J 1.6 section 3)."""

import base64
import binascii
import logging
import re
from collections.abc import Callable, Collection, Sequence
from typing import Final
from urllib.parse import unquote_to_bytes

from msgspec import Struct
from websockets.exceptions import NegotiationError
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.http11 import Request as HTTPRequest
from websockets.http11 import Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

HEAD_BYTES_MAX: Final = 16 * 1024
"""Most bytes of a request with all of its headers. Stations send below 1 KiB, proxies add cookies and traces; it bounds
what one unknown peer can hold of our memory before it has said who it is."""

IDENTITY_CHARACTERS_MAX: Final = 255
"""Longest identity of any version. 1.6 sets no limit; its ChargeBoxIdentity has at most 20 characters in practice."""

IDENTITY_CHARACTERS_MAX_2: Final = 48
"""Longest identity in OCPP 2.x (2.0.1 Part 4, section 3.1.1)."""

USER_AGENT_CHARACTERS_MAX: Final = 128
"""What is kept of a User-Agent header; it is for people who look at a station, nothing depends on it."""

SUBPROTOCOLS_MAX: Final = 16
"""Most subprotocols one station may offer; the standards define six."""

_DEFLATE: Final = (ServerPerMessageDeflateFactory(server_no_context_takeover=True, client_no_context_takeover=True),)
"""Nobody keeps a context, so that a connection needs no memory for compression: a server may impose that on itself and
on any client, whatever it offered (RFC 7692 section 7.1.1). A window for us is accepted, none is imposed on the client.
"""

_AUTHENTICATE: Final = 'Basic realm="OCPP", charset="UTF-8"'
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_IDENTIFIER_STRING: Final = re.compile(r"[A-Za-z0-9*\-_=+|@.]+")

_quiet: Final = logging.getLogger("gateway.wire.handshake")
_quiet.setLevel(logging.CRITICAL)
"""For websockets, which would log each refusal: the caller counts and logs them with what it knows."""


class HandshakeError(Exception):
    """The peer's request is refused: send `response`, then close the connection. `status` is that of HTTP."""

    def __init__(self, status: int, reason: str, response: bytes) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason
        self.response = response


class Request(Struct, frozen=True):
    """Who wants to connect, and how. Nothing of it is verified.

    `identity` is the last path segment, percent-decoded; None at the echo path. `subprotocols` are in the station's
    order. `credentials` are the raw bytes of Basic authentication, `identity:password` (a 1.6 password need not be
    UTF-8), or None if there are none. `user_agent` is printable and cut to USER_AGENT_CHARACTERS_MAX.
    """

    identity: str | None
    subprotocols: tuple[str, ...]
    credentials: bytes | None
    user_agent: str | None


class Handshake:
    """One opening handshake: `receive` until it returns a Request, then `accept` or `refuse` it.

    After the Request nothing more may be received before the answer; `rest` has the bytes behind the request's head: a
    station may send its first frame at once.

    `path_prefix` is what stands before the identity in the path, such as `/ocpp`; it may be empty. At `echo_path`, if
    there is one, no identity is asked for. `deflate` says whether permessage-deflate is accepted where it is offered.
    """

    __slots__ = ("_accepted", "_echo_path", "_head", "_offered", "_path_start", "_protocol", "rest")

    def __init__(self, path_prefix: str, *, echo_path: str | None = None, deflate: bool = False) -> None:
        self._path_start = path_prefix.rstrip("/") + "/"
        self._echo_path = echo_path
        self._offered: tuple[str, ...] = ()
        self._protocol = ServerProtocol(
            select_subprotocol=self._note_offer(), extensions=_DEFLATE if deflate else None, logger=_quiet
        )
        self._head = bytearray()
        self._accepted: Response | None = None
        self.rest = b""

    def receive(self, data: bytes) -> Request | None:
        """Return the request once it is complete, None while more bytes are needed.

        Raises HandshakeError for what is no WebSocket request (400, 405, 426, 431, 505), another path (404), an
        identity that no station can have (400) and an Authorization header that cannot be read (401).
        """
        assert self._accepted is None, "the request has been received"
        known = len(self._head)
        self._head += data
        end = self._head.find(b"\r\n\r\n", max(0, known - 3))
        size = len(self._head) if end < 0 else end + 4
        if size > HEAD_BYTES_MAX:
            raise self._error(431, f"The request is longer than {HEAD_BYTES_MAX} bytes")
        self._protocol.receive_data(bytes(self._head[known:size]))
        if self._protocol.handshake_exc is not None:
            raise self._unreadable()
        if end < 0:
            return None
        self.rest = bytes(self._head[size:])
        (http_request,) = self._protocol.events_received()
        assert isinstance(http_request, HTTPRequest)
        response = self._protocol.accept(http_request)
        if response.status_code != 101:
            raise HandshakeError(response.status_code, str(self._protocol.handshake_exc), response.serialize())
        self._accepted = response
        return self._request(http_request)

    def accept(self, subprotocol: str | None) -> bytes:
        """Return the 101 response. `subprotocol` is one that was offered, as `choose_subprotocol` returns it.

        With None in common the response has no such header, and the caller then closes with 1002 (OCPP-J 1.6
        section 3.3, 2.0.1 Part 4 section 3.1.2).
        """
        assert self._accepted is not None, "there is no request to accept"
        assert subprotocol is None or subprotocol in self._offered, "a server selects among what was offered"
        if subprotocol is not None:
            self._accepted.headers["Sec-WebSocket-Protocol"] = subprotocol
        return self._accepted.serialize()

    @property
    def deflate_window_bits(self) -> int | None:
        """Largest window that we may compress with (as the power of two), None without permessage-deflate."""
        for extension in self._protocol.extensions:
            if isinstance(extension, PerMessageDeflate):
                return extension.local_max_window_bits
        return None

    def refuse(self, status: int, text: str, *, retry_after_s: int | None = None) -> bytes:
        """Return a response with an HTTP error status and `text` as its body; 401 asks for Basic authentication."""
        response = self._protocol.reject(status, text + "\n")
        if status == 401:
            response.headers["WWW-Authenticate"] = _AUTHENTICATE
        if retry_after_s is not None:
            response.headers["Retry-After"] = str(retry_after_s)
        return response.serialize()

    def _note_offer(self) -> Callable[[ServerProtocol, Sequence[Subprotocol]], None]:
        """Return what keeps the offer; it selects nothing, because the caller does so later."""

        def note_offer(_protocol: ServerProtocol, offered: Sequence[Subprotocol]) -> None:
            if len(offered) > SUBPROTOCOLS_MAX:
                raise NegotiationError(f"more than {SUBPROTOCOLS_MAX} subprotocols")
            self._offered = tuple(offered)

        return note_offer

    def _request(self, http_request: HTTPRequest) -> Request:
        authorizations = http_request.headers.get_all("Authorization")
        user_agents = http_request.headers.get_all("User-Agent")
        return Request(
            identity=self._identity(http_request.path),
            subprotocols=self._offered,
            credentials=self._credentials(authorizations),
            user_agent=_printable(user_agents[0]) if user_agents else None,
        )

    def _identity(self, target: str) -> str | None:
        """Return the identity in a request target; it may be absolute and have a query (RFC 9112 section 3.2)."""
        path = re.sub(r"^(?:https?|wss?)://[^/?#]*", "", target, flags=re.IGNORECASE)
        path = re.split(r"[?#]", path, maxsplit=1)[0]
        if path == self._echo_path:
            return None
        segment = path.removeprefix(self._path_start)
        if not path.startswith(self._path_start) or "/" in segment:
            raise self._error(404, "There is nothing at this path")
        if _BAD_ESCAPE.search(segment):
            raise self._error(400, "The identity is not percent-encoded")
        try:
            identity = unquote_to_bytes(segment).decode()
        except UnicodeDecodeError:
            raise self._error(400, "The identity is not UTF-8") from None
        if problem := identity_problem(identity, None):
            raise self._error(400, f"The identity {problem}")
        return identity

    def _credentials(self, authorizations: list[str]) -> bytes | None:
        """Return what Basic authentication carries (RFC 7617), None without it; other schemes are not ours to read."""
        if not authorizations:
            return None
        if len(authorizations) > 1:
            raise self._error(401, "There is more than one Authorization header")
        scheme, _, token = authorizations[0].partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            return base64.b64decode(token.strip(" ").encode(), validate=True)
        except binascii.Error:
            raise self._error(401, "The credentials are not Base64") from None

    def _error(self, status: int, reason: str) -> HandshakeError:
        return HandshakeError(status, reason, self.refuse(status, reason))

    def _unreadable(self) -> HandshakeError:
        """Return the refusal of what is no HTTP request; websockets answers only some of them."""
        answer = b"".join(self._protocol.data_to_send())
        if not answer:
            return self._error(400, "This is not an HTTP request for a WebSocket")
        return HandshakeError(int(answer[9:12]), str(self._protocol.handshake_exc), answer)


def choose_subprotocol(offered: Sequence[str], supported: Collection[str]) -> str | None:
    """Return the first of the station's offers that is supported, exactly as it spelled it, or None.

    Offers are compared without regard to case, as some stations write `OCPP1.6`; `supported` is in lower case. The
    answer must repeat the station's own spelling, for it compares by its own rules (RFC 6455 section 4.1).
    """
    return next((name for name in offered if name.lower() in supported), None)


def is_version_2(subprotocol: str | None) -> bool:
    """Whether a subprotocol, in whatever case, is one of OCPP 2.x, whose identities follow rules of their own."""
    return subprotocol is not None and subprotocol.lower().startswith("ocpp2")


def identity_problem(identity: str, subprotocol: str | None) -> str | None:
    """Return what forbids this identity (the rest of a sentence that names it), or None if nothing does.

    Without a subprotocol and for 1.6 only what no version can mean is refused: nothing at all, a path, what people
    cannot see. 2.x allows at most 48 characters of identifierString without ":" (2.0.1 Part 4 section 3.1.1).
    """
    if not identity:
        return "is empty"
    if len(identity) > IDENTITY_CHARACTERS_MAX:
        return f"is longer than {IDENTITY_CHARACTERS_MAX} characters"
    if identity in (".", "..") or "/" in identity or not identity.isprintable():
        return "is a path or holds characters that are not printable"
    if is_version_2(subprotocol):
        if len(identity) > IDENTITY_CHARACTERS_MAX_2:
            return f"is longer than {IDENTITY_CHARACTERS_MAX_2} characters"
        if not _IDENTIFIER_STRING.fullmatch(identity):
            return "holds characters other than letters, digits and * - _ = + | @ ."
    return None


def _printable(text: str) -> str:
    """Return the start of what a peer says of itself, fit to be shown."""
    return "".join(character if character.isprintable() else "?" for character in text[:USER_AGENT_CHARACTERS_MAX])
