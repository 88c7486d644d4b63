"""TLS for stations: OCPP security profile 2 (1.6 security whitepaper; 2.0.1 Part 2, functional block A)."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20:AES128-GCM-SHA256:AES256-GCM-SHA384"
"""What TLS 1.2 may use, best first. The last two (TLS_RSA_WITH_AES_*_GCM) have no forward secrecy, but OCPP demands
them for stations that know no other; Python's default leaves them out. TLS 1.3 has suites of its own, which stay on."""

PROOFS: Final = {"ECDSA": "ECDHE-ECDSA-AES128-GCM-SHA256", "RSA": "AES128-GCM-SHA256"}
"""For each kind of key that OCPP demands a suite that cannot be served without such a key."""

PROOF_TURNS_MAX: Final = 10
"""Turns of a handshake in memory; TLS 1.2 takes three."""


READ_BYTES_MAX: Final = 32 * 1024
"""Encrypted bytes taken in ahead while a station is not read; uvloop's own limit is 256 KiB."""


class CertificatePair(Struct, frozen=True):
    """Two PEM files: a certificate with the chain behind it, and its private key."""

    certificate_file: Path
    key_file: Path


class CertificateProblem(Struct, frozen=True):
    """Why a pair cannot be served. `index` says which, `field` which of its files, `text` what is wrong with that."""

    index: int
    field: str
    text: str


class CertificateError(Exception):
    """Pairs cannot be served. `problems` has at least one for each of them."""

    def __init__(self, problems: Sequence[CertificateProblem]) -> None:
        super().__init__("; ".join(problem.text for problem in problems))
        self.problems = tuple(problems)


def empty_context() -> ssl.SSLContext:
    """Return a context for servers of TLS 1.2 and newer that has no certificate yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context


def serve_certificates(context: ssl.SSLContext, pairs: Sequence[CertificatePair]) -> tuple[str, ...]:
    """Serve `pairs` to all who connect from now on, and return the kinds of their keys; open connections stay.

    Raises CertificateError for all that cannot be read, does not fit together or is the second of its kind; then
    nothing has changed. A kind that was served and is not in `pairs` any more is served on, with its last certificate.
    """
    kinds: list[str] = []
    problems: list[CertificateProblem] = []
    for index, pair in enumerate(pairs):
        try:
            kinds.append(_kind(pair, index, kinds))
        except CertificateError as error:
            problems.extend(error.problems)
    if problems:
        raise CertificateError(problems)
    for index, pair in enumerate(pairs):
        _load(context, pair, index)
    return tuple(kinds)


def _kind(pair: CertificatePair, index: int, others: Sequence[str]) -> str:
    """Return the kind of the key of `pair`. Raises CertificateError, also for one that is among `others`."""
    probe = empty_context()  # a key that does not fit would leave a live context broken
    _load(probe, pair, index)
    kind = next((kind for kind, suite in PROOFS.items() if _serves(probe, suite)), None)
    if kind is None:
        raise _wrong(index, "certificate_file", f"is for a key that is not {' or '.join(PROOFS)}")
    if kind in others:
        raise _wrong(index, "certificate_file", f"is the second with an {kind} key; one can be served")
    return kind


def _wrong(index: int, field: str, text: str) -> CertificateError:
    return CertificateError([CertificateProblem(index, field, text)])


def _load(context: ssl.SSLContext, pair: CertificatePair, index: int) -> None:
    contents = (
        ("certificate_file", _wrong_content(pair.certificate_file, b"-----BEGIN CERTIFICATE-----", "certificate")),
        ("key_file", _wrong_content(pair.key_file, b"PRIVATE KEY-----", "private key")),
    )
    if problems := [CertificateProblem(index, field, text) for field, text in contents if text]:
        raise CertificateError(problems)
    try:
        context.load_cert_chain(pair.certificate_file, pair.key_file, password=_refuse_to_type)
    except _PasswordNeededError:
        raise _wrong(index, "key_file", "is encrypted, and nobody is there to type its password") from None
    except ssl.SSLError as error:
        if error.reason in ("KEY_VALUES_MISMATCH", "NO_CERTIFICATE_ASSIGNED"):
            raise _wrong(index, "key_file", f"is not the key of {pair.certificate_file}") from None
        reason = (error.reason or "it is damaged").replace("_", " ").lower()
        raise _wrong(index, "certificate_file", f"cannot be served with {pair.key_file}: {reason}") from None


def _wrong_content(file: Path, marker: bytes, noun: str) -> str:
    """Return of a file what OpenSSL would not say: that it cannot be read, or is something else; empty if neither."""
    try:
        content = file.read_bytes()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return "" if marker in content else f"holds no {noun} in PEM"


class _PasswordNeededError(Exception):
    """A private key is encrypted."""


def _refuse_to_type() -> str:
    """Take the place of OpenSSL's own question, at a terminal that may not be there."""
    raise _PasswordNeededError


def _serves(context: ssl.SSLContext, suite: str) -> bool:
    """Whether a client that knows this suite of TLS 1.2 only is served; tried out in memory."""
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname = False
    client_context.verify_mode = ssl.CERT_NONE  # it is we who speak to ourselves
    client_context.maximum_version = ssl.TLSVersion.TLSv1_2
    client_context.set_ciphers(suite)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(PROOF_TURNS_MAX):
        try:
            if _is_done(client) & _is_done(server):
                return True
        except ssl.SSLError:
            return False
    return False


def _is_done(end: ssl.SSLObject) -> bool:
    """Go on with a handshake as far as it goes. Raises SSLError if it fails."""
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def start_tls(
    transport: asyncio.Transport,
    protocol: asyncio.Protocol,
    context: ssl.SSLContext,
    *,
    handshake_timeout_s: float,
    shutdown_timeout_s: float,
    done: Callable[[asyncio.Transport | OSError], None],
) -> None:
    """Do the server's part of a handshake on a connection just made; call it from `connection_made`.

    `done` gets the transport for `protocol` before any of its data, or the error. After an error `protocol` may be told
    of the loss too. ConnectionAbortedError is the timeout.
    """
    starting = asyncio.get_running_loop().start_tls(
        transport,
        protocol,
        context,
        server_side=True,
        ssl_handshake_timeout=handshake_timeout_s,
        ssl_shutdown_timeout=shutdown_timeout_s,
    )
    # Taken to its only await here and now. A task would begin a turn of the loop later, when the first bytes of the
    # peer may have gone to `protocol` already, and would cost more.
    waiter = starting.send(None)
    waiter.add_done_callback(partial(_finish_tls, starting, done))


def _finish_tls(
    starting: Coroutine[Any, Any, asyncio.Transport | None],
    done: Callable[[asyncio.Transport | OSError], None],
    _waiter: "asyncio.Future[None]",
) -> None:
    """Take the coroutine to its end, where it raises if the handshake failed."""
    try:
        starting.send(None)
    except StopIteration as returned:
        secured: asyncio.Transport | None = returned.value
    except OSError as error:
        done(error.with_traceback(None))  # which leads here, and from here to the future that holds the error: a cycle
        return
    if secured is None or secured.is_closing():  # cut meanwhile, which uvloop takes for a success
        done(ConnectionResetError())
        return
    secured.set_read_buffer_limits(high=READ_BYTES_MAX)  # type: ignore[attr-defined]
    done(secured)
